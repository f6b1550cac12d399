"""Holds a large push against Postgres, Kafka and the raw store, one event and one bundle at a time.
`checker.py` says more of a violation, but holds every record in memory."""

import hashlib
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.events import Event, stream_events
from support.space import PARTITIONS, Space

PROMISED = """
SELECT count(*), count(DISTINCT record_id), (SELECT count(*) FROM idempotency),
       (SELECT count(published_at) FROM outbox_events), (SELECT count(*) FROM quarantine)
  FROM records
"""
BUNDLES = "SELECT key, encode(sha256, 'hex'), ids, lengths FROM bundles"
# Joined here: in Postgres each id of a bundle would be looked up by itself, in an index that only
# says roughly where it is.
DIGESTS = "SELECT outbox_id, sha256 FROM records"

# But leases and who is alive, whose rows are few.
DEAD_ROWS = """
SELECT coalesce(sum(n_dead_tup + n_tup_upd + n_tup_del), 0)::int8 FROM pg_stat_user_tables
 WHERE relname NOT IN ('lanes', 'relays')
"""


def dead_rows(space: Space) -> int:
    """Rows that were changed, deleted or rolled back, as far as Postgres' counters have them."""
    return space.rows(DEAD_ROWS)[0][0]


def violations(space: Space, results: Path, wanted: int) -> Counter[str]:
    found: Counter[str] = Counter()
    told = _told(results, found)
    found["lost"] += abs(wanted - len(told))
    records, distinct, keys, published, quarantined = space.rows(PROMISED)[0]
    found["lost"] += abs(wanted - distinct) + abs(wanted - keys)
    found["duplicated"] += records - distinct
    found["conservation"] += abs(records - published - quarantined)
    _check_log(space, told, found, within_s=600 + wanted // 2000)
    _check_store(space, wanted, found)
    return +found


def _told(results: Path, found: Counter[str]) -> set[bytes]:
    """The records that the client was told of, each line of the input once."""
    told: set[bytes] = set()
    with results.open() as text:
        next(text)
        for line in text:
            result = json.loads(line)
            if result["status"] != 202:
                found["refused"] += 1
                continue
            record = bytes.fromhex(result["record_id"].replace("-", ""))
            found["duplicated"] += record in told
            told.add(record)
    return told


def _check_log(space: Space, told: set[bytes], found: Counter[str], *, within_s: float) -> None:
    announced: set[bytes] = set()
    last: dict[tuple[str, int], Event] = {}
    for event in stream_events(space.stack.kafka, space.topics, PARTITIONS, within_s=within_s):
        record = bytes.fromhex(event.key.replace("-", ""))
        found["duplicated"] += record in announced
        found["ghost"] += record not in told
        announced.add(record)
        before = last.get((event.topic, event.partition))
        found["gap"] += event.number("x-pseq") != (before.number("x-pseq") + 1 if before else 1)
        if before:
            found["reordered"] += event.number("x-id") <= before.number("x-id")
        last[event.topic, event.partition] = event
    found["lost"] += len(told - announced)


def _check_store(space: Space, wanted: int, found: Counter[str]) -> None:
    digests: dict[int, bytes] = dict(space.rows(DIGESTS))

    def read(row: tuple) -> tuple[bool, int]:
        key, digest, ids, lengths = row
        data = space.s3.get_object(Bucket=space.bucket, Key=key)["Body"].read()
        torn = hashlib.sha256(data).hexdigest() != digest
        at = 0
        for member, length in zip(ids, lengths, strict=True):
            torn |= hashlib.sha256(data[at : at + length]).digest() != digests.get(member)
            at += length + 1
        return torn, len(ids)

    stored = 0
    with ThreadPoolExecutor(4) as readers:
        for torn, members in readers.map(read, space.rows(BUNDLES)):
            found["torn"] += torn
            stored += members
    found["lost"] += abs(wanted - stored)
