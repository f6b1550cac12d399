"""Runs `exchange push`."""

import json
import subprocess

from support.server import Server


def push(server: Server, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [server.space.stack.binary, "push", "--json", "--url", server.url, *arguments],
        env=server.space.settings(EXCHANGE_TOKEN="dev"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(client: subprocess.Popen, *, within_s: float = 90) -> tuple[int, dict]:
    output, talk = client.communicate(timeout=within_s)
    assert output, f"ended with {client.returncode}: {talk}"
    return client.returncode, json.loads(output)
