# A Podman for the tests alone: images, networks and settings lie apart from those of the machine, in
# a folder below the tools. No image is pulled: Debian is made by debootstrap, all else from it.
# shellcheck shell=bash disable=SC2034,SC2154

readonly container_packages=(podman runc conmon netavark aardvark-dns iptables fuse-overlayfs
    debootstrap git)
readonly debian_image=docker.io/library/debian:bookworm-slim
readonly exchange_image=localhost/exchange:0.1.0

containers_home() { printf '%s/containers' "$tools_home"; }

# containers_begin: a Podman whose API answers on a socket that ends with this shell.
containers_begin() {
    [[ $UID -eq 0 ]] || fail "containers are made by root here" "sudo ./dev test --containers"
    packages_demand "${container_packages[@]}"
    venv_demand containers "$root/tools/dev/containers-requirements.txt"
    containers_compose=$venv/bin/docker-compose
    containers_settings
    local socket=$containers_run/podman.sock
    podman system service --time=0 "unix://$socket" >"$containers_run/service.log" 2>&1 7>&- 9>&- &
    containers_service=$!
    trap containers_end EXIT
    local deadline=$((SECONDS + 20))
    until [[ -S $socket ]]; do
        ((SECONDS < deadline)) || fail "podman does not serve its API" "see $containers_run/service.log"
        sleep 0.1
    done
    export DOCKER_HOST=unix://$socket
}

containers_end() {
    kill "$containers_service" 2>/dev/null || true
    rm -rf "$containers_run"
}

# Written for what a container on this machine may get: limits above our own cannot be set, and
# there may be no systemd that keeps cgroups and runs healthchecks.
containers_settings() {
    local home files
    home=$(containers_home)
    files=$(ulimit -Hn)
    [[ $files != unlimited ]] || files=1048576
    containers_run=$(mktemp -d /run/exchange-test.XXXXXX)
    mkdir -p "$home/networks"
    cat >"$home/containers.conf" <<END
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=16384:16384"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
compat_api_enforce_docker_hub = false
[network]
network_backend = "netavark"
network_config_dir = "$home/networks"
END
    cat >"$home/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$home/storage"
runroot = "/run/exchange-containers"
END
    export CONTAINERS_CONF=$home/containers.conf CONTAINERS_STORAGE_CONF=$home/storage.conf
    export DISABLE_HC_SYSTEMD=true
}

# containers_images: the exchange's image and the stand-ins of deploy/compose/standins.
containers_images() {
    podman image exists "$debian_image" || containers_debian
    logged "building the image of the exchange (some minutes, the first time)" \
        "$tools_home/logs/image.log" containers_build_exchange
    containers_standins
    # What no run has used for two days; younger ones spare the next build its packages.
    podman image prune --force --filter until=48h >/dev/null
}

containers_debian() {
    clean_root_demand
    podman import --quiet "$clean_root" "$debian_image" >&2
}

# Podman's own format knows no healthcheck.
containers_build_exchange() {
    podman build --format docker --pull-never -t "$exchange_image" -f "$root/Containerfile" \
        --build-arg COMMIT="$(git -C "$root" rev-parse --short=12 HEAD)" \
        --build-arg SOURCE_DATE_EPOCH="$(git -C "$root" log -1 --format=%ct)" "$root"
}

containers_standins() {
    local context=$containers_run/standins name
    install_kafka
    install_s3
    cp -r "$root/deploy/compose/standins" "$context"
    cp "$root/tools/dev/apt-install" "$(tool_s3)/versitygw" "$context/"
    mkdir "$context/kafka"
    cp -r "$(tool_kafka)/libs" "$root"/deploy/local/kafka/{server.properties,log4j2.yaml} "$context/kafka/"
    for name in postgres redpanda minio mc prometheus haproxy; do
        logged "building the stand-in for $name" "$tools_home/logs/standin-$name.log" \
            podman build --format docker --pull-never --target "$name" \
            -t "localhost/exchange-standin-$name" "$context"
    done
    rm -rf "$context"
}
