# ./dev stop SERVICE...
#
# Stop services; they stay stopped until start or up.
#
# Waits until they have ended.
#
#   ./dev stop kafka
# shellcheck shell=bash disable=SC2154

[[ $# -gt 0 ]] || fail_usage "which service? ${all_services[*]}"
supervisor_runs || fail "the stack '$stack' is not up" "./dev up starts it"
names=()
for name in "$@"; do names+=("$(service_name "$name")"); done
supervisorctl_quiet stop "${names[@]}" >/dev/null || fail "supervisor could not stop ${names[*]}"
say "stopped: ${names[*]}"
