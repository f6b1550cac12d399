# ./dev ps
#
# The services of the stack: state, process, how long it has run, address.
# States: running, starting, stopped, unready (runs but does not answer), failed (ends when started).
# shellcheck shell=bash disable=SC2154

ps_row() {
    local name=$1 state=$2 pid=$3 up=$4
    case $state in
        RUNNING) state=running && { service_ready "$name" || state=unready; } ;;
        STARTING | BACKOFF) state=starting ;;
        STOPPED | STOPPING | EXITED) state=stopped ;;
        *) state=failed ;;
    esac
    printf '%-9s  %-8s  %7s  %-12s  %s\n' "$name" "$state" "$pid" "$up" "$(service_address "$name")"
}

ps_main() {
    local states name
    states=$(service_states)
    printf '%-9s  %-8s  %7s  %-12s  %s\n' NAME STATE PID UPTIME ADDRESS
    for name in "${all_services[@]}"; do
        [[ $stack == dev || $name != exchange ]] || continue
        read -r -a row < <(grep "^$name " <<<"$states") && ps_row "${row[@]}"
    done
}

ps_main
