"""Settings of the broker that a test changes while it runs."""

from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from support.stack import Stack
from support.waiting import until


def limit_messages(stack: Stack, topics: tuple[str, ...], most: int) -> None:
    """What one message may have at most, in bytes."""
    for topic in topics:
        alter(stack, ConfigResource.Type.TOPIC, topic, "max.message.bytes", str(most))


def alter(stack: Stack, kind: ConfigResource.Type, resource: str, name: str, value: str) -> None:
    """Returns when the broker tells the new value: the controller, which takes the change, answers
    before the broker has learnt of it."""
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    change = ConfigResource(kind, resource, incremental_configs=[entry])
    for altered in admin.incremental_alter_configs([change]).values():
        altered.result(timeout=20)

    def told() -> bool:
        (described,) = admin.describe_configs([ConfigResource(kind, resource)]).values()
        return described.result(timeout=20)[name].value == value

    until(told, within_s=20, what=f"{name} of {resource} is {value}")
