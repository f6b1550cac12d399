"""What a seed does: settings of the processes, load, and faults in time. Pure."""

import random
from dataclasses import dataclass, replace

RELAYS = ("relay-0", "relay-1")

# Places where a relay is made to crash; which there are is asked of a run that counts hits
# (tests/chaos/test_failpoints.py).
RELAY_SITES = (
    "relay/opened",
    "relay/loaded",
    "relay/tails-read",
    "relay/finish-plan",
    "relay/window-read",
    "relay/put-done",
    "relay/bundles-stored",
    "relay/planned",
    "kafka/handed-over",
    "kafka/commit",
    "kafka/committed",
    "relay/sent",
    "relay/recorded",
    "lease/acquired",
    "lease/renewed",
)

# A broker that trusts producers, as a transaction that hangs needs it, takes what a former owner
# sends late. So these two do not meet.
SENDS_LATE = frozenset({"outlive lease", "stop relay", "stop kafka"})

# How likely each kind is beside the others. A broker takes seconds to come back, so it is killed
# more rarely.
WEIGHTS = {
    "kill relay": 4.0,
    "crash relay": 5.0,
    "stop relay": 1.0,
    "outlive lease": 3.0,
    "end relay": 1.0,
    "hang relay": 2.0,
    "kill ingest": 2.0,
    "stop ingest": 1.0,
    "kill postgres": 1.5,
    "stop postgres": 1.0,
    "kill s3": 1.0,
    "stop s3": 1.0,
    "kill kafka": 0.4,
    "stop kafka": 0.8,
}


@dataclass(frozen=True)
class Fault:
    """`kind` at `at_s` of the load. `target` is a process of the exchange or a server; `for_s` is
    how long it stays stopped or dead (servers that are killed come back by themselves)."""

    at_s: float
    kind: str
    target: str
    for_s: float = 0.0
    failpoint: str = ""

    def __str__(self) -> str:
        told = f"{self.at_s:.2f}s {self.kind} ({self.target}, {self.for_s:.2f}s)"
        return f"{told} {self.failpoint}" if self.failpoint else told


@dataclass(frozen=True)
class Schedule:
    seed: int
    settings: dict[str, int]
    clients: int
    # Every n-th record is sent by two clients at once; every n-th is one that Kafka refuses.
    twins_every: int
    poison_every: int
    load_s: float
    faults: tuple[Fault, ...]
    # When the number of lanes is changed, and to which.
    changes: tuple[tuple[float, int], ...] = ()

    def lease_s(self) -> float:
        return self.settings["LEASE_TTL_MS"] / 1000


def make_schedule(seed: int) -> Schedule:
    draw = random.Random(seed)
    settings = {
        "LEASE_TTL_MS": draw.choice([500, 1000, 1500]),
        "RELAY_POLL_MS": draw.choice([5, 20, 50]),
        "WINDOW_ROWS_MAX": draw.choice([1, 3, 20, 200, 2000]),
        "GROUP_ROWS_MAX": draw.choice([1, 4, 256]),
        "COMMIT_TIMEOUT_MS": 2000,
    }
    faults = _make_faults(draw, settings["LEASE_TTL_MS"] / 1000)
    schedule = Schedule(
        seed=seed,
        settings=settings,
        clients=draw.choice([3, 8, 16]),
        twins_every=draw.choice([0, 3, 7]),
        poison_every=draw.choice([0, 0, 40]),
        load_s=faults[-1].at_s + faults[-1].for_s + draw.uniform(0.2, 0.6),
        faults=tuple(faults),
    )
    return replace(schedule, changes=_make_changes(draw, schedule))


def _make_changes(draw: random.Random, schedule: Schedule) -> tuple[tuple[float, int], ...]:
    """Of every third seed. Not where transactions hang: a new owner cannot end one that a lane
    before left open."""
    hangs = any(fault.kind == "hang relay" for fault in schedule.faults)
    if hangs or draw.randint(1, 3) > 1:
        return ()
    times = sorted(draw.uniform(0.2, schedule.load_s) for _ in range(draw.randint(1, 3)))
    return tuple((at_s, draw.choice([1, 2, 4, 8])) for at_s in times)


def _make_faults(draw: random.Random, lease_s: float) -> list[Fault]:
    # Few kinds a seed: what meets each other repeatedly finds more than a bit of everything.
    kinds = draw.sample(list(WEIGHTS), draw.randint(3, 8))
    if "hang relay" in kinds:
        kinds = [kind for kind in kinds if kind not in SENDS_LATE]
    if not any("relay" in kind or "lease" in kind for kind in kinds):
        kinds.append("kill relay")
    weights = [WEIGHTS[kind] for kind in kinds]
    faults, at_s = [], draw.uniform(0.2, 0.5)
    for _ in range(draw.randint(2, 5)):
        kind = draw.choices(kinds, weights)[0]
        fault = _make_fault(draw, kind, at_s, lease_s)
        faults.append(fault)
        # Half of the faults begin before the one before has ended.
        at_s += draw.uniform(0.1, 0.8) + draw.choice([0.0, fault.for_s])
    return faults


def _make_fault(draw: random.Random, kind: str, at_s: float, lease_s: float) -> Fault:
    target = draw.choice(RELAYS) if "relay" in kind or "lease" in kind else kind.split()[1]
    if kind == "hang relay":
        return Fault(at_s, kind, RELAYS[0], draw.uniform(0.4, 0.8))
    if kind == "outlive lease":
        return Fault(at_s, kind, target, lease_s * draw.uniform(1.2, 2.2))
    if kind == "crash relay":
        site = f"{draw.choice(RELAY_SITES)}=crash@{draw.choice([1, 2, 3, 5, 10, 30])}"
        return Fault(at_s, kind, target, draw.uniform(0.0, 0.4), site)
    return Fault(at_s, kind, target, draw.uniform(0.05, 0.8))
