"""Settings of the broker that a campaign changes while it runs."""

import contextlib
from collections.abc import Iterator

from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from support.stack import Stack

BROKER_ID = "1"
# As contracts/topics.toml has it.
AS_LAID_OUT_BYTES = 1048576


def limit_messages(stack: Stack, topics: tuple[str, ...], most: int) -> None:
    for topic in topics:
        _alter(stack, ResourceType.TOPIC, topic, "max.message.bytes", str(most))


@contextlib.contextmanager
def trusting_producers(stack: Stack) -> Iterator[None]:
    """The broker asks the coordinator whether a partition is part of the transaction that a
    producer writes. In here it does not, so that a transaction can be made to hang in a partition
    of which the coordinator was never told."""
    name = "transaction.partition.verification.enable"
    _alter(stack, ResourceType.BROKER, BROKER_ID, name, "false")
    try:
        yield
    finally:
        _alter(stack, ResourceType.BROKER, BROKER_ID, name, "true")


def _alter(stack: Stack, kind: ResourceType, resource: str, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    changes = [ConfigResource(kind, resource, incremental_configs=[entry])]
    for altered in admin.incremental_alter_configs(changes).values():
        altered.result(timeout=20)
