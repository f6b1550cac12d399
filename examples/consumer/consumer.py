"""Reads the events of the exchange and takes effect exactly once: the reader's half.

The effect and the position that it brings the reader to are one transaction of the reader's own
database. So a crash repeats nothing and leaves nothing out, whatever Kafka's group remembers. And
the reader trusts no log: a copy is dropped, and where an event is missing it stops.

The effect here is a row and a count for each source; put yours into `record_effect`.
"""

import argparse
import json
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

SCHEMA = """
CREATE TABLE IF NOT EXISTS positions (
    topic TEXT NOT NULL, partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL, x_id INTEGER NOT NULL, x_pseq INTEGER NOT NULL,
    epoch INTEGER NOT NULL, PRIMARY KEY (topic, partition)) STRICT;
CREATE TABLE IF NOT EXISTS effects (
    event_id TEXT NOT NULL, record_id TEXT NOT NULL, source TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS sources (source TEXT PRIMARY KEY, records INTEGER NOT NULL) STRICT;
"""
EXIT_BROKEN_LOG = 4


class BrokenLog(Exception):
    """Going on would lose or double an effect."""


@dataclass(frozen=True)
class Position:
    """Where a partition stands: the offset to read next, and the last event that counted."""

    next_offset: int
    x_id: int
    x_pseq: int
    epoch: int


@dataclass(frozen=True)
class Incoming:
    topic: str
    partition: int
    offset: int
    event_id: str
    x_id: int
    x_pseq: int
    epoch: int
    value: dict


Effect = Callable[[sqlite3.Connection, Incoming], None]


def counts(event: Incoming, last: Position | None, first_offset: int) -> bool:
    """Whether the event is new. Raises BrokenLog where one before it is missing.

    `last` is None for a partition that was never read; `first_offset` is where its log begins."""
    if last is None:
        # What retention took away before we came is not ours to miss.
        if event.x_pseq != 1 and first_offset == 0:
            raise BrokenLog(_told(event, 1))
        return True
    if event.x_id <= last.x_id or event.epoch < last.epoch:
        return False
    if event.x_pseq != last.x_pseq + 1:
        raise BrokenLog(_told(event, last.x_pseq + 1))
    return True


def record_effect(database: sqlite3.Connection, event: Incoming) -> None:
    source = event.value["source"]
    database.execute(
        "INSERT INTO effects VALUES (?, ?, ?)", (event.event_id, event.value["record_id"], source)
    )
    database.execute(
        "INSERT INTO sources VALUES (?, 1) ON CONFLICT DO UPDATE SET records = records + 1",
        (source,),
    )


class Reader:
    """Takes batches of events into the database at `path`."""

    def __init__(self, path: str, effect: Effect = record_effect) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, timeout=30)
        self._database.executescript(f"PRAGMA journal_mode = WAL; {SCHEMA}")
        self._database.execute("PRAGMA synchronous = FULL")
        self._effect = effect
        self.applied = 0
        self.dropped = 0

    def position(self, topic: str, partition: int) -> Position | None:
        row = self._database.execute(
            "SELECT next_offset, x_id, x_pseq, epoch FROM positions"
            " WHERE topic = ? AND partition = ?",
            (topic, partition),
        ).fetchone()
        return Position(*row) if row else None

    def take(self, events: list[Incoming], begins: dict[tuple[str, int], int]) -> None:
        """All effects and the positions after them, or none; up to where the log is broken, which
        is then raised. Positions are read under the transaction's lock: a reader whose partition
        went to another one finds that one's position here, and takes nothing twice. `begins`: where
        the log of a partition begins that was never read."""
        applied, broken = 0, None
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for number, event in enumerate(events):
                try:
                    applied += self._take_one(event, begins)
                except BrokenLog as fault:
                    events, broken = events[:number], fault
                    break
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self.applied += applied
        self.dropped += len(events) - applied
        if broken:
            raise broken

    def _take_one(self, event: Incoming, begins: dict[tuple[str, int], int]) -> bool:
        last = self.position(event.topic, event.partition)
        is_new = counts(event, last, begins.get((event.topic, event.partition), 0))
        if is_new:
            self._effect(self._database, event)
            last = Position(0, event.x_id, event.x_pseq, event.epoch)
        self._move(event, last)
        return is_new

    def _move(self, event: Incoming, last: Position) -> None:
        next_offset = max(event.offset + 1, last.next_offset)
        self._database.execute(
            "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?)",
            (event.topic, event.partition, next_offset, last.x_id, last.x_pseq, last.epoch),
        )


def follow(consumer: Consumer, reader: Reader, topics: list[str], until_end: bool) -> None:
    """Reads on until the log is broken, or, `until_end`, until there is nothing more."""
    unread: set[tuple[str, int]] = set()
    begins: dict[tuple[str, int], int] = {}

    def assigned(_: Consumer, partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            last = reader.position(partition.topic, partition.partition)
            place = (partition.topic, partition.partition)
            if not last:
                begins[place] = consumer.get_watermark_offsets(partition, timeout=10)[0]
            partition.offset = last.next_offset if last else OFFSET_BEGINNING
            unread.add(place)
        consumer.assign(partitions)

    consumer.subscribe(topics, on_assign=assigned)
    begun = False
    while not (until_end and begun and not unread):
        messages = consumer.consume(500, 0.2)
        events = []
        for message in messages:
            fault = message.error()
            if fault is None:
                events.append(_incoming(message))
            elif fault.code() == KafkaError._PARTITION_EOF:
                unread.discard((message.topic(), message.partition()))
            elif fault.code() == KafkaError._AUTO_OFFSET_RESET:
                raise BrokenLog(f"{message.topic()}: the log no longer holds what comes next")
            elif not fault.retriable():
                raise KafkaException(fault)
        begun = begun or bool(unread) or bool(messages)
        if events:
            reader.take(events, begins)


def make_consumer(brokers: str, group: str, member: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": group,
            # One that comes back under its name need not wait until it is taken for dead.
            "group.instance.id": member,
            "session.timeout.ms": 10000,
            # Without it events of transactions that were aborted are seen, too.
            "isolation.level": "read_committed",
            # The position is ours; Kafka's group only says who reads which partition.
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
        }
    )


def _incoming(message) -> Incoming:
    headers = dict(message.headers())
    return Incoming(
        message.topic(),
        message.partition(),
        message.offset(),
        headers["ce_id"].decode(),
        int(headers["x-id"]),
        int(headers["x-pseq"]),
        int(headers["x-epoch"]),
        json.loads(message.value()),
    )


def _told(event: Incoming, expected: int) -> str:
    place = f"{event.topic}[{event.partition}]@{event.offset}"
    return f"{place} is number {event.x_pseq}, but number {expected} must come first"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--brokers", required=True, help="host:port, comma-separated")
    parser.add_argument("--database", required=True, help="SQLite file of effects and positions")
    parser.add_argument("--group", default="example-consumer")
    parser.add_argument("--member", default="1", help="name of this reader within its group")
    parser.add_argument("--until-end", action="store_true", help="end when nothing more is there")
    parser.add_argument("topics", nargs="+")
    asked = parser.parse_args()
    reader = Reader(asked.database)
    consumer = make_consumer(asked.brokers, asked.group, asked.member)
    try:
        follow(consumer, reader, asked.topics, asked.until_end)
    except BrokenLog as broken:
        print(f"stopped: {broken}. Hint: exchange reconcile says what is missing", file=sys.stderr)
        return EXIT_BROKEN_LOG
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()
    print(f"{reader.applied} events took effect, {reader.dropped} copies were dropped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
