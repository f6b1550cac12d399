"""One process of `exchange serve`, and what it answers."""

import json
import signal
import subprocess

import httpx
from support import bodies
from support.space import Space
from support.waiting import until

SANITIZER_REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:")
SANITIZER_REPORTS += ("WARNING: ThreadSanitizer",)


# What a process that a failpoint ends exits with.
CRASHED = 137


class Server:
    def __init__(
        self, space: Space, name: str = "server", roles: str = "ingest,relay", **settings: object
    ) -> None:
        self.space = space
        self._roles = roles
        self.settings = settings
        self.log_path = space.folder / f"{name}.log"
        self._port_path = space.folder / f"{name}.port"
        self._process: subprocess.Popen | None = None
        self._port = 0
        self.http = httpx.Client(timeout=20, headers={"Authorization": "Bearer dev"})
        space.adopt(self)

    def start(self, *, ready: bool = True, within_s: float = 15) -> "Server":
        """Returns once it takes records, or, not `ready`, once it listens; raises with the end of
        its log when it ends instead."""
        self._port_path.unlink(missing_ok=True)
        listened = len(self.log_lines("serving"))
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self.space.stack.binary,
                    "serve",
                    "--roles",
                    self._roles,
                    "--port-file",
                    self._port_path,
                ],
                env=self.space.settings(**self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

        def port() -> int:
            code = self._process.poll()
            assert code is None, f"serve ended with {code}:\n{self.log_tail()}"
            if not ready:
                return int((self.log_lines("serving")[listened:] or [{"port": 0}])[0]["port"])
            return int(self._port_path.read_text()) if self._port_path.exists() else 0

        self._port = until(port, within_s=within_s, what="the server listens")
        self.http.base_url = self.url
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self._port)

    @property
    def pid(self) -> int:
        return self._process.pid

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def terminate(self) -> None:
        self._process.terminate()

    def wait(self, *, within_s: float) -> int:
        return self._process.wait(within_s)

    def stop(self, *, within_s: float = 40) -> None:
        """SIGTERM; it must end in time and well, if an armed failpoint does not end it first."""
        self.send_signal(signal.SIGTERM)
        code = self.wait(within_s=within_s)
        crashed = code == CRASHED and "=crash" in str(self.settings.get("EXCHANGE_FAILPOINTS"))
        assert code == 0 or crashed, f"serve ended with {code} on SIGTERM:\n{self.log_tail()}"

    def close(self) -> None:
        self.http.close()
        try:
            if self.runs():
                self.stop()
        finally:
            if self.runs():
                self.kill()
        text = self.log_text()
        reports = [line for line in text.splitlines() if _is_report(line)]
        assert not reports, f"{self.log_path}: {reports[0]}\n{text[-8000:]}"

    def log_text(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self) -> str:
        return self.log_text()[-3000:]

    def log_lines(self, event: str) -> list[dict]:
        """The JSON lines of one event."""
        lines = []
        for line in self.log_text().splitlines(keepends=True):
            # The last line may still be on its way.
            if line.startswith("{") and line.endswith("}\n"):
                fields = json.loads(line)
                if fields.get("event") == event:
                    lines.append(fields)
        return lines

    def lane_troubles(self) -> list[str]:
        """Causes that were logged for lanes."""
        lines = self.log_lines("dependency_degraded") + self.log_lines("dependency_failed")
        return [line["cause"] for line in lines if line["component"].startswith("lane/")]

    def post(
        self, body: object, *, api: int = 1, key: str | None = None, **headers: str
    ) -> httpx.Response:
        """Sends a record; headers are given as names with _ for -."""
        content = body if isinstance(body, bytes) else bodies.encode(body)
        return self.http.post(
            f"/v{api}/ingest",
            content=content,
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": key or bodies.unique_key(),
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )

    def accepted(self, body: object, **how: object) -> dict:
        answer = self.post(body, **how)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def health(self) -> dict[str, dict]:
        """/readyz?verbose, by component."""
        return components(self.http.get("/readyz?verbose").json())

    def metrics(self) -> dict[str, float]:
        """Samples by name with labels, as exposed."""
        samples = {}
        for line in self.http.get("/metrics").text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                samples[name] = float(value)
        return samples

    def outcomes(self) -> dict[str, int]:
        """Requests counted so far, by outcome; those that there were none of are left out."""
        found = {}
        for name, value in self.metrics().items():
            if name.startswith("exchange_ingest_requests_total{") and value > 0:
                found[name.split('"')[1]] = int(value)
        return found

    def published(self, count: int, *, within_s: float = 30) -> None:
        """Waits until `count` events of the space are recorded as published."""
        query = "SELECT count(published_at) FROM outbox_events"

        def enough() -> bool:
            return self.space.rows(query)[0][0] >= count

        until(enough, within_s=within_s, what=f"{count} events are published")


def components(document: dict) -> dict[str, dict]:
    return {entry["name"]: entry for entry in document["components"]}


def _is_report(line: str) -> bool:
    return any(report in line for report in SANITIZER_REPORTS)
