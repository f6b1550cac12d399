"""Settings of the broker that a campaign changes while it runs."""

import contextlib
from collections.abc import Iterator

from confluent_kafka.admin import ConfigResource
from support.broker import alter
from support.stack import Stack

BROKER_ID = "1"
# As contracts/topics.toml has it.
AS_LAID_OUT_BYTES = 1048576


@contextlib.contextmanager
def trusting_producers(stack: Stack) -> Iterator[None]:
    """The broker asks the coordinator whether a partition is part of the transaction that a
    producer writes. In here it does not, so that a transaction can be made to hang in a partition
    of which the coordinator was never told."""
    name = "transaction.partition.verification.enable"
    alter(stack, ConfigResource.Type.BROKER, BROKER_ID, name, "false")
    try:
        yield
    finally:
        alter(stack, ConfigResource.Type.BROKER, BROKER_ID, name, "true")
