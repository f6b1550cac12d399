"""What ./dev promises of a stack, tried on stacks of its own that run nothing but what is asked."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES_ELSEWHERE = [("redpanda", "kafka"), ("minio", "s3"), ("ingest-api", "exchange")]


class Door:
    """./dev with data of its own, so that no stack of anybody else can be meant."""

    def __init__(self, stack: str, **settings: str) -> None:
        # Sockets need a short path that user postgres can enter, which pytest's folders are not.
        self._data = Path(tempfile.mkdtemp(prefix="exchange-dev-", dir="/var/tmp"))
        self._data.chmod(0o711)
        self._stack = stack
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("EXCHANGE_DATA", "EXCHANGE_PORT_"))
        }
        self._environment = {**kept, **settings, "EXCHANGE_DATA": str(self._data)}

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROOT / "dev", "--stack", self._stack, *words],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
        )

    def well(self, *words: str) -> str:
        """What it says, and that it ends well."""
        done = self(*words)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stderr

    def states(self) -> dict[str, tuple[str, str]]:
        """State and process of each service."""
        done = self("ps")
        assert done.returncode == 0, done.stderr
        rows = [line.split() for line in done.stdout.splitlines()[1:]]
        return {row[0]: (row[1], row[2]) for row in rows}

    def port(self, name: str) -> int:
        lines = (self._data / self._stack / "ports").read_text().splitlines()
        return int(dict(line.split("=") for line in lines)[name])

    def close(self) -> None:
        self.well("down", "--wipe")
        shutil.rmtree(self._data)


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    opened = Door("front")
    try:
        opened.well("up", "postgres")
        yield opened
    finally:
        opened.close()


def test_up_runs_what_is_named_and_nothing_else(door):
    running = {name for name, (state, _) in door.states().items() if state == "running"}
    assert running == {"postgres"}


def test_a_second_up_is_a_no_op(door):
    before = door.states()
    assert before["postgres"][0] == "running"
    assert "already up" in door.well("up", "postgres")
    assert door.states() == before


@pytest.mark.parametrize(("elsewhere", "service"), NAMES_ELSEWHERE)
def test_names_of_the_compose_file_are_understood(door, elsewhere, service):
    assert door.well("stop", elsewhere) == f"stopped: {service}\n"


def test_a_service_is_started_and_stopped_by_its_other_name(door):
    assert "running: s3" in door.well("start", "minio")
    assert door.states()["s3"][0] == "running"
    door.well("stop", "minio")
    assert door.states()["s3"][0] == "stopped"


def test_an_unknown_service_is_a_usage_error_that_lists_those_there_are(door):
    done = door("stop", "nonesuch")
    assert done.returncode == 2
    assert "'nonesuch'" in done.stderr
    assert "postgres kafka s3 exchange" in done.stderr


def _tells_the_holder(done: subprocess.CompletedProcess[str], port: int) -> None:
    assert done.returncode == 1, done.stderr
    told = f"dev: port {port}, wanted for postgres, is in use by process {os.getpid()} ("
    assert told in done.stderr


def test_a_port_taken_meanwhile_is_told_with_its_holder(door):
    door.well("stop", "postgres")
    port = door.port("postgres")
    with socket.create_server(("127.0.0.1", port)):
        for verb in ("start", "up"):
            done = door(verb, "postgres")
            _tells_the_holder(done, port)
            assert "./dev --stack front down" in done.stderr
            assert door.states()["postgres"][0] == "stopped"
    door.well("start", "postgres")
    assert door.states()["postgres"][0] == "running"


def test_a_port_taken_before_the_first_start_is_told_with_its_holder_and_how_to_choose_another():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        door = Door("dev", EXCHANGE_PORT_POSTGRES=str(port))
        try:
            done = door("up", "postgres")
            _tells_the_holder(done, port)
            assert "EXCHANGE_PORT_POSTGRES=NUMBER ./dev up" in done.stderr
        finally:
            door.close()
