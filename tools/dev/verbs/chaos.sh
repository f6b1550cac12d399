# ./dev chaos [seeds|failpoints|requests] [ARGUMENT...]
#
# Kill and stop processes and servers under load, and check what is left.
#
# seeds, the default: two relays, an ingest, Postgres, Kafka and S3 on a stack of their own. Each
# seed draws settings, load and faults, waits until all is well again, and holds what clients were
# told against Postgres, Kafka and the raw store. Logs of a violated seed: build/results/chaos.
#
# --seeds N      how many seeds; default 20
# --seed S       the first seed; a failing one is told with the command that plays it again
# --minutes M    begin no further seed after so long
#
# The last line says seeds, how often each rare event was met, and violations. The exit status is 0
# only when there are none and, from 40 seeds on, when each rare event was met.
#
# failpoints: a life of one process with a crash, an error or a delay at each named place of the
# code (src/base/failpoint.hpp), one run for each hit.
#
# --hits N       how many hits of each place; default 3
# --site NAME    only this place; repeatable
# --action A     crash, error or delay:MS; repeatable; default all three
#
# requests: messages between the exchange and Postgres, Kafka and S3 (a commit, the end of a
# transaction, a PUT and their answers, among others) dropped, delayed, reset or cut.
#
# --hits N       the first so many of each message; default 3
# --server NAME  kafka, postgres or s3; repeatable; default all three
#
#   ./dev chaos --seeds 200
#   ./dev chaos failpoints --site relay/planned
#   ./dev chaos --seeds 1 --seed 42
# shellcheck shell=bash disable=SC2154

source "$root/tools/dev/lib/testing.sh"

chaos_campaign=seeds
case ${1:-} in
    seeds | failpoints | requests) chaos_campaign=$1; shift ;;
    -*) ;;
    ?*) fail_usage "there is no campaign '$1'" "the campaigns are seeds, failpoints and requests" ;;
esac

chaos_main() {
    venv_demand tests "$root/tests/requirements.txt"
    install_services kafka s3
    build release --target exchange
    [[ $stack_named == yes ]] || stack_select chaos
    testing_stack_begin
    (cd "$root/tests" && "$venv/bin/python" -m "chaos.$chaos_campaign" --results "$(test_results chaos)" "$@" 7>&- 9>&-)
}

chaos_main "$@"
