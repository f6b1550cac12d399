# A stack for the time of a test run, and running the tests of a preset against it.
# shellcheck shell=bash disable=SC2154

test_results() { printf '%s/build/results/%s' "$root" "$1"; }

# testing_stack_begin: servers are up and exported by name; those of a stack that was not up before
# end with this shell. Without --stack the data is made anew, so that each run starts from nothing.
testing_stack_begin() {
    if [[ $stack_named == yes ]]; then
        supervisor_runs || trap testing_stack_end EXIT
    else
        testing_run_lock
        trap testing_stack_end EXIT
        with_stack_lock testing_stack_clear
    fi
    with_stack_lock stack_up postgres kafka s3
    export_test_variables
}

# Two runs in one tree would share the build and the stack.
testing_run_lock() {
    mkdir -p "$(dirname "$stack_data")"
    exec 7>"$(dirname "$stack_data")/$stack.run.lock"
    flock -n 7 && return
    say "another run uses the stack '$stack'; waiting for it to end"
    flock -w 3600 7 || fail "the other run has not ended for an hour"
}

testing_stack_clear() {
    stack_down
    rm -rf "$stack_data"
    stack_select "$stack"
}

testing_stack_end() {
    with_stack_lock stack_down 2>/dev/null || true
}

test_needs_stack() {
    local kind
    [[ ${#test_only[@]} -gt 0 ]] || return 0
    for kind in "${test_only[@]}"; do [[ $kind == unit ]] || return 0; done
    return 1
}

# test_preset PRESET: leaves the results in build/results/PRESET; test_summary reads them.
test_preset() {
    local preset=$1 results
    results=$(test_results "$preset")
    rm -rf "$results"
    mkdir -p "$results/gtest"
    local kind labels=() names=() python=no
    [[ ${#test_only[@]} -gt 0 ]] || python=yes
    for kind in "${test_only[@]}"; do
        case $kind in
            unit | postgres | kafka | s3) labels+=("$kind") ;;
            e2e) python=yes ;;
            *) names+=("$kind"); python=yes ;;
        esac
    done
    local IFS='|'
    if [[ ${#test_only[@]} -eq 0 ]]; then
        test_ctest "$preset" all
    fi
    [[ ${#labels[@]} -eq 0 ]] || test_ctest "$preset" labels -L "^(${labels[*]})\$"
    [[ ${#names[@]} -eq 0 ]] || test_ctest "$preset" names -R "${names[*]}"
    [[ $python == no || $preset != release ]] || test_pytest "$results" "${names[*]}"
}

# test_ctest PRESET PART CTEST_ARGUMENTS…
test_ctest() {
    local preset=$1 part=$2 results status=0
    results=$(test_results "$preset")
    shift 2
    [[ $preset == release ]] || set -- "$@" -E '^tidy$'
    say "running the C++ tests of $preset"
    # The addresses of reports are resolved by the compiler's own symbolizer.
    GTEST_OUTPUT="xml:$results/gtest/" \
        ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1 \
        LSAN_OPTIONS=print_suppressions=0 \
        UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
        TSAN_OPTIONS="second_deadlock_stack=1:suppressions=$root/tools/tsan.supp" \
        ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19 TSAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19 \
        ctest --test-dir "$root/build/$preset" --output-on-failure --no-tests=ignore \
        --output-junit "$results/ctest-$part.xml" -j "$(nproc)" "$@" 7>&- 9>&- || status=$?
    echo "$status" >"$results/ctest-$part.status"
}

# test_pytest RESULTS PATTERN [FOLDER]: the pattern is "a|b" or nothing for every test. Without a
# folder, all tests but those of containers, which want a machine of their own kind.
test_pytest() {
    local results=$1 pattern=$2 status=0 select=() folder=(tests --ignore=tests/containers)
    if [[ -z $(find "$root/tests" -name 'test_*.py' -print -quit 2>/dev/null) ]]; then return; fi
    [[ $# -lt 3 ]] || folder=("$3")
    [[ -z $pattern ]] || select=(-k "${pattern//|/ or }")
    venv_demand tests "$root/tests/requirements.txt"
    promtool_demand
    export EXCHANGE_TEST_PROMTOOL=$promtool EXCHANGE_TEST_PROMETHEUS=$prometheus
    say "running the tests in Python"
    (cd "$root" && "$venv/bin/python" -m pytest "${folder[@]}" --junitxml="$results/pytest.xml" "${select[@]}" 7>&- 9>&-) ||
        status=$?
    # 5 says that none was selected, which is right where tests were chosen by name.
    [[ $status -eq 5 && -n $pattern ]] || echo "$status" >"$results/pytest.status"
}

test_summary() {
    local preset folders=()
    for preset in "$@"; do folders+=("$(test_results "$preset")"); done
    python3 "$root/tools/dev/count.py" "${folders[@]}"
}
