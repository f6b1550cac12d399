"""What the processes of a run take: processor time, memory, round trips."""

import os
import re
import subprocess
import time
from pathlib import Path

from support.space import Space

TICK = os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int, field: str) -> float:
    """`field` is VmRSS or VmHWM."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE).group(1)) / 1024


class Processor:
    """Seconds that each part of the system used since this was made."""

    def __init__(self, space: Space, server_pid: int) -> None:
        self._pids = {
            "exchange": server_pid,
            "kafka": _listener(space.stack.kafka),
            "s3": _listener(space.stack.s3),
        }
        self._postmaster = _listener(":" + space.rows("SELECT current_setting('port')")[0][0])
        self._begun = time.monotonic()
        self._before = self._seconds()

    def shares(self) -> dict[str, float]:
        """In cores."""
        took = time.monotonic() - self._begun
        after = self._seconds()
        return {who: round((after[who] - self._before[who]) / took, 3) for who in after}

    def _seconds(self) -> dict[str, float]:
        used = {who: _seconds(_fields(pid)[11:13]) for who, pid in self._pids.items() if pid}
        used["postgres"] = _seconds(_fields(self._postmaster)[11:15])
        for entry in Path("/proc").iterdir():
            fields = _fields(int(entry.name)) if entry.name.isdigit() else []
            if fields and _parent(fields) == self._postmaster:
                used["postgres"] += _seconds(fields[11:13])
        busy = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        # Without idle and iowait.
        used["machine"] = _seconds([*busy[:3], *busy[5:8]])
        return used


def answers_from_postgres(server_pid: int, space: Space) -> int:
    """Segments with data that Postgres sent to the server over the connections that carry load.
    A group's answer is one send, so this counts round trips, and never too few."""
    port = space.pg_address().rpartition(":")[2]
    told = _run("ss", "-tinHOp", "state", "established", f"dport = :{port}")
    counts = [
        int(re.search(r"data_segs_in:(\d+)", line).group(1))
        for line in told.splitlines()
        if f"pid={server_pid}," in line and "data_segs_in" in line
    ]
    return sum(count for count in counts if count > 100)


def _listener(address: str) -> int:
    port = address.rpartition(":")[2]
    found = re.search(r"pid=(\d+)", _run("ss", "-HltnpO", f"sport = :{port}"))
    return int(found.group(1)) if found else 0


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout


def _fields(pid: int) -> list[str]:
    """Of /proc/PID/stat, from the state on; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _parent(fields: list[str]) -> int:
    return int(fields[1])


def _seconds(ticks: list[str]) -> float:
    return sum(map(int, ticks)) / TICK
