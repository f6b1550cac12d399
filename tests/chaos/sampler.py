"""Counters of processes that may be killed at any moment: looked at all the time, summed over every
life of each."""

import contextlib
import threading
from collections import Counter

import httpx
from support.server import Server

PAUSE_S = 0.15


class Sampler:
    def __init__(self, servers: list[Server], names: tuple[str, ...]) -> None:
        self._servers = servers
        self._names = names
        self._lives: dict[tuple[int, int, str], float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(10)

    def look(self) -> None:
        for number, server in enumerate(self._servers):
            # Dead, stopped, or between two lives: the next look finds it.
            with contextlib.suppress(httpx.HTTPError, ValueError, AttributeError):
                pid, url = server.pid, server.url
                text = httpx.get(f"{url}/metrics", timeout=0.5).text
                if pid == server.pid:
                    self._take(number, pid, text)

    def totals(self) -> Counter[str]:
        totals: Counter[str] = Counter()
        for (_, _, name), value in list(self._lives.items()):
            totals[name] += int(value)
        return totals

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE_S):
            self.look()

    def _take(self, number: int, pid: int, text: str) -> None:
        for line in text.splitlines():
            name, _, value = line.partition(" ")
            if name in self._names:
                self._lives[number, pid, name] = float(value)
