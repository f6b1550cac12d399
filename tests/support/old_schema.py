"""Databases as earlier versions left them: migrated up to a number only, and filled by that
version's own functions."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg
from support import bodies
from support.checker import Submission
from support.space import LANES, PARTITIONS, Space

MIGRATIONS = sorted((Path(__file__).resolve().parents[2] / "sql/migrations").glob("*.sql"))
# Rows of a partition, as every version makes them.
PARTITION_IDS = 1_000_000


def murmur2(data: bytes) -> int:
    """Kafka's own hash of a key."""
    mask = 0xFFFFFFFF
    factor = 0x5BD1E995
    hashed = (0x9747B28C ^ len(data)) & mask
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * factor & mask
        word = (word ^ word >> 24) * factor & mask
        hashed = hashed * factor & mask ^ word
    if data[whole:]:
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * factor & mask
    hashed = (hashed ^ hashed >> 13) * factor & mask
    return hashed ^ hashed >> 15


def lane_of(record_id: str) -> int:
    return (murmur2(record_id.encode()) & 0x7FFFFFFF) % PARTITIONS % LANES


@dataclass(frozen=True)
class OldRow:
    lane: int
    outbox_id: int
    sent: Submission


class OldDatabase:
    """Of a space without migrations, as its owner sees it."""

    def __init__(self, space: Space, version: int) -> None:
        self.space = space
        self.version = version
        self.connection = psycopg.connect(space.database_url())

    def __enter__(self) -> "OldDatabase":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def migrate(self) -> None:
        """As `exchange migrate` of that version did."""
        with self.connection.transaction():
            self.connection.execute(
                "CREATE TABLE schema_migrations (number integer PRIMARY KEY, name text NOT NULL,"
                " sha256 bytea NOT NULL CHECK (length(sha256) = 32),"
                " applied_at timestamptz NOT NULL DEFAULT now())"
            )
            for path in MIGRATIONS[: self.version]:
                text = path.read_bytes()
                self.connection.execute(text)
                self.connection.execute(
                    "INSERT INTO schema_migrations (number, name, sha256) VALUES (%s, %s, %s)",
                    (int(path.stem[:4]), path.stem, hashlib.sha256(text).digest()),
                )

    def append(self, source: str = "clinic-old") -> OldRow:
        body = bodies.encode(bodies.v1(source))
        key = bodies.unique_key()
        record_id = str(uuid.uuid4())
        lane = lane_of(record_id)
        with self.connection.transaction():
            row = self.connection.execute(
                "SELECT outbox_id FROM append_records(1, %s::smallint, %s, %s, %s, %s::uuid[],"
                " %s::uuid[], %s, %s, %s, %s::smallint[], %s, %s)",
                (
                    lane,
                    [source],
                    [key],
                    [hashlib.sha256(body).digest()],
                    [record_id],
                    [str(uuid.uuid4())],
                    [secrets.token_hex(8)],
                    ["encounter"],
                    [f"{source}.v1"],
                    [1],
                    [""],
                    [body],
                ),
            ).fetchone()
        return OldRow(lane, row[0], Submission(source, key, body, 1, {record_id}))

    def pass_over(self, row: OldRow) -> None:
        """What a relay leaves of an event that Kafka refused: bundle, plan, quarantine, record."""
        digest = hashlib.sha256(row.sent.body).digest()
        number = row.outbox_id
        key = f"bundles/{row.lane:02}/{number:019}-{number}-{row.sent.source}-{digest.hex()}"
        self.space.s3.put_object(Bucket=self.space.bucket, Key=key, Body=row.sent.body)
        with self.connection.transaction():
            execute = self.connection.execute
            execute(
                "INSERT INTO windows (lane, from_id, to_id, epoch, row_count)"
                " VALUES (%s, %s, %s, 1, 1)",
                (row.lane, number - 1, number),
            )
            execute(
                "INSERT INTO bundles (first_id, last_id, lane, source, bucket, key, sha256, size,"
                " ids, lengths, window_to) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    *(number, number, row.lane, row.sent.source, self.space.bucket, key, digest),
                    *(len(row.sent.body), [number], [len(row.sent.body)], number),
                ),
            )
            execute(
                "INSERT INTO quarantine (outbox_id, lane, record_id, code, detail)"
                " VALUES (%s, %s, %s, 'message_too_large', 'refused')",
                (number, row.lane, next(iter(row.sent.record_ids))),
            )
            execute(
                "INSERT INTO published (lane, to_id, epoch, row_count, topics, partitions,"
                " offsets, sequences) VALUES (%s, %s, 1, 0, '{}', '{}', '{}', '{}')",
                (row.lane, number),
            )

    def begin_next_partition(self) -> None:
        with self.connection.transaction():
            self.connection.execute("SELECT setval('outbox_id', %s, false)", (PARTITION_IDS,))
            self.connection.execute("SELECT ensure_partitions(%s, 2)", (PARTITION_IDS,))

    def drop_first_partition(self) -> None:
        """As retention did, once nothing in it was waiting."""
        with self.connection.transaction():
            dropped = self.connection.execute(
                "SELECT drop_staged(0, %s), drop_done(%s, '0')", (PARTITION_IDS, PARTITION_IDS)
            ).fetchone()
        assert dropped == (True, 3)
