"""The image of the exchange: small, without rights or secrets, and it tells whether it lives."""

import json
import os

import pytest
from containers.podman import inspect, podman
from support.waiting import until

MORE_THAN_DEBIAN_BYTES_MAX = 120_000_000
SETTINGS = ("-e", "ENV=local", "-e", "RAW_STORE=file:///tmp")


def test_it_is_little_larger_than_debian(image):
    more = inspect(image)["Size"] - inspect(os.environ["EXCHANGE_TEST_DEBIAN"])["Size"]
    assert 0 < more < MORE_THAN_DEBIAN_BYTES_MAX


def test_it_runs_as_docker_run_would(image):
    version = json.loads(podman("run", "--rm", image, "version", "--json"))
    assert len(version["commit"]) == 12
    assert "exchange serve" in podman("run", "--rm", image, "--help")


def test_it_runs_as_nobody_in_particular(image):
    uid = podman("run", "--rm", "--entrypoint", "id", image, "-u").strip()
    assert uid.isdigit() and uid != "0"
    assert inspect(image)["Config"]["User"] == f"{uid}:{uid}"


def test_it_holds_no_program_that_changes_the_user(image):
    found = ("find", "/", "-xdev", "-type", "f", "-perm", "/6000")
    assert podman("run", "--rm", "-u", "0", "--entrypoint", found[0], image, *found[1:]) == ""


def test_it_holds_neither_secrets_nor_sources(image):
    config = inspect(image)["Config"]
    names = {setting.split("=")[0] for setting in config["Env"]}
    assert names <= {"PATH", "LISTEN_ADDR", "LOG_FORMAT", "container", "TERM", "HOSTNAME"}
    listed = ("sh", "-c", "ls -A /src /root /tmp 2>&1; command -v clang-19 cmake curl || true")
    found = podman("run", "--rm", "-u", "0", "--entrypoint", listed[0], image, *listed[1:])
    assert "/src': No such file" in found
    assert not {"clang-19", "cmake", "curl"} & {line.split("/")[-1] for line in found.split()}


@pytest.fixture
def lonely(image):
    """An exchange that finds no Postgres."""
    name = podman("run", "-d", "--read-only", *SETTINGS, image).strip()
    yield name
    podman("rm", "-f", "-t", "5", name)


def test_its_healthcheck_asks_whether_the_process_lives(lonely):
    until(
        lambda: (
            "serving" in podman("logs", lonely, check=False) or inspect(lonely)["State"]["Running"]
        ),
        within_s=20,
        what="it runs",
    )

    def healthy() -> bool:
        podman("healthcheck", "run", lonely, check=False)
        state = inspect(lonely)["State"]
        return (state.get("Health") or state.get("Healthcheck"))["Status"] == "healthy"

    until(healthy, within_s=20, what="it is healthy without Postgres", pause_s=0.5)


def test_it_stops_when_asked(lonely):
    podman("stop", "-t", "20", lonely)
    assert inspect(lonely)["State"]["ExitCode"] == 0
