"""Signals to the servers of the stack: found by the port on which they listen."""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

import psycopg
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from support.stack import Stack
from support.waiting import until


class Servers:
    """Kills, stops and continues postgres, kafka and s3. What is killed is started again by the
    stack itself."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        pg = psycopg.conninfo.conninfo_to_dict(stack.pg)
        self._ports = {
            "postgres": int(pg["port"]),
            "kafka": int(stack.kafka.rsplit(":", 1)[1]),
            "s3": int(stack.s3.rsplit(":", 1)[1]),
        }
        self._stopped: dict[str, list[int]] = {}

    def kill(self, name: str) -> None:
        """As if the power went: SIGKILL, and the immediate shutdown of Postgres."""
        pid = self._pid(name)
        if pid:
            os.kill(pid, signal.SIGQUIT if name == "postgres" else signal.SIGKILL)

    def stop(self, name: str) -> None:
        pid = self._pid(name)
        if not pid:
            return
        pids = [pid, *_children(pid)]
        self._stopped.setdefault(name, []).extend(pids)
        for each in pids:
            _signal(each, signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        for pid in self._stopped.pop(name, []):
            _signal(pid, signal.SIGCONT)

    def heal(self, *, within_s: float = 60) -> None:
        """Everything runs and answers."""
        for name in list(self._stopped):
            self.go_on(name)
        for name, answers in [
            ("postgres", self._postgres_answers),
            ("kafka", self._kafka_answers),
            ("s3", self._s3_answers),
        ]:
            until(answers, within_s=within_s, what=f"{name} answers again", pause_s=0.1)

    def _pid(self, name: str) -> int:
        """0 while it does not listen."""
        command = ["ss", "-Hltnp", f"sport = :{self._ports[name]}"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = re.search(r"pid=(\d+)", told)
        return int(found[1]) if found else 0

    def _postgres_answers(self) -> bool:
        with contextlib.suppress(psycopg.Error):
            psycopg.connect(self._stack.pg, connect_timeout=2).close()
            return True
        return False

    def _kafka_answers(self) -> bool:
        settings = {"bootstrap.servers": self._stack.kafka, "log_level": 0}
        with contextlib.suppress(KafkaException):
            return bool(AdminClient(settings).list_topics(timeout=2).brokers)
        return False

    def _s3_answers(self) -> bool:
        return bool(self._pid("s3"))


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    return []
