"""Makes a transaction hang: its records are in a partition of which no coordinator knows."""

from collections.abc import Callable

from support.frames import partitions_added
from support.request_gate import EVERY, RequestGate, Rule


def hang_next_transaction(gate: RequestGate, kill: Callable[[], None]) -> None:
    """The next request to add partitions never arrives, but is answered; and the producer is killed
    before any transaction ends: a commit that left the partition out would be a broker's breach of
    its word, not a crash. The broker must trust producers (chaos.broker). Where another transaction
    would end first, it is a kill like any other."""
    gate.set(
        Rule("request", "AddPartitionsToTxn", 1, "answer", reply=partitions_added),
        on_fire=lambda: gate.set(Rule("request", "EndTxn", EVERY, "drop"), on_fire=kill),
    )
