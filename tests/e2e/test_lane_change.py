"""The number of lanes is changed under load: nothing is lost, doubled or out of order."""

import json
import subprocess

import pytest
from support.evidence import check_space
from support.load import Load
from support.server import Server
from support.space import LANES
from support.steps import all_well, send
from support.waiting import until

UNREACHABLE = "127.0.0.1:1"


def lanes_of(space) -> list[dict]:
    return json.loads(space.run("lanes", "list", "--json", check=True).stdout)["lanes"]


def begun_with(server: Server, lanes: int) -> None:
    until(
        lambda: (server.log_lines("ready") or [{}])[-1].get("lanes") == lanes,
        within_s=20,
        what=f"the server began again with {lanes} lanes",
    )


@pytest.mark.parametrize("mode", ["transactional", "idempotent"])
def test_the_number_of_lanes_changes_while_records_come_in(open_space, mode):
    space = open_space("layout")
    first = Server(space, name="first", RELAY_MODE=mode).start()
    second = Server(space, name="second", RELAY_MODE=mode).start()
    addresses = first.url, second.url
    with Load(lambda: [first.url, second.url]) as load:
        for lanes in (4, 1, 8, LANES):
            load.wait_for(100)
            changed = space.run("lanes", "set", str(lanes), "--reason", "a drill", check=True)
            assert f"{lanes} lanes from now on" in changed.stdout
            load.wait_for(100)
            begun_with(first, lanes)
            begun_with(second, lanes)
        load.wait_for(100)
        submissions = load.stop()
    assert (first.url, second.url) == addresses
    check_space(space, submissions, drop_copies=mode == "idempotent").demand_clean()
    all_well(first)
    report = json.loads(space.run("reconcile", "--json", check=True).stdout)
    assert report["totals"]["matched"] == len(submissions)
    assert [lane["used"] for lane in lanes_of(space)] == [True] * LANES + [False] * (8 - LANES)
    audited = space.rows("SELECT details->'lanes' FROM audit WHERE verb = 'lanes set' ORDER BY at")
    assert [lanes for (lanes,) in audited][-4:] == [4, 1, 8, LANES]


def test_lanes_stay_what_they_were_while_something_is_in_the_way(open_space):
    space = open_space("refused")
    server = Server(space, KAFKA_BROKERS=UNREACHABLE).start()
    submissions = send(server, 4)
    refused = space.run("lanes", "set", "4", "--wait", "1", "--reason", "a drill")
    assert refused.returncode == 7
    assert "not published in time" in refused.stderr
    assert space.run("lanes", "set", "3", "--reason", "a drill").returncode == 7
    assert space.run("lanes", "set", "4").returncode == 2
    again = space.run("lanes", "set", str(LANES), "--reason", "a drill", check=True)
    assert "nothing to change" in again.stdout
    assert [lane["lane"] for lane in lanes_of(space)] == list(range(LANES))
    server.stop()
    server = Server(space, name="again").start()
    server.published(4)
    check_space(space, submissions).demand_clean()


def test_intake_does_not_wait_for_a_change_whose_operator_is_gone(open_space):
    space = open_space("gone")
    server = Server(space, KAFKA_BROKERS=UNREACHABLE).start()
    send(server, 1)
    changing = (
        "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND"
        " granted AND datname = current_database() AND query LIKE '%change_lanes%'"
    )
    command = (space.stack.binary, "lanes", "set", "4", "--wait", "60", "--reason", "a drill")
    with subprocess.Popen(command, env=space.settings()) as operator:
        try:
            until(lambda: space.rows(changing), within_s=10, what="the change holds the lanes")
        finally:
            operator.kill()
    until(lambda: not space.rows(changing), within_s=10, what="Postgres let go")
    send(server, 1)
    assert len(lanes_of(space)) == LANES


def test_a_new_database_gets_its_lanes_once(open_space):
    space = open_space("first", migrate=False)
    assert space.run("migrate", "--lanes", "3").returncode == 2
    space.run("migrate", check=True)
    later = space.run("migrate", "--lanes", "8", check=True)
    assert "exchange lanes set 8" in later.stderr
    assert len(lanes_of(space)) < 8
    fresh = open_space("second", migrate=False)
    fresh.run("migrate", "--lanes", "8", check=True)
    assert len(lanes_of(fresh)) == 8
