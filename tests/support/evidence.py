"""Collects what Postgres, Kafka and the raw store of a space hold."""

import json
from concurrent.futures import ThreadPoolExecutor

from support.checker import (
    Accounts,
    BundleRow,
    Evidence,
    LedgerRow,
    Report,
    Submission,
    WindowRow,
    check,
)
from support.events import read_events
from support.space import PARTITIONS, Space
from support.waiting import until

# An event that was appended again stands in the row that took its place.
LEDGER = """
SELECT r.record_id::text, r.lane,
       coalesce((SELECT max(new_outbox_id) FROM resolutions a WHERE a.origin_id = r.outbox_id),
                r.outbox_id), r.source, coalesce(i.key, ''), r.api,
       encode(r.sha256, 'hex'), r.size
  FROM records r
  LEFT JOIN idempotency i ON i.record_id = r.record_id AND i.source = r.source
"""
BUNDLES = "SELECT key, encode(sha256, 'hex'), size, ids, lengths FROM bundles"
WINDOWS = """
SELECT w.lane, w.from_id, w.to_id, w.row_count, p.to_id IS NOT NULL
  FROM windows w LEFT JOIN published p ON p.lane = w.lane AND p.to_id = w.to_id
"""
# Each from its own table, so that one that lost a row is found by the others.
ACCOUNTS = """
SELECT (SELECT count(*) FROM records),
       (SELECT count(*) FROM outbox_events WHERE published_at IS NOT NULL),
       (SELECT count(*) FROM outbox_events e WHERE published_at IS NULL
           AND NOT EXISTS (SELECT FROM quarantine q WHERE q.outbox_id = e.id)),
       (SELECT count(*) FROM quarantine q
         WHERE NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = q.outbox_id))
"""
PENDING = """
SELECT (SELECT count(*) FROM records)
     - (SELECT count(published_at) FROM outbox_events)
     - (SELECT count(*) FROM quarantine q
         WHERE NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = q.outbox_id))
"""


def objects(space: Space) -> dict[str, bytes]:
    """The bundles in the raw store, by key."""
    pages = space.s3.get_paginator("list_objects_v2").paginate(
        Bucket=space.bucket, Prefix="bundles/"
    )
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def read(key: str) -> bytes:
        return space.s3.get_object(Bucket=space.bucket, Key=key)["Body"].read()

    with ThreadPoolExecutor(8) as readers:
        return dict(zip(keys, readers.map(read, keys), strict=True))


def collect(space: Space) -> Evidence:
    quarantined = frozenset(number for (number,) in space.rows("SELECT outbox_id FROM quarantine"))
    bundles = [
        BundleRow(key, digest, size, tuple(ids), tuple(lengths))
        for key, digest, size, ids, lengths in space.rows(BUNDLES)
    ]
    return Evidence(
        ledger=[LedgerRow(*row) for row in space.rows(LEDGER)],
        bundles=bundles,
        objects=objects(space),
        events=read_events(space.stack.kafka, space.topics, PARTITIONS),
        layouts=tuple(space.rows("SELECT from_id, lanes FROM lane_layouts ORDER BY version")),
        quarantined=quarantined,
        windows=[WindowRow(*row) for row in space.rows(WINDOWS)],
        accounts=Accounts(*space.rows(ACCOUNTS)[0]),
    )


def settled(space: Space, *, within_s: float = 40) -> None:
    """Waits until every accepted record is published."""
    until(
        lambda: space.rows(PENDING)[0][0] == 0,
        within_s=within_s,
        what="every accepted record is published",
    )


def sweep(space: Space) -> int:
    """Removes what crashes left in the raw store (bundles whose plan never committed), as the
    sweeper does after its grace period. Answers how many objects that were."""
    options = ("--json", "--repair", "--yes", "--grace", "0")
    report = json.loads(space.run("reconcile", *options, check=True).stdout)
    return report.get("done", {}).get("swept", 0)


def check_space(
    space: Space, submissions: list[Submission], *, drop_copies: bool = False
) -> Report:
    """Waits for the end of the work, sweeps, and holds what is there against what was sent."""
    settled(space)
    sweep(space)
    return check(submissions, collect(space), drop_copies=drop_copies)
