"""`exchange outbox`: events that Kafka refuses are listed, released and discarded by hand."""

import json

import psycopg
import pytest
from psycopg import sql
from support import bodies
from support.broker import limit_messages
from support.events import read_events
from support.server import Server
from support.space import PARTITIONS, Space
from support.waiting import until

ALL_COUNTS = ("accepted", "published", "pending", "quarantined", "discarded", "difference")


def told(space: Space, *arguments: str, code: int = 0) -> dict:
    done = space.run("outbox", *arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def counts(space: Space) -> tuple[int, ...]:
    total = told(space, "status")["total"]
    return tuple(total[name] for name in ALL_COUNTS)


def in_quarantine(space: Space) -> list[dict]:
    return told(space, "list")["rows"]


@pytest.fixture
def refused(open_space):
    """An exchange with two events that Kafka refused, and one that it took."""
    space = open_space("refused")
    limit_messages(space.stack, space.topics[:1], 200)
    server = Server(space).start()
    sent = [server.accepted(bodies.v1())["record_id"] for _ in range(2)]
    server.accepted(bodies.v2(), api=2)
    until(lambda: counts(space) == (3, 1, 0, 2, 0, 0), within_s=30, what="two are in quarantine")
    return space, server, sent


def test_events_that_kafka_refuses_are_listed_and_shown_without_identity(refused):
    space, _, sent = refused
    rows = in_quarantine(space)
    assert sorted(row["record_id"] for row in rows) == sorted(sent)
    assert {row["code"] for row in rows} == {"message_too_large"}
    only = told(space, "list", "--record", sent[0])["rows"]
    assert [row["record_id"] for row in only] == [sent[0]]
    assert told(space, "list", "--code", "key_held")["rows"] == []
    shown = told(space, "show", str(only[0]["id"]))
    assert (shown["record_id"], shown["holds"], shown["topic"]) == (
        sent[0],
        [],
        "record.ingested.v1",
    )
    text = space.run("outbox", "show", str(only[0]["id"])).stdout
    assert sent[0] in text
    assert not any(value in text for value in bodies.v1()["patient"].values())


def test_a_released_event_is_published_once_under_its_event_id(refused):
    space, _, sent = refused
    limit_messages(space.stack, space.topics[:1], 1_000_000)
    row = told(space, "list", "--record", sent[0])["rows"][0]
    event_id = told(space, "show", str(row["id"]))["event_id"]

    # Topic settings reach the broker's partitions a moment later: it may be refused once more.
    def release_what_is_left() -> bool:
        for left in told(space, "list", "--record", sent[0])["rows"]:
            told(space, "release", str(left["id"]), "--reason", "the limit was raised")
        return counts(space) == (3, 2, 0, 1, 0, 0)

    until(release_what_is_left, within_s=30, what="it is published", pause_s=0.5)
    events = read_events(space.stack.kafka, space.topics[:1], PARTITIONS)
    assert [(event.key, event.headers["ce_id"]) for event in events] == [(sent[0], event_id)]
    audit = space.rows("SELECT verb, reason, actor <> '' FROM audit ORDER BY id LIMIT 1")
    assert audit == [("outbox release", "the limit was raised", True)]


def test_a_discarded_event_is_accounted_for_and_never_published(refused):
    space, _, sent = refused
    row = told(space, "list", "--record", sent[1])["rows"][0]
    told(space, "discard", str(row["id"]), "--reason", "sent by mistake", "--as", "night shift")
    assert counts(space) == (3, 1, 0, 1, 1, 0)
    assert len(in_quarantine(space)) == 1
    decided = told(space, "list", "--decided", "--record", sent[1])["rows"]
    assert [entry["decision"] for entry in decided] == ["discarded"]
    assert space.rows("SELECT verb, actor, reason FROM audit") == [
        ("outbox discard", "night shift", "sent by mistake")
    ]
    again = space.run("outbox", "release", str(row["id"]), "--reason", "no, it was right")
    assert again.returncode == 2
    assert "was discarded before" in again.stderr


@pytest.mark.parametrize("verb", ["release", "discard"])
def test_a_decision_needs_a_reason_and_a_row_that_is_there(open_space, verb):
    space = open_space("decision")
    assert space.run("outbox", verb, "1").returncode == 2
    assert space.run("outbox", verb, "1", "--reason", "").returncode == 2
    done = space.run("outbox", verb, "1", "--reason", "because")
    assert done.returncode == 2
    assert "not in quarantine" in done.stderr


def test_status_ends_with_4_when_the_counts_do_not_add_up(open_space):
    space = open_space("unbalanced")
    server = Server(space).start()
    server.accepted(bodies.v1())
    server.published(1)
    assert counts(space) == (1, 1, 0, 0, 0, 0)
    name = 'exchange_conservation_accepted{lane="%d"}'
    until(
        lambda: sum(server.metrics().get(name % lane, 0) for lane in range(2)) == 1,
        within_s=15,
        what="the gauges show it",
    )
    space.rows("UPDATE published SET row_count = 0 RETURNING lane")
    assert told(space, "status", code=4)["total"]["difference"] == 1
    assert "do not add up" in space.run("outbox", "status").stdout
    until(
        lambda: (
            sum(
                value
                for name, value in server.metrics().items()
                if name.startswith("exchange_conservation_difference")
            )
            == 1
        ),
        within_s=15,
        what="the gauge shows the difference",
    )


@pytest.fixture
def service_role(refused):
    """The URL of a role that has the service's rights and nothing else."""
    space, _, _ = refused
    name = f"{space.name}_service"
    with psycopg.connect(space.stack.pg, autocommit=True) as admin:
        role = sql.Identifier(name)
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'service'").format(role))
        space.run("migrate", "--grant-to", name, check=True)
        yield f"postgresql://{name}:service@{space.pg_address()}/{space.name}"
        with space.database() as database:
            database.execute(sql.SQL("DROP OWNED BY {}").format(role))
        admin.execute(sql.SQL("DROP ROLE {}").format(role))


def test_the_service_role_decides_through_functions_only(refused, service_role):
    space, _, _ = refused
    row = in_quarantine(space)[0]["id"]
    with psycopg.connect(service_role, autocommit=True) as service:
        for statement in (
            "INSERT INTO resolutions (outbox_id, lane, kind, record_id)"
            f" SELECT {row}, lane, 'discarded', record_id FROM outbox WHERE id = {row}",
            "DELETE FROM audit",
            "INSERT INTO orphans (key, size) VALUES ('a', 1)",
            f"SELECT append_again(0::smallint, 'released', ARRAY[{row}]::bigint[], NULL)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(statement)
    done = space.run("outbox", "discard", str(row), "--reason", "why", DATABASE_URL=service_role)
    assert done.returncode == 0, done.stderr
    assert space.run("outbox", "status", DATABASE_URL=service_role).returncode == 0
    assert space.rows("SELECT db_user FROM audit") == [(f"{space.name}_service",)]
