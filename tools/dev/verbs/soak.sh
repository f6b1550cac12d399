# ./dev soak [--records N] [--kills K] [--seed S]
#
# Push a large file while server and client are killed, and count what is left.
#
# On a stack of its own, and under a snapshot of the database that is held throughout. Ends when
# every record is published, and holds the answers that the client noted against Postgres, Kafka and
# the raw store: each record, event and stored byte. Rows that are dead in Postgres are counted too:
# no more than what the kills interrupted.
#
# --records N    default 1,000,000, which takes some minutes
# --kills K      kill -9, of the server and of the client in turn; default 5
# --seed S       of the points of the kills; default 1
#
# The last line says records, seconds and violations. The exit status is 0 only when there are none.
#
#   ./dev soak --records 100000
# shellcheck shell=bash disable=SC2154

source "$root/tools/dev/lib/testing.sh"

soak_main() {
    venv_demand tests "$root/tests/requirements.txt"
    install_services kafka s3
    build release --target exchange
    [[ $stack_named == yes ]] || stack_select soak
    testing_stack_begin
    (cd "$root/tests" && "$venv/bin/python" -m soak.soak "$@" 7>&- 9>&-)
}

soak_main "$@"
