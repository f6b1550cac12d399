# ./dev psql [ARGUMENT...]
#
# Open the database of the exchange.
#
# As user exchange on the database exchange; the arguments are psql's.
#
#   ./dev psql
#   ./dev psql -c 'SELECT count(*) FROM outbox_events'
# shellcheck shell=bash disable=SC2154

supervisor_runs || fail "the stack '$stack' is not up" "./dev up starts it"
exec psql -h "$(postgres_folder)" -p "${port[postgres]}" -U exchange -d exchange "$@"
