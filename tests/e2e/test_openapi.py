"""Requests generated from contracts/openapi.yaml, and answers held against it."""

import subprocess
import sys
from pathlib import Path

from support.server import Server

CONTRACT = Path(__file__).parents[2] / "contracts" / "openapi.yaml"
SECONDS = 45

# Checks that do not hold here, and why. Everything else must.
EXCEPTIONS: dict[str, str] = {
    "negative_data_rejection": "W3C Trace Context: a malformed traceparent is ignored, not refused",
}


def test_generated_requests_get_only_answers_of_the_contract(open_space):
    server = Server(open_space("openapi")).start()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", CONTRACT, "--url", server.url),
            *("--header", "Authorization: Bearer dev", "--checks", "all"),
            *("--exclude-checks", ",".join(EXCEPTIONS)),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "60"),
            *("--max-time", str(SECONDS), "--seed", "7", "--continue-on-failure", "--no-color"),
        ],
        cwd=server.space.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS + 60,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    accepted = 'exchange_ingest_requests_total{outcome="accepted"}'
    assert server.metrics()[accepted] > 0, "no generated request was accepted"
