"""One seed on the stage: a space of its own, two relays and an ingest, load, and the faults."""

import contextlib
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from chaos.sampler import Sampler
from chaos.schedule import RELAYS, Fault, Schedule
from chaos.servers import Servers
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from support.checker import Submission
from support.load import Load
from support.server import Server
from support.space import Space
from support.waiting import until

SAMPLED = (
    "exchange_relay_fenced_total",
    "exchange_relay_repaired_partitions_total",
    "exchange_ingest_waited_repeats_total",
)
# Below the events of poisonous records (support/load.py), above all others.
POISON_BYTES = 1150
RECORDS_LEAST = 150
TICK_S = 0.02


class Scene:
    def __init__(self, space: Space, schedule: Schedule, servers: Servers, mode: str) -> None:
        self.space = space
        self._schedule = schedule
        self._servers = servers
        settings: dict[str, object] = {**schedule.settings, "RELAY_MODE": mode}
        self._cast = {name: Server(space, name, "relay", **settings) for name in RELAYS}
        self._cast["ingest"] = Server(space, "ingest", "ingest", **settings)
        self.sampler = Sampler(list(self._cast.values()), SAMPLED)
        self.load = Load(
            lambda: [self._cast["ingest"].url],
            clients=schedule.clients,
            twins_every=schedule.twins_every,
            poison_every=schedule.poison_every,
        )

    def play(self) -> list[Submission]:
        """To the end of the load, with every process and server well again."""
        if self._schedule.poison_every:
            limit_messages(self.space, POISON_BYTES)
        self._start_all()
        with self.sampler:
            try:
                self._play()
            finally:
                self._heal()
            return self.load.stop(within_s=60)

    def end(self) -> None:
        """Processes stop as they should. Raises when one does not."""
        self.sampler.look()
        with ThreadPoolExecutor(len(self._cast)) as ending:
            list(ending.map(lambda server: server.stop(), self._cast.values()))

    def _start_all(self) -> None:
        with ThreadPoolExecutor(len(self._cast)) as starting:
            list(starting.map(lambda server: server.start(), self._cast.values()))

    def _play(self) -> None:
        begun = time.monotonic()
        coming = sorted(self._schedule.faults, key=lambda fault: fault.at_s)
        going: list[tuple[float, Fault]] = []
        with self.load:
            while time.monotonic() - begun < self._schedule.load_s or coming or going:
                now = time.monotonic() - begun
                while coming and coming[0].at_s <= now:
                    fault = coming.pop(0)
                    self._begin(fault)
                    going.append((now + fault.for_s, fault))
                for over in [pair for pair in going if pair[0] <= now]:
                    going.remove(over)
                    self._end(over[1])
                self._revive_crashed()
                time.sleep(TICK_S)
            self._heal()
            # On a busy machine the faults may be over before much was sent.
            until(
                lambda: self.load.acknowledged() >= RECORDS_LEAST,
                within_s=60,
                what=f"{RECORDS_LEAST} records are acknowledged",
            )
            self.load.stop(within_s=60)

    def _begin(self, fault: Fault) -> None:
        verb = fault.kind.split()[0]
        server = self._cast.get(fault.target)
        if server is None:
            {"kill": self._servers.kill, "stop": self._servers.stop}[verb](fault.target)
        elif verb == "kill":
            server.kill()
        elif verb in ("stop", "outlive"):
            _signal(server, signal.SIGSTOP)
        elif verb == "end":
            _signal(server, signal.SIGTERM)
        elif verb == "crash":
            server.kill()

    def _end(self, fault: Fault) -> None:
        server = self._cast.get(fault.target)
        if server is None:
            self._servers.go_on(fault.target)
            return
        _signal(server, signal.SIGCONT)
        if fault.kind.split()[0] == "crash":
            self._restart(server, EXCHANGE_FAILPOINTS=fault.failpoint)

    def _revive_crashed(self) -> None:
        """A process that ended by itself or by a fault that is over, and was not started again."""
        for server in self._cast.values():
            if not server.runs():
                self._restart(server)

    def _restart(self, server: Server, **changes: str) -> None:
        if server.runs():
            return
        server.settings.pop("EXCHANGE_FAILPOINTS", None)
        server.settings.update(changes)
        # Postgres may be away: then it listens and waits.
        server.start(ready=False)

    def _heal(self) -> None:
        for server in self._cast.values():
            _signal(server, signal.SIGCONT)
        self._servers.heal()
        self._revive_crashed()


def _signal(server: Server, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        server.send_signal(number)


def limit_messages(space: Space, most: int) -> None:
    admin = AdminClient({"bootstrap.servers": space.stack.kafka})
    entry = ConfigEntry("max.message.bytes", str(most), incremental_operation=AlterConfigOpType.SET)
    resources = [
        ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        for topic in space.topics
    ]
    for altered in admin.incremental_alter_configs(resources).values():
        altered.result(timeout=10)
