"""Publishing: how late an event is, and how fast a backlog goes."""

import contextlib
import json
import resource
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict

import psycopg
from support.server import Server
from support.space import Space
from support.waiting import until

from measures.bars import Outcome
from measures.commits import Commits
from measures.ingest import costs
from measures.load import load, load_at
from measures.places import Places
from measures.processes import Processor, answers_from_postgres, memory_mb
from measures.samples import ACCEPTED, gained, mean, quantile, step_ms

PACE = 300
LATENCY = "exchange_relay_publish_seconds"
RECORDED = "SELECT coalesce(sum(row_count), 0), max(published_at) FROM published"


def paced(server: Server, commits: Commits, outcome: Outcome) -> None:
    """Commit to acknowledgement at a steady pace."""
    earlier = len(commits.to_acknowledged_ms())
    before = server.metrics()
    processor = Processor(server.space, server.pid)
    answers = load_at(f"{server.url}/v1/ingest", PACE, seconds=8 if outcome.quick else 20)
    cores = processor.shares()
    time.sleep(1)
    after = server.metrics()
    ages = commits.to_acknowledged_ms(earlier)
    outcome.bar("commit to acknowledgement, p50", statistics.median(ages), "<", 3, "ms")
    # Of all, and with the commit: there are too few traces for it.
    p50, p99 = (quantile(before, after, LATENCY, share) * 1e3 for share in (0.5, 0.99))
    outcome.bar("append to acknowledgement, p99", p99, "<", 30, "ms")
    outcome.note(
        "commit to acknowledgement",
        records_a_second=answers.requests / answers.seconds,
        published=int(gained(before, after, f"{LATENCY}_count")),
        traced=len(ages),
        append_to_acknowledgement_p50_ms=p50,
        step_ms=step_ms(before, after),
        rows_a_window=mean(before, after, "exchange_relay_window_rows"),
        answered_p50_ms=answers.p50_ms,
        answered_p99_ms=answers.p99_ms,
        statuses=answers.statuses,
        **costs(cores, answers.requests / answers.seconds),
    )


def backlog(places: Places, outcome: Outcome) -> None:
    """The same backlog in both modes, one after the other."""
    rates = {}
    for mode in ("idempotent", "transactional"):
        space = places.make("backlog").prepare(lanes=None)
        try:
            rows = _fill(space, outcome, 50_000 if outcome.quick else 200_000)
            rates[mode] = _drain(space, outcome, rows, mode)
            if mode == "transactional":
                _reconcile(space, outcome, rows)
        finally:
            space.close()
    share = rates["transactional"] / rates["idempotent"]
    outcome.bar("backlog, transactional to idempotent", share, ">=", 0.8, "x")


def _fill(space: Space, outcome: Outcome, wanted: int) -> int:
    """Ingest alone, and what its groups cost Postgres."""
    with _resting_postgres(space):
        return _fill_and_count(space, outcome, wanted)


@contextlib.contextmanager
def _resting_postgres(space: Space) -> Iterator[None]:
    """Without the syncs that are no group's: its WAL writer flushes five times a second whatever is
    there, and vacuum commits."""
    resting = {"wal_writer_delay": "'10s'", "autovacuum": "off"}
    try:
        with space.database() as admin:
            for name, value in resting.items():
                admin.execute(f"ALTER SYSTEM SET {name} = {value}")
            admin.execute("SELECT pg_reload_conf()")
            admin.execute("CHECKPOINT")
        yield
    finally:
        with space.database() as admin:
            for name in resting:
                admin.execute(f"ALTER SYSTEM RESET {name}")
            admin.execute("SELECT pg_reload_conf()")


def _fill_and_count(space: Space, outcome: Outcome, wanted: int) -> int:
    # What a first start writes is no group's.
    Server(space, "first", roles="ingest").start().stop()
    syncs_before, segments_before = _wal_syncs(space), _wal_segments(space)
    server = Server(space, "ingest", roles="ingest").start()
    answers = []
    heard_before, before = answers_from_postgres(server.pid, space), server.metrics()
    while sum(answer.requests for answer in answers) < wanted:
        answers.append(load(f"{server.url}/v1/ingest", connections=64, seconds=2, body_bytes=512))
        time.sleep(0.1)
    heard = answers_from_postgres(server.pid, space) - heard_before
    after = server.metrics()
    server.stop()
    syncs = _wal_syncs(space) - syncs_before
    # Each is synced once more when it is full.
    segments = _wal_segments(space) - segments_before
    groups = gained(before, after, "exchange_ingest_group_rows_count")
    rows = int(gained(before, after, ACCEPTED))
    outcome.bar("WAL syncs a group", (syncs - segments) / groups, "<=", 1, "")
    # The few that open a connection are of no group; wrk's end may cut one answer in two.
    outcome.bar("round trips a group", round(heard / groups, 2), "<=", 1, "")
    outcome.note(
        "ingest alone, 512 B",
        rows=rows,
        groups=int(groups),
        rows_a_group=rows / groups,
        wal_syncs=syncs,
        full_wal_segments=segments,
        answers_from_postgres=heard,
        accepted_a_second=rows / sum(answer.seconds for answer in answers),
        last=asdict(answers[-1]),
    )
    return rows


def _wal_syncs(space: Space) -> int:
    """Sessions report when they end, so ask when they have."""
    time.sleep(1)
    return space.rows("SELECT wal_sync FROM pg_stat_wal")[0][0]


def _wal_segments(space: Space) -> int:
    return int(
        space.rows(
            "SELECT div(pg_current_wal_lsn() - '0/0', setting::numeric) FROM pg_settings "
            "WHERE name = 'wal_segment_size'"
        )[0][0]
    )


def _drain(space: Space, outcome: Outcome, rows: int, mode: str) -> float:
    begun = time.monotonic()
    started_at = space.rows("SELECT clock_timestamp()")[0][0]
    server = Server(space, "relay", roles="relay", RELAY_MODE=mode).start()
    processor = Processor(space, server.pid)
    with space.database() as watch:
        until(lambda: _recorded(watch) >= rows, within_s=120, what="the backlog is published")
        took = time.monotonic() - begun
        cores = processor.shares()
        last_at = watch.execute(RECORDED).fetchone()[1]
        first_at = watch.execute("SELECT min(published_at) FROM published").fetchone()[0]
    samples = server.metrics()
    steady = (last_at - first_at).total_seconds()
    steady_rate = rows / steady if steady else 0.0
    outcome.bar(f"backlog, {mode}", rows / took, ">", 20_000, "/s")
    outcome.note(
        f"backlog, {mode}",
        rows=rows,
        seconds=took,
        first_window_after_s=(first_at - started_at).total_seconds(),
        steady_a_second=steady_rate,
        rows_a_window=mean({}, samples, "exchange_relay_window_rows"),
        bundles=int(samples["exchange_raw_store_bundles_total"]),
        memory_peak_mb=memory_mb(server.pid, "VmHWM"),
        **costs(cores, rows / took),
    )
    return steady_rate


def _reconcile(space: Space, outcome: Outcome, rows: int) -> None:
    """Ledger, outbox, Kafka and raw store against each other."""
    begun = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = space.run("reconcile", "--json", check=True, timeout_s=600)
    took = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert json.loads(done.stdout)["totals"]["rows"] == rows
    outcome.bar("reconcile, a million records", took * 1e6 / rows, "<", 60, "s")
    outcome.note(
        "reconcile",
        rows=rows,
        seconds=took,
        processor_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )


def _recorded(connection: psycopg.Connection) -> int:
    return connection.execute(RECORDED).fetchone()[0]
