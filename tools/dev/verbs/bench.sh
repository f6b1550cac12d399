# ./dev bench [--quick] [ARGUMENT...]
#
# Measure the release build against the bars it is held to, on servers of its own.
#
# --quick        shorter runs, in four minutes; without it about eight
# --only NAME    inserts, ingest, serve, acknowledged, visible, backlog or runbook; repeatable
# --help         all that bench/run takes
#
# The outcome is a table and build/results/bench.json. A bar that is missed is not a failure.
# shellcheck shell=bash disable=SC2154

source "$root/tools/dev/lib/testing.sh"

bench_main() {
    [[ -x $root/bench/run ]] || fail "there is no program $root/bench/run"
    packages_demand wrk
    venv_demand tests "$root/tests/requirements.txt"
    if [[ " $* " == *" --help "* ]]; then
        "$venv/bin/python" "$root/bench/run" --help
        return
    fi
    install_services kafka s3
    build release --target exchange insert_rows
    [[ $stack_named == yes ]] || stack_select bench
    export EXCHANGE_KAFKA_JIT=full
    testing_stack_begin
    (cd "$root" && "$venv/bin/python" bench/run "$@" 7>&- 9>&-)
}

bench_main "$@"
