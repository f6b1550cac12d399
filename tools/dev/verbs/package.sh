# ./dev package [--check]
#
# Build the Debian package into build/package.
#
# --check        also lintian, and its whole life on a clean Debian 12 that debootstrap makes and
#                systemd runs in: installed, a record published, upgraded, removed, purged
#
# The version is that of CMakeLists.txt, with Debian's revision 1. The check needs root, for it makes
# namespaces, and runs on a stack of its own; its last line is "N passed, N failed".
#
#   ./dev package
#   sudo ./dev package --check
# shellcheck shell=bash disable=SC2154

source "$root/tools/dev/lib/testing.sh"
source "$root/tools/dev/lib/package.sh"

package_checked=no
for argument in "$@"; do
    case $argument in
        --check) package_checked=yes ;;
        *) fail_usage "usage: ./dev package [--check]" ;;
    esac
done

# The next version brings another default of a file of settings, so that the upgrade has a choice.
package_check() {
    local version=$1 results
    results=$(test_results package)
    packages_demand "${package_check_packages[@]}"
    clean_root_demand
    venv_demand tests "$root/tests/requirements.txt"
    install_services kafka s3
    local checked=$package
    package_build "$version+next" "$root/build/package/next" '# A line that is new.'
    [[ $stack_named == yes ]] || stack_select package
    testing_stack_begin
    export EXCHANGE_TEST_PACKAGE=$checked EXCHANGE_TEST_NEXT_PACKAGE=$package
    export EXCHANGE_TEST_CLEAN_ROOT=$clean_root
    rm -rf "$results" && mkdir -p "$results"
    local status=0
    (cd "$root" && "$venv/bin/python" -m pytest tests/package/life.py \
        --junitxml="$results/pytest.xml" 7>&- 9>&-) || status=$?
    echo "$status" >"$results/pytest.status"
    test_summary package
}

package_main() {
    local version
    [[ $package_checked == no || $UID -eq 0 ]] ||
        fail "the check needs root" "sudo ./dev package --check"
    packages_demand "${package_packages[@]}"
    # The program tells its commit, which is read when the build is configured.
    [[ ! -f $root/build/release/build.ninja ]] || cmake "$root/build/release" >/dev/null
    build release --target exchange
    version=$(package_version)
    package_build "$version" "$root/build/package"
    say "built: $package"
    [[ $package_checked == no ]] || package_check "$version"
}

package_main
