"""Podman, as the tests drive it beside Docker Compose."""

import json
import os
import signal
import subprocess
import threading
import time

from support.waiting import until


def podman(*arguments: str, check: bool = True, timeout_s: float = 120) -> str:
    done = subprocess.run(
        ["podman", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    told = f"podman {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
    assert not check or done.returncode == 0, told
    return done.stdout


def inspect(name: str) -> dict:
    return json.loads(podman("inspect", name))[0]


def crash(name: str) -> None:
    """kill -9 of a container's process, from outside: the engine was not asked, and shall start it
    again. Returns when it has."""
    before = inspect(name)["State"]["Pid"]
    os.kill(before, signal.SIGKILL)
    until(
        lambda: inspect(name)["State"]["Pid"] not in (0, before),
        within_s=60,
        what=f"{name} is started again",
        pause_s=0.2,
    )


class HealthTimers:
    """Runs every container's healthcheck again and again. Podman leaves that to systemd's timers,
    which a container or a build machine may not have."""

    def __init__(self, pause_s: float = 1) -> None:
        self._pause_s = pause_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "HealthTimers":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(60)

    def _work(self) -> None:
        while not self._ended.is_set():
            began = time.monotonic()
            for name in podman("ps", "--format", "{{.Names}}", check=False).split():
                podman("healthcheck", "run", name, check=False)
            self._ended.wait(max(0.1, self._pause_s - (time.monotonic() - began)))
