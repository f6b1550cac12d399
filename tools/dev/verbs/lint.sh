# ./dev lint [--fix] [--tidy]
#
# Check the form of the sources.
#
# clang-format, tools/tidy, shellcheck, ruff, yamllint; hadolint for what builds images, and
# compose-lint and Docker Compose itself for the compose files.
#
# --fix          lets clang-format and ruff repair what they can
# --tidy         also clang-tidy over the C++ files that differ from the last commit; slow
# --tidy=all     over all of them; very slow
# shellcheck shell=bash disable=SC2154

lint_fix=no
lint_tidy=no
for argument in "$@"; do
    case $argument in
        --fix) lint_fix=yes ;;
        --tidy) lint_tidy=changed ;;
        --tidy=all) lint_tidy=all ;;
        *) fail_usage "usage: ./dev lint [--fix] [--tidy | --tidy=all]" ;;
    esac
done
lint_failed=()
lint_passed=0

lint_check() {
    local name=$1
    shift
    if "$@" >&2; then
        lint_passed=$((lint_passed + 1))
        say "ok      $name"
    else
        lint_failed+=("$name")
        say "FAILED  $name"
    fi
}

# lint_files FIND_ARGUMENTS…: files of the tree, without what is built or fetched.
lint_files() {
    find "$root" \( -path "$root/build" -o -path "$root/.*" ! -path "$root/.ci" -o -name __pycache__ \) -prune \
        -o -type f \( "$@" \) -print0
}

lint_cpp_files() { lint_files -name '*.cpp' -o -name '*.hpp'; }

lint_format() {
    local mode=(--dry-run -Werror)
    [[ $lint_fix == no ]] || mode=(-i)
    lint_cpp_files | xargs -0 -r -n 32 -P "$(nproc)" clang-format-19 "${mode[@]}" 2>&1 |
        sed -n "s|^$root/\\([^:]*\\):.*: error: .*|  \\1 differs; ./dev lint --fix|p" | sort -u
}

lint_shell() {
    lint_files -name '*.sh' -o ! -name '*.*' -size -64k |
        xargs -0 -r grep -lZE '^#!.*\bbash\b|^# shellcheck shell=bash' |
        xargs -0 -r shellcheck -x -P "$root"
}

lint_python() {
    local files fix=()
    [[ $lint_fix == no ]] || fix=(--fix)
    mapfile -d '' -t files < <(lint_files -name '*.py' -o -path "$root/tools/tidy")
    "$venv/bin/ruff" check -q --no-cache --config "$root/tools/dev/ruff.toml" "${fix[@]}" "${files[@]}"
}

lint_python_format() {
    local files check=(--check)
    [[ $lint_fix == no ]] || check=()
    mapfile -d '' -t files < <(lint_files -name '*.py' -o -path "$root/tools/tidy")
    "$venv/bin/ruff" format -q --no-cache --config "$root/tools/dev/ruff.toml" "${check[@]}" "${files[@]}"
}

lint_yaml() {
    lint_files -name '*.yaml' -o -name '*.yml' |
        xargs -0 -r "$venv/bin/yamllint" --strict -c "$root/tools/dev/yamllint.yaml"
}

# DL3066 wants users by number: stand-ins have those of the images that they stand for.
lint_containerfiles() {
    lint_files -name Containerfile | xargs -0 -r "$venv/bin/hadolint" --ignore DL3066
}

# As Compose itself reads them, alone and laid over each other; what comes out is judged.
lint_compose() (
    local files=(-f compose.yaml) merged=$lint_work/merged.yaml
    cd "$root" || return
    "$venv/bin/docker-compose" "${files[@]}" config --quiet || return
    files+=(-f compose.scale.yaml)
    "$venv/bin/docker-compose" "${files[@]}" config >"$merged" || return
    files+=(-f deploy/compose/standins.yaml -f deploy/compose/standins.scale.yaml)
    "$venv/bin/docker-compose" "${files[@]}" config --quiet || return
    "$venv/bin/compose-lint" check --quiet --skip-suppressed --fail-on medium --no-env \
        --config tools/dev/compose-lint.yaml --strict-config "$merged"
)

lint_clang_tidy() {
    local files
    if [[ $lint_tidy == all ]]; then
        mapfile -d '' -t files < <(lint_files -name '*.cpp')
    else
        mapfile -d '' -t files < <(cd "$root" && {
            git diff -z --name-only --diff-filter=d HEAD -- '*.cpp'
            git ls-files -z --others --exclude-standard -- '*.cpp'
        })
    fi
    [[ ${#files[@]} -gt 0 ]] || return 0
    (cd "$root" && printf '%s\0' "${files[@]}" |
        xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 -p build/release --quiet --warnings-as-errors='*')
}

lint_main() {
    lint_work=$(mktemp -d)
    trap 'rm -rf "$lint_work"' EXIT
    packages_demand clang-format-19 shellcheck python3
    venv_demand lint "$root/tools/dev/lint-requirements.txt"
    if [[ $lint_tidy != no ]]; then
        packages_demand clang-tidy-19
        build release
    fi
    lint_check clang-format lint_format
    lint_check tidy python3 "$root/tools/tidy"
    lint_check shellcheck lint_shell
    lint_check ruff lint_python
    lint_check "ruff format" lint_python_format
    lint_check yamllint lint_yaml
    lint_check hadolint lint_containerfiles
    lint_check compose lint_compose
    [[ $lint_tidy == no ]] || lint_check clang-tidy lint_clang_tidy
    say "lint: $lint_passed checks passed, ${#lint_failed[@]} failed"
    [[ ${#lint_failed[@]} -eq 0 ]]
}

lint_main
