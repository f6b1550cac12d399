# ./dev ps
#
# Show the services, whether they answer, and where.
#
# running   answers                      unready   runs but does not answer
# starting  not long enough to tell      failed    ends whenever it is started
# stopped   by hand, or never started
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
