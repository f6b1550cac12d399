"""Every schema that was ever released is brought to today's, with what it held."""

import hashlib
from pathlib import Path

import pytest
from support.events import read_events
from support.old_schema import MIGRATIONS, OldDatabase
from support.server import Server
from support.space import LANES, PARTITIONS
from support.steps import send
from support.waiting import until

SUMS = Path(__file__).resolve().parents[2] / "sql/migrations.sha256"
# The first version with partitions to hold rows, and the first that could drop them.
HOLDS_ROWS = 3
DROPS_ROWS = 4


def rows_of_each_lane(old: OldDatabase) -> list:
    rows = []
    while {row.lane for row in rows} != set(range(LANES)) or len(rows) < 6:
        rows.append(old.append())
    return rows


def fill(old: OldDatabase) -> tuple[list, list]:
    """What waits to be published, and what is in quarantine."""
    if old.version < HOLDS_ROWS:
        return [], []
    refused = rows_of_each_lane(old)
    if old.version >= DROPS_ROWS:
        for row in refused:
            old.pass_over(row)
        old.begin_next_partition()
        later = rows_of_each_lane(old)
        for row in later:
            old.pass_over(row)
        old.drop_first_partition()
        # Rows that this version dropped are known by their records only; later ones can be
        # released.
        return [*rows_of_each_lane(old)], later
    return refused, []


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_a_database_of_each_version_goes_on_under_this_one(open_space, version):
    space = open_space(f"upgrade{version}", migrate=False)
    with OldDatabase(space, version) as old:
        old.migrate()
        waiting, quarantined = fill(old)
    space.run("topics", "apply", check=True)
    pending = len(MIGRATIONS) - version
    status = space.run("migrate", "--status")
    assert f"{pending} pending" in status.stdout
    space.run("migrate", check=True)
    space.run("migrate", "--status", check=True)
    space.run("outbox", "status", check=True)

    server = Server(space).start()
    for row in waiting:
        repeated = server.post(row.sent.body, key=row.sent.key)
        assert repeated.status_code == 202
        assert repeated.json()["record_id"] in row.sent.record_ids
    for row in quarantined:
        space.run("outbox", "release", str(row.outbox_id), "--reason", "upgraded", check=True)
    fresh = send(server, 4)
    settled_records = [*(row.sent for row in [*waiting, *quarantined]), *fresh]
    wanted = sorted(record for sent in settled_records for record in sent.record_ids)

    def announced() -> list[str]:
        return sorted(e.key for e in read_events(space.stack.kafka, space.topics, PARTITIONS))

    until(lambda: announced() == wanted, within_s=30, what="each record is announced once")
    space.run("outbox", "status", check=True)
    space.run("reconcile", "--deep", check=True)


def test_released_migrations_are_as_they_were_released():
    """A database that was migrated by an edited text would be refused by every other build."""
    found = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in MIGRATIONS]
    assert SUMS.read_text().splitlines() == found
