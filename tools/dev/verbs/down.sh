# ./dev down [--wipe]
#
# Stop everything; --wipe removes the data, too.
# shellcheck shell=bash disable=SC2154

[[ $# -eq 0 || ($# -eq 1 && $1 == --wipe) ]] || fail_usage "usage: ./dev down [--wipe]"

down_main() {
    stack_down
    if [[ ${1:-} == --wipe ]]; then
        rm -rf "$stack_data"
        say "the stack '$stack' is down, its data is removed"
    else
        say "the stack '$stack' is down, its data stays in $stack_data"
    fi
}

with_stack_lock down_main "$@"
