# ./dev logs [SERVICE...] [-f]
#
# Print the last lines that the services wrote; -f follows.
# shellcheck shell=bash disable=SC2154

logs_main() {
    local argument name names=() files=() follow=()
    for argument in "$@"; do
        if [[ $argument == -f ]]; then follow=(-F); else names+=("$(service_name "$argument")"); fi
    done
    [[ ${#names[@]} -gt 0 ]] || names=("${all_services[@]}")
    for name in "${names[@]}"; do
        [[ ! -f $stack_data/logs/$name.log ]] || files+=("$stack_data/logs/$name.log")
    done
    [[ ${#files[@]} -gt 0 ]] || fail "no log yet in $stack_data/logs" "./dev up starts the services"
    exec tail -n 100 "${follow[@]}" "${files[@]}"
}

logs_main "$@"
