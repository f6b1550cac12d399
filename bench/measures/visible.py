"""How late an event is for a reader of committed messages."""

import contextlib
import json
import secrets
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

import psycopg
from confluent_kafka import Consumer, Message
from support.server import Server
from support.space import Space
from support.waiting import until

from measures.bars import Outcome
from measures.commits import Commits
from measures.load import load_at
from measures.places import Places
from measures.processes import Processor
from measures.samples import WINDOWS, gained, mean, step_ms


class Reader:
    """Reads a space's topics on a thread of its own and notes when each message came; what it says
    is looked at later, since that takes a processor's time."""

    def __init__(self, space: Space) -> None:
        self.came: list[tuple[int, Message]] = []
        self._ended = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": space.stack.kafka,
                "group.id": f"bench-{secrets.token_hex(8)}",
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 500,
                "socket.nagle.disable": True,
            }
        )
        self._consumer.subscribe(list(space.topics))
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while not self._ended.is_set():
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:
                self.came.append((time.time_ns(), message))

    def ages_ms(self, first: int) -> list[float]:
        """Without the first ones."""
        ages = []
        for came_ns, message in self.came[first:]:
            told = json.loads(message.value())["occurred_at"]
            ages.append(came_ns / 1e6 - datetime.fromisoformat(told).timestamp() * 1e3)
        return ages

    def came_ns(self, first: int) -> dict[str, int]:
        """By trace id, without the first ones."""
        return {
            dict(message.headers()).get("traceparent", b"").decode()[3:35]: came_ns
            for came_ns, message in self.came[first:]
        }

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._consumer.close()


def visible(places: Places, outcome: Outcome) -> None:
    space = places.make("visible").prepare(lanes=None)
    try:
        with Commits() as commits, closing(Reader(space)) as reader:
            server = Server(space, RELAY_MODE="transactional", **commits.settings).start()
            load_at(f"{server.url}/v1/ingest", 300, seconds=12)
            until(lambda: reader.came, within_s=30, what="the reader has its partitions")
            parts = server, reader, commits, outcome
            alone = [_at_pace(*parts, 300)]
            _at_pace(*parts, 1000)
            # In turn: the machine may change meanwhile.
            with foreign_transactions(space):
                beside = [_at_pace(*parts, 300, " beside open transactions")]
            alone.append(_at_pace(*parts, 300, ", again"))
            with foreign_transactions(space):
                beside.append(_at_pace(*parts, 300, " beside open transactions, again"))
            share = sum(beside) / sum(alone)
            outcome.bar("p50 beside open transactions, to alone", share, "<=", 1.3, "x")
    finally:
        space.close()


def warm_up(places: Places, outcome: Outcome) -> None:
    """Java compiles a broker's code while it works; one in service has long done so."""
    space = places.make("warm").prepare(lanes=None)
    try:
        server = Server(space).start()
        load_at(f"{server.url}/v1/ingest", 1000, seconds=45 if outcome.quick else 90)
    finally:
        space.close()


@contextlib.contextmanager
def foreign_transactions(space: Space) -> Iterator[None]:
    """Write transactions held open, in the exchange's database and in another."""
    elsewhere = space.stack.pg
    here = psycopg.conninfo.make_conninfo(elsewhere, dbname=space.name)
    with psycopg.connect(here) as same, psycopg.connect(elsewhere) as other:
        for connection in (same, other):
            connection.execute("CREATE TABLE held_open (n integer)")
            connection.execute("INSERT INTO held_open VALUES (1)")
        yield
        for connection in (same, other):
            connection.rollback()


def _at_pace(
    server: Server,
    reader: Reader,
    commits: Commits,
    outcome: Outcome,
    pace: int,
    beside: str = "",
) -> float:
    """Answers the median."""
    first = len(reader.came)
    before = server.metrics()
    processor = Processor(server.space, server.pid)
    answers = load_at(f"{server.url}/v1/ingest", pace, seconds=8 if outcome.quick else 20)
    cores, after = processor.shares(), server.metrics()
    time.sleep(1)
    ages = sorted(reader.ages_ms(first))
    came_ns = reader.came_ns(first)
    since_commit = [
        (came_ns[trace] - committed) / 1e6
        for trace, committed in commits.committed_ns().items()
        if trace in came_ns
    ]
    p50 = statistics.median(since_commit)
    name = f"visible at {pace}/s{beside}"
    outcome.bar(f"commit to {name}, p50", p50, "<", 10, "ms")
    # Of all, and with the commit: there are too few traces for it.
    outcome.bar(f"append to {name}, p99", ages[int(0.99 * len(ages))], "<", 60, "ms")
    outcome.note(
        name,
        traced=len(since_commit),
        append_to_visible_p50_ms=statistics.median(ages),
        records_a_second=answers.requests / answers.seconds,
        read=len(ages),
        rows_a_window=mean(before, after, "exchange_relay_window_rows"),
        windows_a_second=gained(before, after, WINDOWS) / answers.seconds,
        step_ms=step_ms(before, after),
        cores={**cores, "client": round(answers.client_cpu, 3)},
        statuses=answers.statuses,
    )
    return p50
