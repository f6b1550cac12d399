"""The query that people run by hand at night, over an outbox of millions."""

import statistics
import time

import psycopg
from support.space import LANES

from measures.bars import Outcome
from measures.places import Places

# Word for word as the runbook has it.
QUERY = (
    "SELECT id, topic, key, created_at, published_at FROM outbox_events ORDER BY id DESC LIMIT 5;"
)
PARTITION = 1_000_000
ROWS = """
INSERT INTO outbox (id, lane, topic, record_id, event_id, source, kind, schema_hint, api, sha256,
                    size, correlation_id, traceparent, created_at)
SELECT id, mod(id, %(lanes)s), 'record.ingested.v1', gen_random_uuid(), gen_random_uuid(),
       'bench.north', 'lab_result', '', 1, '\\x00', 2048, 'correlation-' || id, '', now()
  FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS id
"""
# A window of a thousand rows for each lane in turn; the newest rows are not yet published.
WINDOWS = """
INSERT INTO published (lane, to_id, epoch, row_count, topics, partitions, offsets, sequences)
SELECT mod(number, %(lanes)s), number * 1000 + mod(number, %(lanes)s), 1, 1000,
       '{}', '{}', '{}', '{}'
  FROM generate_series(1, %(rows)s::bigint / 1000 - 1) AS number
"""


def query(places: Places, outcome: Outcome, rows: int) -> None:
    space = places.make("runbook").prepare(topics=False)
    try:
        with space.database() as connection:
            begun = time.monotonic()
            _fill(connection, rows)
            filled = time.monotonic() - begun
            bare = _times(connection)
            connection.execute("ANALYZE outbox, published")
            known = _times(connection)
            found = connection.execute(f"EXPLAIN (FORMAT JSON) {QUERY}").fetchone()[0][0]
    finally:
        space.close()
    slowest = max(statistics.median(bare), statistics.median(known))
    outcome.bar(f"runbook query over {rows:,} events", slowest, "<", 20, "ms")
    outcome.note(
        "runbook query",
        events=rows,
        filled_in_s=filled,
        first_ms=bare[0],
        median_without_statistics_ms=statistics.median(bare),
        median_with_statistics_ms=statistics.median(known),
        plan=_tops(found["Plan"]),
    )


def _fill(connection: psycopg.Connection, rows: int) -> None:
    connection.execute("SET synchronous_commit = off")
    connection.execute("SELECT ensure_partitions(%s, %s)", (PARTITION, rows // PARTITION + 1))
    for first in range(1, rows + 1, PARTITION):
        last = min(first + PARTITION - 1, rows)
        connection.execute(ROWS, {"lanes": LANES, "first": first, "last": last})
    connection.execute("SELECT setval('outbox_id', %s)", (rows,))
    connection.execute(WINDOWS, {"lanes": LANES, "rows": rows})


def _times(connection: psycopg.Connection) -> list[float]:
    """Milliseconds of each of seven runs."""
    seen = []
    for _ in range(7):
        begun = time.monotonic()
        assert len(connection.execute(QUERY).fetchall()) == 5
        seen.append((time.monotonic() - begun) * 1e3)
    return seen


def _tops(plan: dict) -> str:
    """The top node and what feeds it."""
    names = [plan["Node Type"]]
    while plan.get("Plans") and len(names) < 3:
        plan = plan["Plans"][0]
        names.append(" ".join(filter(None, (plan["Node Type"], plan.get("Index Name")))))
    return " <- ".join(names)
