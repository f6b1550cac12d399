# ./dev bench [ARGUMENT...]
#
# Measure, on servers of its own.
#
# bench/run says what it takes and measures; it runs on the release build.
# shellcheck shell=bash disable=SC2154

source "$root/tools/dev/lib/testing.sh"

bench_main() {
    [[ -x $root/bench/run ]] || fail "there is no program $root/bench/run"
    install_services kafka s3
    build release
    [[ $stack_named == yes ]] || stack_select bench
    testing_stack_begin
    (cd "$root" && bench/run "$@" 7>&- 9>&-)
}

bench_main "$@"
