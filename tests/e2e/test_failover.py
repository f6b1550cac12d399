"""A standby is promoted: what it has goes on once somebody says so, what it lacks is told."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.events import read_events
from support.evidence import check_space
from support.replicated_postgres import ReplicatedPostgres
from support.server import Server
from support.space import LANES, PARTITIONS, Space
from support.stack import Stack
from support.steps import all_well, send, told
from support.waiting import until


@pytest.fixture
def postgres() -> Iterator[ReplicatedPostgres]:
    replicated = ReplicatedPostgres()
    try:
        yield replicated.start()
    finally:
        replicated.close()


@pytest.fixture
def space(postgres: ReplicatedPostgres, stack: Stack, tmp_path: Path) -> Iterator[Space]:
    space = Space(dataclasses.replace(stack, pg=postgres.primary), "failover", tmp_path)
    try:
        yield space.prepare()
    finally:
        space.close()


def fail_over(postgres: ReplicatedPostgres, space: Space) -> Server:
    """Answers an exchange on the promoted standby."""
    postgres.fail_over()
    space.stack = dataclasses.replace(space.stack, pg=postgres.standby)
    server = Server(space, name="promoted").start()
    for lane in range(LANES):
        status = told(server, f"lane/{lane}")
        assert "a standby was promoted" in status["cause"]
        assert "exchange pins accept postgres_timeline" in status["remedy"]
    return server


def lanes(server: Server) -> list[dict]:
    return [server.health()[f"lane/{lane}"] for lane in range(LANES)]


def accept(space: Space, pin: str) -> dict:
    done = space.run("pins", "accept", pin, "--reason", "failover", "--json", check=True)
    return json.loads(done.stdout)


def test_a_standby_that_has_everything_goes_on_where_the_primary_was(postgres, space):
    server = Server(space).start()
    submissions = send(server, 6)
    server.published(6)
    postgres.catch_up()
    server.kill()

    server = fail_over(postgres, space)
    submissions += send(server, 4)
    accept(space, "postgres_timeline")
    server.published(10)
    all_well(server)
    check_space(space, submissions).demand_clean()


def test_what_a_standby_lacks_is_told_and_nothing_is_published_twice(postgres, space):
    server = Server(space).start()
    kept = send(server, 6)
    server.published(6)
    postgres.catch_up()
    postgres.cut_off()
    lost = send(server, 20)
    server.published(26)
    server.kill()

    server = fail_over(postgres, space)
    accept(space, "postgres_timeline")
    until(
        lambda: any("pins accept kafka_log" in lane["remedy"] for lane in lanes(server)),
        within_s=20,
        what="a lane is told as behind its log",
    )
    # Those who sent it have their answer; who sends once more is taken again.
    again = [
        server.accepted(sent.body, api=1 + at % 2, key=sent.key)["record_id"]
        for at, sent in enumerate(lost[:4])
    ]
    later = send(server, 4)
    accept(space, "kafka_log")
    server.published(6 + 4 + 4)
    all_well(server)

    events = read_events(space.stack.kafka, space.topics, PARTITIONS)
    copies = Counter(event.headers["ce_id"] for event in events)
    assert set(copies.values()) == {1}
    records = Counter(event.key for event in events)
    known = {record for sent in kept + lost + later for record in sent.record_ids} | {*again}
    assert records == dict.fromkeys(known, 1)
    report = json.loads(space.run("reconcile", "--json", check=True).stdout)
    assert report["differences"] == 0
    assert report["totals"]["forgotten_by_a_restore"] == len(lost)
