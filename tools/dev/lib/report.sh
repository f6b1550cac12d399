# What the person at the keyboard reads: talk goes to stderr, data to stdout.
# shellcheck shell=bash disable=SC2154

say() { printf '%s\n' "$*" >&2; }

# fail SENTENCE [REMEDY]…: the one way in which a verb gives up.
fail() {
    printf 'dev: %s\n' "$1" >&2
    shift
    local remedy
    for remedy in "$@"; do printf '     %s\n' "$remedy" >&2; done
    exit 1
}

fail_usage() {
    trap 'exit 2' EXIT
    fail "$@"
}

# logged TITLE LOG COMMAND…: runs the command with its output in the log, and shows the end of the
# log only when it fails.
logged() {
    local title=$1 log=$2 began=$SECONDS
    shift 2
    mkdir -p "$(dirname "$log")"
    say "$title …"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 30 "$log" >&2
        fail "$title: failed" "the whole output is in $log"
    fi
    say "$title: done in $((SECONDS - began)) s"
}

# The leading comment of a verb's file is its help.
print_help() { sed -n '/^#/!q; /shellcheck/!s/^# \{0,1\}//p' "$1"; }

verbs() {
    local file
    for file in "$root"/tools/dev/verbs/*.sh; do basename "$file" .sh; done
}

# suggest WORD: ", did you mean …?" where a verb is close to the word.
suggest() {
    command -v python3 >/dev/null || return 0
    # shellcheck disable=SC2046
    python3 -c '
import difflib, sys
close = difflib.get_close_matches(sys.argv[1], sys.argv[2:], 1, 0.5)
print(f", did you mean ./dev {close[0]}?" if close else "")' "$1" $(verbs)
}
