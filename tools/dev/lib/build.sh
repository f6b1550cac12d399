# Configuring and compiling a preset.
# shellcheck shell=bash disable=SC2154

# build PRESET [CMAKE_BUILD_ARGUMENTS…]
build() {
    local preset=$1 folder=$root/build/$1
    shift
    packages_demand "${build_packages[@]}"
    # The presets' environment reaches only the configuring step, the compiler cache is asked later.
    export CCACHE_SLOPPINESS=pch_defines,time_macros
    # Two builds at once in one folder would take each other's files away.
    mkdir -p "$folder"
    exec 6>"$folder/build.lock"
    flock -n 6 || { say "another ./dev builds $preset; waiting for it"; flock 6; }
    if [[ ! -f $folder/build.ninja ]]; then
        (cd "$root" && logged "configuring $preset" "$folder/configure.log" cmake --preset "$preset")
    fi
    cmake --build "$folder" "$@" 2>&1 | sed -u -e '/^ninja: no work to do/d' -e '/Re-checking globbed/d' >&2 ||
        fail "the build of preset $preset failed" "again: ./dev build $preset"
    exec 6>&-
}
