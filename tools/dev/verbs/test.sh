# ./dev test [--only KIND] [--sanitizers]
#
# Run the tests on servers of their own.
#
# Builds the release preset, starts a stack of its own on free ports, runs every test, and stops the
# stack again. A stack that is up with ./dev up is left alone.
#
# --only KIND    unit, postgres, kafka, s3 or e2e; anything else selects tests by name; repeatable
# --sanitizers   the C++ tests under AddressSanitizer with UndefinedBehaviorSanitizer, then under
#                ThreadSanitizer
#
# The last line is "N passed, N failed". A test that is skipped or cannot run counts as failed.
# ./dev --stack NAME test runs on that stack and leaves it as it was found.
#
#   ./dev test
#   ./dev test --only unit --only s3
#   ./dev test --only relay
# shellcheck shell=bash disable=SC2154

source "$root/tools/dev/lib/testing.sh"

test_only=()
test_presets=(release)
while [[ $# -gt 0 ]]; do
    case $1 in
        --only) [[ $# -ge 2 ]] || fail_usage "--only needs a kind of test"; test_only+=("$2"); shift ;;
        --only=*) test_only+=("${1#--only=}") ;;
        --sanitizers) test_presets=(asan tsan) ;;
        *) fail_usage "usage: ./dev test [--only KIND]… [--sanitizers]" ;;
    esac
    shift
done

test_main() {
    local preset
    install_services kafka s3
    packages_demand "${text_packages[@]}"
    for preset in "${test_presets[@]}"; do
        build "$preset"
    done
    [[ $stack_named == yes ]] || stack_select test
    if test_needs_stack; then testing_stack_begin; fi
    for preset in "${test_presets[@]}"; do
        test_preset "$preset"
    done
    test_summary "${test_presets[@]}"
}

test_main
