"""Plays one seed and judges it."""

import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from chaos.scene import Scene
from chaos.schedule import make_schedule
from chaos.servers import Servers
from support.checker import Evidence, check
from support.events import read_events
from support.evidence import collect, settled, sweep
from support.reader import effects_of_space
from support.space import PARTITIONS, Space
from support.stack import Stack

# What a campaign must have met, or it has shown nothing.
SOMETIMES = (
    "takeover",
    "fence",
    "abort",
    "repair",
    "plan finished by a later owner",
    "row passed over by its tail",
    "quarantine",
    "orphan swept",
    "repeat that waited for its first",
    "change of lanes",
)

EPOCHS = "SELECT count(DISTINCT (lane, epoch)) - count(DISTINCT lane) FROM windows"
FINISHED = """
SELECT w.lane, w.from_id, w.to_id, w.epoch
  FROM windows w JOIN published p ON p.lane = w.lane AND p.to_id = w.to_id
 WHERE p.epoch > w.epoch
"""


@dataclass
class SeedResult:
    seed: int
    seconds: float = 0
    records: int = 0
    counters: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)


def play_seed(stack: Stack, seed: int, folder: Path, mode: str) -> SeedResult:
    result = SeedResult(seed)
    begun = time.monotonic()
    space = Space(stack, f"chaos{seed}", folder)
    try:
        scene = Scene(space.prepare(), make_schedule(seed), Servers(stack), mode)
        with contextlib.closing(scene):
            _play(scene, result, mode)
    except AssertionError as fault:
        result.violations["stuck"] += 1
        result.told.append(f"stuck: {fault}")
    finally:
        result.seconds = time.monotonic() - begun
        _close(space, result)
    return result


def _play(scene: Scene, result: SeedResult, mode: str) -> None:
    submissions = scene.play()
    settled(scene.space, within_s=60)
    scene.end()
    swept = sweep(scene.space)
    evidence = collect(scene.space)
    report = check(submissions, evidence, drop_copies=mode == "idempotent")
    for kind, texts in report.violations.items():
        result.violations[kind] += len(texts)
        result.told += [f"{kind}: {text}" for text in texts[:3]]
    _check_effects(scene.space, evidence, result)
    result.records = len(submissions)
    result.counters = _counters(scene, evidence)
    result.counters["orphan swept"] = swept


def _check_effects(space: Space, evidence: Evidence, result: SeedResult) -> None:
    """The reference consumer takes each announced record once."""
    taken = Counter(effects_of_space(space))
    wanted = Counter(
        row.record_id for row in evidence.ledger if row.outbox_id not in evidence.quarantined
    )
    for record in (taken - wanted) | (wanted - taken):
        result.violations["effects"] += 1
        result.told.append(f"effects: {record} took effect {taken[record]} times")


def _counters(scene: Scene, evidence: Evidence) -> Counter[str]:
    sampled = scene.sampler.totals()
    space = scene.space
    finished = space.rows(FINISHED)
    everything = read_events(space.stack.kafka, space.topics, PARTITIONS, committed=False)
    lanes = {row.outbox_id: row.lane for row in evidence.ledger}
    return Counter(
        {
            "takeover": int(space.rows(EPOCHS)[0][0]),
            "fence": sampled["exchange_relay_fenced_total"],
            "abort": len(everything) - len(evidence.events),
            "repair": sampled["exchange_relay_repaired_partitions_total"],
            "plan finished by a later owner": len(finished),
            "row passed over by its tail": _passed_over(evidence.events, finished, lanes),
            "quarantine": len(evidence.quarantined),
            "repeat that waited for its first": sampled["exchange_ingest_waited_repeats_total"],
            "change of lanes": space.rows("SELECT count(*) - 1 FROM lane_layouts")[0][0],
            "repeat": scene.load.repeats,
        }
    )


def _passed_over(events, finished, lanes: dict[int, int]) -> int:
    """Rows of a window that its planner brought into Kafka and a later owner recorded."""
    epochs = {(lanes.get(e.number("x-id")), e.number("x-id")): e.number("x-epoch") for e in events}
    return sum(
        1
        for lane, after, to, epoch in finished
        for (of, number), written in epochs.items()
        if of == lane and after < number <= to and written <= epoch
    )


def _close(space: Space, result: SeedResult) -> None:
    try:
        space.close()
    except AssertionError as fault:
        result.violations["ended badly"] += 1
        result.told.append(f"ended badly: {str(fault)[:500]}")
