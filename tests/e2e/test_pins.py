"""What this database was first used with: another one halts the lanes until it is accepted."""

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions
from support.evidence import check_space
from support.server import Server
from support.space import LANES, PARTITIONS
from support.steps import all_well, send, told
from support.waiting import until


@pytest.mark.parametrize(
    ("pin", "words"),
    [
        ("postgres_timeline", "a standby was promoted"),
        ("postgres_system_identifier", "lanes were published from"),
    ],
)
def test_another_postgres_halts_the_lanes_until_it_is_accepted(open_space, pin, words):
    space = open_space("pinned")
    server = Server(space).start()
    submissions = send(server, 4)
    server.published(4)
    with space.database() as connection:
        connection.execute("UPDATE pins SET value = '4711' WHERE name = %s", (pin,))
    for lane in range(LANES):
        status = told(server, f"lane/{lane}")
        assert "4711" in status["cause"]
        assert words in status["cause"]
        assert f"exchange pins accept {pin}" in status["remedy"]
    assert told(server, "pins")["cause"] == status["cause"]
    submissions += send(server, 4)
    assert server.http.get("/readyz").status_code == 200
    assert server.metrics()["exchange_relay_halted_lanes"] == LANES
    checked = space.run("check")
    assert checked.returncode == 5
    assert "4711" in checked.stdout
    assert space.rows("SELECT count(published_at) FROM outbox_events") == [(4,)]

    assert space.run("pins", "accept", pin).returncode == 2
    space.run("pins", "accept", pin, "--reason", "a drill", check=True)
    server.published(8)
    all_well(server)
    assert server.metrics()["exchange_relay_halted_lanes"] == 0
    audited = space.rows(
        "SELECT details->>'name', details->>'was', reason FROM audit WHERE verb = 'pins accept'"
    )
    assert audited == [(pin, "4711", "a drill")]
    again = space.run("pins", "accept", pin, "--reason", "again", check=True)
    assert "nothing to accept" in again.stdout
    check_space(space, submissions).demand_clean()


def test_the_role_of_the_service_may_look_and_accept(open_space):
    space = open_space("pin_role")
    with space.database() as connection:
        connection.execute(f"CREATE ROLE {space.name}_s LOGIN PASSWORD 'only-for-this-test'")
    url = f"postgresql://{space.name}_s:only-for-this-test@{space.pg_address()}/{space.name}"
    try:
        space.run("migrate", "--grant-to", f"{space.name}_s", check=True)
        server = Server(space, DATABASE_URL=url).start()
        send(server, 2)
        server.published(2)
        with space.database() as connection:
            connection.execute("UPDATE pins SET value = '9' WHERE name = 'postgres_timeline'")
        told(server, "lane/0")
        accept = ("pins", "accept", "postgres_timeline", "--reason", "a drill")
        space.run(*accept, DATABASE_URL=url, check=True)
        all_well(server)
        server.stop()
    finally:
        with space.database() as connection:
            connection.execute(f"DROP OWNED BY {space.name}_s; DROP ROLE {space.name}_s")


def test_partitions_added_at_run_time_halt_the_lanes_by_name(open_space, stack):
    space = open_space("added")
    server = Server(space).start()
    send(server, 2)
    server.published(2)
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    topic = space.topics[0]
    for done in admin.create_partitions([NewPartitions(topic, PARTITIONS + 2)]).values():
        done.result(timeout=10)
    for lane in range(LANES):
        status = told(server, f"lane/{lane}")
        assert f"topic {topic} has {PARTITIONS + 2} partitions" in status["cause"]
    assert told(server, f"topic/{topic}")["cause"] == status["cause"]
    send(server, 2)
    assert space.rows("SELECT count(published_at) FROM outbox_events") == [(2,)]
    assert until(
        lambda: server.metrics()["exchange_relay_halted_lanes"], within_s=15, what="halted"
    )
