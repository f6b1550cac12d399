"""Faults on chosen messages between the exchange and its servers, and the checker. Run by
./dev chaos requests."""

import argparse
import contextlib
import itertools
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from support.evidence import check_space
from support.frames import HttpFrames, KafkaFrames, PostgresFrames
from support.load import Load
from support.request_gate import RequestGate, Rule
from support.server import Server
from support.space import Space
from support.stack import Stack
from support.waiting import until

# Messages by server: what commits, what orders, what stores.
MESSAGES = {
    "kafka": [
        (side, kind)
        for kind in ("EndTxn", "Produce", "AddPartitionsToTxn", "InitProducerId")
        for side in ("request", "response")
    ],
    "postgres": [
        ("request", "append_records"),
        ("response", "SELECT"),
        ("request", "commit_transaction"),
        ("response", "COMMIT"),
        ("request", "renew_lease"),
    ],
    "s3": [("request", "PUT"), ("response", "PUT")],
}
ACTIONS = ("drop", "delay", "reset", "cut")
# Sent only when a lane is taken: the process is started anew.
AT_START = frozenset({"InitProducerId"})
SETTINGS = {"LEASE_TTL_MS": 500, "RELAY_POLL_MS": 10, "COMMIT_TIMEOUT_MS": 1500}
# How long a loss lasts before the network is well again.
LOST_S = 0.7


class Gates:
    """One exchange of a space whose every connection goes through a gate, and load on it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.space = Space(stack, "requests", folder).prepare()
        port = int(stack.kafka.rsplit(":", 1)[1])
        self.of = {
            "kafka": RequestGate(stack.kafka, lambda own: KafkaFrames((port, own))),
            "postgres": RequestGate(self.space.pg_address(), lambda _: PostgresFrames()),
            "s3": RequestGate(stack.s3.removeprefix("http://"), lambda _: HttpFrames()),
        }
        self.server = Server(
            self.space,
            KAFKA_BROKERS=self.of["kafka"].address,
            DATABASE_URL=self.space.database_url(self.of["postgres"].address),
            S3_ENDPOINT=f"http://{self.of['s3'].address}",
            **SETTINGS,
        )
        self.urls: list[str] = []
        self.load = Load(lambda: self.urls or [self.server.url], clients=4)

    def __enter__(self) -> "Gates":
        self.server.start()
        self.load.__enter__()
        self.load.wait_for(10)
        return self

    def __exit__(self, *_: object) -> None:
        for gate in self.of.values():
            gate.heal()
        try:
            with contextlib.suppress(AssertionError):
                self.load.stop()
            self.space.close()
        finally:
            for gate in self.of.values():
                gate.end()

    def meet(self, server: str, rule: Rule) -> None:
        """The fault happens, ends, and the exchange works again."""
        gate = self.of[server]
        gate.set(rule)
        if rule.kind in AT_START:
            self.server.kill()
            self.server.start()
        assert gate.fired.wait(20), f"{rule}: no such message within 20 s"
        if rule.action == "drop":
            gate.fired.clear()
            gate.fired.wait(LOST_S)
        gate.heal()
        self.wait_for_published(5, after=str(rule))

    def check(self) -> None:
        submissions = self.load.stop()
        check_space(self.space, submissions).demand_clean()

    def wait_for_published(self, more: int, *, after: str = "now") -> None:
        goal = self._published() + more
        until(
            lambda: self._published() >= goal,
            within_s=30,
            what=f"{more} events are published after: {after}",
        )

    def _published(self) -> int:
        return self.space.rows("SELECT coalesce(sum(row_count), 0) FROM published")[0][0]


def make_rules(server: str, hits: Iterable[int], actions: Iterable[str]) -> list[Rule]:
    return [
        Rule(side, kind, hit, action)
        for (side, kind), hit, action in itertools.product(MESSAGES[server], hits, actions)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev chaos requests")
    parser.add_argument("--hits", type=int, default=3, help="each message's first so many")
    parser.add_argument("--server", action="append", choices=list(MESSAGES), help="repeatable")
    parser.add_argument("--results", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    stack = Stack.from_environment()
    met, wrong = 0, []
    for server in asked.server or MESSAGES:
        rules = make_rules(server, range(1, asked.hits + 1), ACTIONS)
        # Few a space, so that what is checked in the end is small and near its cause.
        for part in _parts(rules):
            met += len(part)
            with tempfile.TemporaryDirectory(prefix="exchange-requests-") as folder:
                fault = _play(stack, Path(folder), server, part)
            if fault:
                wrong.append(fault)
            print(f"{server}: {part[0]} … {part[-1]}: {fault or 'ok'}", flush=True)
    print(f"{met} faults; violations: {'; '.join(wrong) or 'none'}")
    return 1 if wrong else 0


def _parts(rules: list[Rule]) -> list[list[Rule]]:
    return [rules[at : at + 12] for at in range(0, len(rules), 12)]


def _play(stack: Stack, folder: Path, server: str, rules: list[Rule]) -> str:
    try:
        with Gates(stack, folder) as gates:
            for rule in rules:
                gates.meet(server, rule)
            gates.check()
    except AssertionError as fault:
        return str(fault)
    return ""


if __name__ == "__main__":
    sys.exit(main())
