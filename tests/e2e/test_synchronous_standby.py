"""Commits that wait for a synchronous standby: nothing is visible, or told, before it has them."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.events import read_events
from support.evidence import check_space
from support.load import Load
from support.replicated_postgres import ReplicatedPostgres
from support.server import Server
from support.space import LANES, PARTITIONS, Space
from support.stack import Stack
from support.steps import all_well
from support.waiting import until

# Appends that hold their lane's lock and wait for the standby, and those that wait for the lock.
WAITING = """
SELECT count(*) FILTER (WHERE wait_event = 'SyncRep'),
       count(*) FILTER (WHERE wait_event = 'advisory')
  FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%append_records(%'
"""
# Lower than their defaults, so that several refusals take a second.
IMPATIENT = {"COMMIT_TIMEOUT_MS": 500, "LEASE_TTL_MS": 1000}


@pytest.fixture
def postgres() -> Iterator[ReplicatedPostgres]:
    replicated = ReplicatedPostgres()
    try:
        yield replicated.start()
    finally:
        replicated.close()


@pytest.fixture
def space(postgres: ReplicatedPostgres, stack: Stack, tmp_path: Path) -> Iterator[Space]:
    space = Space(dataclasses.replace(stack, pg=postgres.primary), "standby", tmp_path)
    try:
        yield space.prepare()
    finally:
        space.close()


def visible(space: Space) -> dict[str, int]:
    """Outbox ids of records that others than their writers see."""
    return dict(space.rows("SELECT record_id::text, id FROM outbox"))


# H6
def test_a_lane_waits_for_the_standby_and_goes_on_in_order(postgres, space):
    postgres.wait_for_standby()
    # Two of them, so that each lane has two that want to append.
    first = Server(space, "first", **IMPATIENT).start()
    second = Server(space, "second", "ingest", **IMPATIENT).start()
    with Load(lambda: [first.url, second.url]) as load:
        load.wait_for(60)
        with postgres.standby_asleep():

            def every_lane_waits() -> bool:
                committing, queued = space.rows(WAITING)[0]
                return committing == LANES and queued >= LANES

            def refused(more: int) -> None:
                goal = load.statuses[503] + more
                until(lambda: load.statuses[503] >= goal, within_s=20, what="more are refused")

            until(every_lane_waits, within_s=20, what="one append of each lane waits")
            refused(20)
            before = visible(space)
            refused(20)
            assert visible(space) == before
            assert space.rows(WAITING)[0][0] == LANES
            told = {record for sent in list(load.submissions) for record in sent.record_ids}
            assert told <= before.keys()
            events = read_events(space.stack.kafka, space.topics, PARTITIONS)
            assert {event.key for event in events} <= before.keys()
        load.wait_for(60)
    check_space(space, load.submissions).demand_clean()
    all_well(first)
