"""Reads whole topics."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError, TopicPartition


@dataclass(frozen=True)
class Event:
    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def number(self, header: str) -> int:
        return int(self.headers[header])


def read_events(
    brokers: str,
    topics: tuple[str, ...],
    partitions: int,
    *,
    committed: bool = True,
    within_s: float = 30,
) -> list[Event]:
    """All that the topics hold now, in offset order of each partition; not `committed`: with the
    events of transactions that were aborted or are still open."""
    return list(stream_events(brokers, topics, partitions, committed=committed, within_s=within_s))


def stream_events(
    brokers: str,
    topics: tuple[str, ...],
    partitions: int,
    *,
    committed: bool = True,
    within_s: float,
) -> Iterator[Event]:
    """As `read_events`, one after the other."""
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": f"e2e-{secrets.token_hex(8)}",
            "isolation.level": "read_committed" if committed else "read_uncommitted",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,
            "socket.nagle.disable": True,
        }
    )
    try:
        yield from _drain(consumer, topics, partitions, time.monotonic() + within_s)
    finally:
        consumer.close()


def _drain(
    consumer: Consumer, topics: tuple[str, ...], partitions: int, deadline: float
) -> Iterator[Event]:
    waiting = {(topic, number) for topic in topics for number in range(partitions)}
    consumer.assign([TopicPartition(topic, number, 0) for topic, number in sorted(waiting)])
    while waiting:
        assert time.monotonic() < deadline, f"no end reached in {sorted(waiting)}"
        for message in consumer.consume(2000, 0.2):
            fault = message.error()
            if fault is None:
                yield _event(message)
            elif fault.code() == KafkaError._PARTITION_EOF:
                waiting.discard((message.topic(), message.partition()))
            else:
                raise AssertionError(f"{message.topic()}: {fault}")


def _event(message) -> Event:
    headers = {name: value.decode() for name, value in message.headers() or []}
    return Event(
        message.topic(),
        message.partition(),
        message.offset(),
        (message.key() or b"").decode(),
        message.value() or b"",
        headers,
    )
