"""One seed on the stage: a space of its own, two relays and an ingest, load, and the faults."""

import contextlib
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from chaos.broker import AS_LAID_OUT_BYTES, trusting_producers
from chaos.hanging import hang_next_transaction
from chaos.sampler import Sampler
from chaos.schedule import RELAYS, Fault, Schedule
from chaos.servers import Servers
from support.broker import limit_messages
from support.checker import Submission
from support.frames import KafkaFrames
from support.load import Load
from support.request_gate import RequestGate
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
        self._opened = contextlib.ExitStack()
        self._gate = self._make_gate()
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
            limit_messages(self.space.stack, self.space.topics, POISON_BYTES)
        if self._gate:
            self._opened.enter_context(trusting_producers(self.space.stack))
            self._opened.enter_context(self._gate)
        self._start_all()
        with self.sampler:
            try:
                self._play()
            finally:
                self._heal()
            return self.load.stop(within_s=60)

    def close(self) -> None:
        """Once no process is left that needs its way to Kafka."""
        self._opened.close()

    def _make_gate(self) -> RequestGate | None:
        """The way to Kafka of a relay whose transactions are to hang."""
        if not any(fault.kind == "hang relay" for fault in self._schedule.faults):
            return None
        kafka = self.space.stack.kafka
        port = int(kafka.rsplit(":", 1)[1])
        gate = RequestGate(kafka, lambda own: KafkaFrames((port, own)))
        self._cast[RELAYS[0]].settings["KAFKA_BROKERS"] = gate.address
        return gate

    def end(self) -> None:
        """Processes stop as they should. Raises when one does not."""
        self.sampler.look()
        with ThreadPoolExecutor(len(self._cast)) as ending:
            list(ending.map(lambda server: server.stop(), self._cast.values()))
        limit_messages(self.space.stack, self.space.topics, AS_LAID_OUT_BYTES)

    def _start_all(self) -> None:
        with ThreadPoolExecutor(len(self._cast)) as starting:
            list(starting.map(lambda server: server.start(), self._cast.values()))

    def _play(self) -> None:
        begun = time.monotonic()
        coming = sorted(self._schedule.faults, key=lambda fault: fault.at_s)
        changes = list(self._schedule.changes)
        going: list[tuple[float, Fault]] = []
        with self.load, ThreadPoolExecutor(1) as operator:
            while time.monotonic() - begun < self._schedule.load_s or coming or going:
                now = time.monotonic() - begun
                while changes and changes[0][0] <= now:
                    operator.submit(self._change_lanes, changes.pop(0)[1])
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

    def _change_lanes(self, lanes: int) -> None:
        """What is in the way of it (events wait, are in quarantine, Postgres is away) is told."""
        options = ("--wait", "2", "--reason", "a campaign")
        self.space.run("lanes", "set", str(lanes), *options, timeout_s=120)

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
        elif verb == "hang":
            hang_next_transaction(self._gate, server.kill)

    def _end(self, fault: Fault) -> None:
        server = self._cast.get(fault.target)
        if server is None:
            self._servers.go_on(fault.target)
            return
        _signal(server, signal.SIGCONT)
        if fault.kind.split()[0] == "hang":
            self._gate.heal()
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
