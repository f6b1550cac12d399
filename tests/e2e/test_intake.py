"""Intake pauses when a limit is passed, and goes on by itself."""

import pytest
from support import bodies
from support.evidence import check_space
from support.server import Server
from support.steps import all_well, send, told
from support.waiting import until


def outcome(server: Server, name: str) -> float:
    return server.metrics()[f'exchange_ingest_requests_total{{outcome="{name}"}}']


@pytest.mark.parametrize(
    ("limit", "value"),
    [("ADMIT_OLDEST_SECONDS", 2), ("ADMIT_ROWS", 3), ("ADMIT_BYTES", 300)],
)
def test_intake_pauses_while_kafka_is_down_and_goes_on_when_it_returns(
    open_space, stack, limit, value
):
    space = open_space("intake")
    server = Server(space, **{limit: value}).start()
    until(lambda: "exchange_ingest_paused" in server.metrics(), within_s=10, what="a first look")
    stack.stop("kafka")
    try:
        submissions = send(server, 4)
        status = told(server, "intake")
        assert limit in status["cause"]
        refused = server.post(bodies.v1())
        assert refused.status_code == 503, refused.text
        assert refused.json()["code"] == "intake_paused"
        assert limit in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) >= 1
        assert server.metrics()["exchange_ingest_paused"] == 1
        assert outcome(server, "paused") == 1
        # A known key is told its record, and another body under it is still a conflict.
        known = submissions[0]
        again = server.post(known.body, key=known.key)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (202, "true")
        assert again.json()["record_id"] in known.record_ids
        assert server.post(bodies.v1(), key=known.key).status_code == 409
        # Other processes could do no more: it stays in rotation and answers for itself.
        assert server.http.get("/readyz").status_code == 200
        assert space.rows("SELECT count(*) FROM records") == [(4,)]
    finally:
        stack.start("kafka")
    server.published(4, within_s=60)
    until(
        lambda: server.health()["intake"]["condition"] == "ok", within_s=10, what="intake goes on"
    )
    submissions += send(server, 2)
    server.published(6)
    all_well(server)
    check_space(space, submissions).demand_clean()


def test_intake_pauses_when_the_database_passes_its_budget(open_space):
    space = open_space("budget")
    size = space.rows("SELECT pg_database_size(current_database())")[0][0]
    server = Server(space, roles="ingest", ADMIT_DATABASE_BYTES=size - 1).start()
    status = told(server, "intake")
    assert "ADMIT_DATABASE_BYTES" in status["cause"]
    assert server.post(bodies.v1()).json()["code"] == "intake_paused"


def test_intake_pauses_when_the_disk_of_postgres_has_less_free_than_asked(open_space):
    space = open_space("disk")
    settings = {"ADMIT_DISK_PATH": space.folder, "ADMIT_DISK_FREE_BYTES": 2**50}
    server = Server(space, **settings).start()
    status = told(server, "intake")
    assert "ADMIT_DISK_FREE_BYTES" in status["cause"]
    assert server.post(bodies.v1()).status_code == 503


def test_a_disk_path_that_is_none_is_told_at_start(open_space):
    space = open_space("nodisk", migrate=False)
    done = space.run("check", ADMIT_DISK_PATH="/no/such/place")
    assert done.returncode == 2
    assert "ADMIT_DISK_PATH" in done.stderr
