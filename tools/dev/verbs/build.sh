# ./dev build [PRESET [TARGET...]]
#
# Compile: release (the default), dev, asan or tsan.
# shellcheck shell=bash disable=SC2154

build_main() {
    local preset=${1:-release} target arguments=()
    shift || true
    grep -q "\"name\": \"$preset\"" "$root/CMakePresets.json" || fail_usage "there is no preset '$preset'"
    for target in "$@"; do arguments+=(--target "$target"); done
    build "$preset" "${arguments[@]}"
    say "built: $root/build/$preset"
}

build_main "$@"
