"""One compose project on ports of its own, and what its servers hold."""

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import boto3
import httpx
import psycopg
from botocore.config import Config
from support.steps import free_port

ROOT = Path(__file__).resolve().parents[2]
PORTS = ("HTTP", "POSTGRES", "KAFKA", "S3", "PROMETHEUS", "GRAFANA")
SINGLE = ("compose.yaml", "deploy/compose/standins.yaml")
SCALED = (*SINGLE, "compose.scale.yaml", "deploy/compose/standins.scale.yaml")
PASSWORD = "local-only"


class Project:
    """`files` are laid over each other; those of the stand-ins replace images only."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: tuple[str, ...] = ()
        self.ports = {port: free_port() for port in PORTS}
        self.url = f"http://127.0.0.1:{self.ports['HTTP']}"

    def compose(
        self, *arguments: str, check: bool = True, timeout_s: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """`docker compose` in the tree, as someone would type it."""
        files = [part for name in self.files for part in ("-f", name)]
        done = subprocess.run(
            [os.environ["EXCHANGE_TEST_COMPOSE"], "-p", self.name, *files, *arguments],
            cwd=ROOT,
            env={**os.environ, **{f"EXCHANGE_PORT_{k}": str(v) for k, v in self.ports.items()}},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        told = (
            f"docker compose {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        assert not check or done.returncode == 0, told
        return done

    def up(self, *files: str) -> None:
        """Lays the files over each other and waits until all is healthy. What is up already is
        left alone: Compose would make each container anew, for Podman tells it less than Docker."""
        if files == self.files:
            return
        self.files = files
        done = self.compose("up", "-d", "--no-build", "--wait", "--remove-orphans", check=False)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{self.logs()}"

    def down(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "30")

    def logs(self) -> str:
        return self.compose("logs", "--tail", "40", check=False).stdout[-8000:]

    def running(self) -> dict[str, list[str]]:
        """Containers that run, by service."""
        found: dict[str, list[str]] = {}
        for line in self.compose("ps", "--format", "json").stdout.splitlines():
            container = json.loads(line)
            found.setdefault(container["Service"], []).append(container["Name"])
        return found

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


class Holdings:
    """Database, bucket and topics of a project, by the names that support/evidence.py uses."""

    bucket = "raw-objects"
    topics = ("record.ingested.v1", "record.ingested.v2")

    def __init__(self, project: Project) -> None:
        self._project = project
        self._ports = project.ports
        self.stack = SimpleNamespace(kafka=f"127.0.0.1:{self._ports['KAFKA']}")
        self.s3 = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self._ports['S3']}",
            aws_access_key_id="exchange",
            aws_secret_access_key=PASSWORD,
            region_name="us-east-1",
            config=Config(retries={"max_attempts": 2}, s3={"addressing_style": "path"}),
        )

    def run(self, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Runs a verb where an operator would."""
        return self._project.compose(
            "exec", "-T", "ingest-api", "exchange", *arguments, check=check
        )

    def rows(self, query: str, *parameters: object) -> list[tuple]:
        address = f"host=127.0.0.1 port={self._ports['POSTGRES']} dbname=exchange"
        with psycopg.connect(f"{address} user=postgres password={PASSWORD}") as connection:
            return connection.execute(query, parameters or None).fetchall()
