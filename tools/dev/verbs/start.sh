# ./dev start SERVICE...
#
# Start services and wait until they answer.
#
# The stack must be up. Safe to repeat.
#
#   ./dev start kafka
# shellcheck shell=bash disable=SC2154

[[ $# -gt 0 ]] || fail_usage "which service? ${all_services[*]}"
supervisor_runs || fail "the stack '$stack' is not up" "./dev up starts it"
names=()
for name in "$@"; do names+=("$(service_name "$name")"); done
services_start "${names[@]}"
say "running: ${names[*]}"
