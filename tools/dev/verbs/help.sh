# ./dev help [VERB]
#
# List the verbs, or explain one.
# shellcheck shell=bash disable=SC2154

help_line() {
    local file=$root/tools/dev/verbs/$1.sh
    printf '  %-34s %s\n' "$(sed -n '1s/^# .\/dev //p' "$file")" "$(sed -n '3s/^# //p' "$file")"
}

help_main() {
    if [[ $# -gt 0 ]]; then
        [[ -f $root/tools/dev/verbs/$1.sh ]] || fail_usage "there is no verb '$1'$(suggest "$1")"
        print_help "$root/tools/dev/verbs/$1.sh"
        return
    fi
    local verb
    printf 'The exchange on this machine, without containers.\n\n'
    for verb in up ps psql demo logs stop start restart down; do help_line "$verb"; done
    printf '\nFor those who change it:\n\n'
    for verb in build test sim chaos soak lint bench package env; do help_line "$verb"; done
    cat <<'END'

./dev VERB --help says more. ./dev --stack NAME VERB works on another set of services than the
usual one, with its own data and its own ports. Services: postgres, kafka (also redpanda),
s3 (also minio), exchange (also ingest-api).
END
}

help_main "$@"
