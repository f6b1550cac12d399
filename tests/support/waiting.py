"""Waiting for a condition with a bound, never for an amount of time."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(
    probe: Callable[[], Found], *, within_s: float, what: str, pause_s: float = 0.03
) -> Found:
    """Calls `probe` until it answers something true, and returns that."""
    deadline = time.monotonic() + within_s
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what} (last seen: {found!r})")
        time.sleep(pause_s)
