"""Taking records: how many a second, how late, and what a commit costs."""

import json
import subprocess
from dataclasses import asdict

from support.server import Server
from support.waiting import until

from measures.bars import Outcome
from measures.load import load
from measures.places import Places
from measures.processes import Processor, memory_mb
from measures.samples import ACCEPTED, PUBLISHED, gained, mean, quantile

NO_BROKER = "127.0.0.1:1"


def inserts(places: Places, outcome: Outcome) -> None:
    """Multi-row inserts against the append."""
    found = _insert_rows(places, "--rounds", "2" if outcome.quick else "5")
    outcome.note("multi-row inserts", **found)
    outcome.bar(
        "appends of the same shape, to multi-row inserts",
        found["append_rows_per_s"] / found["insert_rows_per_s"],
        ">=",
        0.5,
        "x",
    )
    outcome.bar(
        "append by one connection alone, to a bare commit",
        found["append_one_p50_us"] / found["bare_commit_p50_us"],
        "<=",
        2,
        "x",
    )


def _insert_rows(places: Places, *options: str) -> dict[str, float]:
    program = places.stack.binary.parents[2] / "bench" / "insert_rows"
    done = subprocess.run([program, *options], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"insert_rows: {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def without_kafka(places: Places, outcome: Outcome) -> None:
    space = places.make("ingest").prepare(topics=False, lanes=None)
    try:
        server = Server(space, KAFKA_BROKERS=NO_BROKER).start()
        _ingest(server, outcome, "ingest, Kafka down", 15_000)
        _beside_inserts(places, server, outcome)
    finally:
        space.close()


def _beside_inserts(places: Places, server: Server, outcome: Outcome) -> None:
    """Ingest and multi-row inserts of the same rows take turns: both meet the same machine."""
    taken, inserted = [], []
    for _ in range(3 if outcome.quick else 8):
        found = _insert_rows(places, "--only", "insert", "--rounds", "2")
        inserted.append(found["insert_rows_per_s"])
        before = server.metrics()
        answers = load(f"{server.url}/v1/ingest", connections=64, seconds=3)
        taken.append(gained(before, server.metrics(), ACCEPTED) / answers.seconds)
    outcome.bar(
        "ingest, Kafka down, to multi-row inserts", sum(taken) / sum(inserted), ">=", 0.5, "x"
    )
    outcome.note("ingest and multi-row inserts in turn", taken=taken, inserted=inserted)


def with_relay(server: Server, outcome: Outcome) -> None:
    _ingest(server, outcome, "ingest, relay publishing", 10_000)
    outcome.bar("memory of serve under that load", memory_mb(server.pid, "VmHWM"), "<", 150, "MB")


def _ingest(server: Server, outcome: Outcome, subject: str, wanted: float) -> float:
    url = f"{server.url}/v1/ingest"
    load(url, connections=64, seconds=2)
    before = server.metrics()
    processor = Processor(server.space, server.pid)
    answers = load(url, connections=64, seconds=5 if outcome.quick else 12)
    cores = processor.shares()
    after = server.metrics()
    accepted = gained(before, after, ACCEPTED)
    rate = accepted / answers.seconds
    outcome.bar(f"{subject}, accepted", rate, ">=", wanted, "/s")
    outcome.bar(f"{subject}, p99", answers.p99_ms, "<", 20, "ms")
    outcome.note(
        subject,
        **{**asdict(answers), "statuses": _statuses(before, after)},
        rows_a_group=mean(before, after, "exchange_ingest_group_rows"),
        commit_p50_ms=quantile(before, after, "exchange_ingest_commit_seconds", 0.5) * 1e3,
        commit_mean_ms=mean(before, after, "exchange_ingest_commit_seconds") * 1e3,
        rows_a_window=mean(before, after, "exchange_relay_window_rows"),
        published_meanwhile=int(gained(before, after, PUBLISHED)),
        bundles_meanwhile=int(gained(before, after, "exchange_raw_store_bundles_total")),
        **costs({**cores, "client": round(answers.client_cpu, 3)}, rate),
    )
    return rate


def costs(cores: dict[str, float], rate: float) -> dict[str, dict[str, float]]:
    """Processor time in all, what others had meanwhile, and how much of ours a record took."""
    ours = {who: used for who, used in cores.items() if who != "machine"}
    others = round(cores["machine"] - sum(ours.values()), 3)
    each = {who: round(used / rate * 1e6, 1) for who, used in ours.items()}
    each["sum"] = round(sum(each.values()), 1)
    return {"cores": {**ours, "others": others}, "us_a_record": each}


def _statuses(before: dict, after: dict) -> dict[str, int]:
    """The server's own count of answers."""
    prefix = 'exchange_ingest_requests_total{outcome="'
    seen = {name: gained(before, after, name) for name in after if name.startswith(prefix)}
    return {name[len(prefix) : -2]: int(count) for name, count in seen.items() if count}


def crowds(server: Server, outcome: Outcome) -> None:
    """Many connections: nothing but 202 and a polite 503, and memory that stays."""
    for connections in (128, 1000):
        url = f"{server.url}/v1/ingest"
        seconds = 2 if outcome.quick else 5
        load(url, connections=connections, seconds=2)
        rested(server)
        before = memory_mb(server.pid, "VmRSS")
        answers = load(url, connections=connections, seconds=seconds, options=("count",))
        rested(server)
        after = memory_mb(server.pid, "VmRSS")
        subject = f"{connections} connections"
        bad = sum(n for status, n in answers.statuses.items() if status not in ("202", "503"))
        bad += answers.rude + answers.socket_errors + answers.timeouts
        outcome.bar(f"{subject}, answers other than 202 or a polite 503", bad, "<=", 0, "")
        outcome.bar(f"{subject}, memory after to before", after / before, "<=", 1.1, "x")
        outcome.note(subject, **asdict(answers), memory_before_mb=before, memory_after_mb=after)


def rested(server: Server) -> None:
    """Waits until all that was accepted is published."""

    def done() -> bool:
        samples = server.metrics()
        return samples.get(PUBLISHED, 0) >= samples.get(ACCEPTED, 0)

    until(done, within_s=120, what="the relay has caught up", pause_s=0.2)
