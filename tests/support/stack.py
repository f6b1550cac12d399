"""Where the servers under test are, and stopping and starting them."""

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

VARIABLES = {
    "EXCHANGE_TEST_PG": "libpq conninfo of a superuser on database postgres",
    "EXCHANGE_TEST_KAFKA": "host:port of a broker",
    "EXCHANGE_TEST_S3": "http://host:port of an S3 server",
    "EXCHANGE_TEST_S3_ACCESS_KEY": "its access key",
    "EXCHANGE_TEST_S3_SECRET_KEY": "its secret key",
    "EXCHANGE_TEST_BINARY": "the built exchange",
    "EXCHANGE_TEST_STACK": "the command that stops and starts the servers",
    "EXCHANGE_TEST_KAFKA_JARS": "the folder of the broker's jars, for a broker of a test's own",
}


class MissingSetting(Exception):
    pass


@dataclass(frozen=True)
class Stack:
    pg: str
    kafka: str
    s3: str
    s3_access_key: str
    s3_secret_key: str
    binary: Path
    command: tuple[str, ...]
    kafka_jars: Path

    @staticmethod
    def from_environment() -> "Stack":
        missing = [name for name in VARIABLES if not os.environ.get(name)]
        if missing:
            told = "; ".join(f"{name} ({VARIABLES[name]})" for name in missing)
            raise MissingSetting(f"not set: {told}. ./dev test sets them all.")
        values = [os.environ[name] for name in VARIABLES]
        binary = Path(values[5]).resolve()
        if not os.access(binary, os.X_OK):
            raise MissingSetting(f"EXCHANGE_TEST_BINARY: {binary} is no program; ./dev build")
        return Stack(*values[:5], binary, tuple(shlex.split(values[6])), Path(values[7]))

    def stop(self, service: str) -> None:
        self._command("stop", service)

    def start(self, service: str) -> None:
        self._command("start", service)

    def _command(self, verb: str, service: str) -> None:
        done = subprocess.run(
            [*self.command, verb, service],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{verb} {service}: {done.stdout}"
