# ./dev test [--only KIND] [--sanitizers] [--containers]
#
# Run the tests on servers of their own.
#
# Builds the release preset, starts a stack of its own on free ports, runs every test, and stops the
# stack again. A stack that is up with ./dev up is left alone.
#
# --only KIND    unit, postgres, kafka, s3 or e2e; anything else selects tests by name; repeatable
# --sanitizers   the C++ tests under AddressSanitizer with UndefinedBehaviorSanitizer, then under
#                ThreadSanitizer
# --containers   nothing but compose.yaml and compose.scale.yaml, started by Docker Compose on Podman
#                with images that are built here; as root, and some minutes the first time
#
# The last line is "N passed, N failed". A test that is skipped or cannot run counts as failed.
# ./dev --stack NAME test runs on that stack and leaves it as it was found.
#
#   ./dev test
#   ./dev test --only unit --only s3
#   ./dev test --only relay
# shellcheck shell=bash disable=SC2154

source "$root/tools/dev/lib/testing.sh"
source "$root/tools/dev/lib/package.sh"
source "$root/tools/dev/lib/containers.sh"

test_only=()
test_presets=(release)
test_containers=no
while [[ $# -gt 0 ]]; do
    case $1 in
        --only) [[ $# -ge 2 ]] || fail_usage "--only needs a kind of test"; test_only+=("$2"); shift ;;
        --only=*) test_only+=("${1#--only=}") ;;
        --sanitizers) test_presets=(asan tsan) ;;
        --containers) test_containers=yes ;;
        *) fail_usage "usage: ./dev test [--only KIND]… [--sanitizers | --containers]" ;;
    esac
    shift
done

test_main() {
    local preset
    install_services kafka s3
    packages_demand "${text_packages[@]}" "${clock_packages[@]}"
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

test_containers_main() {
    local results
    results=$(test_results containers)
    rm -rf "$results"
    mkdir -p "$results"
    [[ $stack_named == yes ]] || stack_select containers
    testing_run_lock
    containers_begin
    containers_images
    export EXCHANGE_TEST_COMPOSE=$containers_compose EXCHANGE_TEST_IMAGE=$exchange_image
    export EXCHANGE_TEST_DEBIAN=$debian_image
    test_pytest "$results" "$(IFS='|'; echo "${test_only[*]}")" tests/containers
    test_summary containers
}

if [[ $test_containers == yes ]]; then test_containers_main; else test_main; fi
