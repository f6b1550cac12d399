"""A Prometheus of a test's own, which scrapes each second."""

import math
import os
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

import httpx
import yaml
from support.waiting import until


class Prometheus:
    def __init__(self, folder: Path, targets: Iterable[str]) -> None:
        program = os.environ.get("EXCHANGE_TEST_PROMETHEUS")
        assert program, "EXCHANGE_TEST_PROMETHEUS is not set: `./dev test` fetches it"
        self._program = program
        self._folder = folder
        self._targets = list(targets)
        self._process: subprocess.Popen | None = None
        self._http = httpx.Client(timeout=10)

    def __enter__(self) -> "Prometheus":
        config = self._folder / "prometheus.yaml"
        config.write_text(yaml.safe_dump(self._settings()))
        address = f"127.0.0.1:{_free_port()}"
        self._http.base_url = f"http://{address}"
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    self._program,
                    f"--config.file={config}",
                    f"--storage.tsdb.path={self._folder / 'prometheus'}",
                    f"--web.listen-address={address}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._ready, within_s=20, what="Prometheus is ready")
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.terminate()
        self._process.wait(20)

    def values(self, expression: str) -> list[float]:
        """Of each series that the expression gives now; one that is no number is none."""
        answer = self._http.get("/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", f"{expression}: {answer}"
        values = [float(series["value"][1]) for series in answer["data"]["result"]]
        return [value for value in values if not math.isnan(value)]

    def without_data(self, expressions: Iterable[str]) -> list[str]:
        return [expression for expression in expressions if not self.values(expression)]

    def _settings(self) -> dict:
        return {
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [
                {"job_name": "exchange", "static_configs": [{"targets": self._targets}]}
            ],
        }

    def _ready(self) -> bool:
        log = (self._folder / "prometheus.log").read_text(errors="replace")
        assert self._process.poll() is None, log[-3000:]
        try:
            return self._http.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]
