"""The load client: wrk with bench/ingest.lua."""

import json
import resource
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "ingest.lua"
# At a steady pace; a client's next request waits at random.
PACED_CONNECTIONS = 30
# What a request and the client's timer take besides the pause.
ANSWER_MS = 3


@dataclass(frozen=True)
class Load:
    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    refused: int
    socket_errors: int
    timeouts: int
    rude: int
    statuses: dict[str, int]
    # Share of one core that the client took.
    client_cpu: float


def load(
    url: str, *, connections: int, seconds: float, body_bytes: int = 2048, options: tuple = ()
) -> Load:
    threads = 1 if connections < 500 else 2
    before = _children_seconds()
    done = subprocess.run(
        ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s"]
        + ["-s", SCRIPT, url, "--", str(body_bytes), secrets.token_hex(6), *options],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise RuntimeError(f"wrk: {done.returncode}\n{done.stdout}{done.stderr}")
    found = json.loads(lines[-1])
    return Load(**found, client_cpu=(_children_seconds() - before) / found["seconds"])


def load_at(url: str, pace: int, *, seconds: float) -> Load:
    """So many requests a second, or a few more."""
    pause = 1000 * PACED_CONNECTIONS // pace - ANSWER_MS
    options = (f"pause={pause}", "count")
    return load(url, connections=PACED_CONNECTIONS, seconds=seconds, options=options)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
