"""Makes a transaction hang: its records are in a partition of which no coordinator knows."""

from collections.abc import Callable

from support.frames import partitions_added
from support.request_gate import RequestGate, Rule


def hang_next_transaction(gate: RequestGate, kill: Callable[[], None]) -> None:
    """The next request to add partitions never arrives, but is answered; and the producer is killed
    before its next transaction ends. The broker must trust producers (chaos.broker). Where another
    transaction ends first, it is a kill like any other."""
    gate.set(
        Rule("request", "AddPartitionsToTxn", 1, "answer", reply=partitions_added),
        on_fire=lambda: gate.set(Rule("request", "EndTxn", 1, "drop"), on_fire=kill),
    )
