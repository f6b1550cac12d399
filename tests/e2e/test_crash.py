"""SIGKILL, SIGTERM and SIGSTOP under load: nothing lost, nothing doubled."""

import signal

import pytest
from support import bodies, rawhttp
from support.evidence import check_space
from support.load import Load
from support.server import Server
from support.steps import send
from support.waiting import until

KILLS = 6


def test_kill_9_under_load_loses_and_doubles_nothing(open_space):
    space = open_space("kill")
    server = Server(space, LEASE_TTL_MS=1000).start()
    with Load(lambda: [server.url]) as load:
        for _ in range(KILLS):
            load.wait_for(150)
            server.kill()
            server.start()
        load.wait_for(150)
        submissions = load.stop()
    assert load.statuses.total() > load.acknowledged(), "no request met a dead server"
    assert len(submissions) >= 150 * (KILLS + 1)
    assert server.lane_troubles() == [], "a takeover is no trouble"
    check_space(space, submissions).demand_clean()


def test_sigterm_under_load_answers_what_is_under_way_and_leaves_nothing_to_pass_over(open_space):
    space = open_space("sigterm")
    server = Server(space, LEASE_TTL_MS=2000).start()
    with Load(lambda: [server.url]) as load:
        for _ in range(2):
            load.wait_for(200)
            server.stop()
            taken, published = _counts(space)
            assert taken == published, "stopped before what was accepted was published"
            server.start()
            load.wait_for(50)
            metrics = server.metrics()
            assert metrics["exchange_relay_passed_over_rows_total"] == 0
            assert metrics["exchange_relay_finished_plans_total"] == 0
        submissions = load.stop()
    check_space(space, submissions).demand_clean()


def _counts(space) -> tuple[int, int]:
    query = "SELECT (SELECT count(*) FROM records), (SELECT count(published_at) FROM outbox_events)"
    return space.rows(query)[0]


def test_a_successor_of_a_stopped_server_need_not_wait_for_its_lease(open_space):
    space = open_space("handover")
    first = Server(space, name="first", LEASE_TTL_MS=60000).start()
    first.accepted(bodies.v1())
    first.published(1)
    first.stop()
    second = Server(space, name="second", LEASE_TTL_MS=60000).start()
    second.accepted(bodies.v1())
    second.published(2, within_s=10)


def test_a_request_under_way_is_answered_after_sigterm(open_space):
    server = Server(open_space("drain")).start()
    body = bodies.encode(bodies.v1())
    with rawhttp.connect(server.address) as connection:
        connection.sendall(_half_sent(body))
        _wait_until_seen(server)
        server.send_signal(signal.SIGTERM)
        until(lambda: server.log_lines("stopping"), within_s=10, what="the drain has begun")
        connection.sendall(body[10:])
        answer = rawhttp.read_answer(connection)
    assert answer.status == 202
    assert answer.headers["connection"] == "close"
    assert server.wait(within_s=20) == 0


def test_a_second_sigterm_ends_at_once(open_space):
    server = Server(open_space("twice")).start()
    with rawhttp.connect(server.address) as connection:
        connection.sendall(_half_sent(bodies.encode(bodies.v1())))
        _wait_until_seen(server)
        server.send_signal(signal.SIGTERM)
        until(lambda: server.log_lines("stopping"), within_s=10, what="the drain has begun")
        server.send_signal(signal.SIGTERM)
        # The drain alone would wait for the rest of the request.
        server.wait(within_s=5)


def _half_sent(body: bytes) -> bytes:
    head = rawhttp.head(
        "POST",
        "/v1/ingest",
        Content_Type="application/json",
        Idempotency_Key=bodies.unique_key(),
        Content_Length=len(body),
    )
    return head + body[:10]


def _wait_until_seen(server: Server) -> None:
    """One request later, the server has read what was sent before on another connection."""
    for _ in range(3):
        assert server.http.get("/readyz").status_code in (200, 503)


def test_two_servers_share_the_lanes_and_one_may_die(open_space):
    space = open_space("pair")
    first = Server(space, name="first", LEASE_TTL_MS=1000).start()
    second = Server(space, name="second", LEASE_TTL_MS=1000).start()
    urls = [first.url, second.url]
    with Load(lambda: list(urls)) as load:
        load.wait_for(300)
        until(
            lambda: space.rows("SELECT count(*) FROM lanes WHERE epoch = 0") == [(0,)],
            within_s=15,
            what="every lane has been taken",
        )
        urls.remove(first.url)
        first.kill()
        load.wait_for(300)
        first.start()
        urls.append(first.url)
        load.wait_for(300)
        submissions = load.stop()
    assert second.lane_troubles() == [], "a takeover is no trouble"
    check_space(space, submissions).demand_clean()


@pytest.mark.parametrize("mode", ["transactional", "idempotent"])
def test_an_owner_that_was_stopped_beyond_its_lease_does_no_harm(open_space, mode):
    """Readers drop the copies that an idempotent producer may add; else there must be none."""
    space = open_space("zombie")
    settings = {"LEASE_TTL_MS": 1000, "RELAY_MODE": mode}
    first = Server(space, name="first", **settings).start()
    earlier = send(first, 8)
    first.published(8)
    second = Server(space, name="second", **settings).start()
    owners = space.rows("SELECT DISTINCT owner FROM lanes")
    with Load(lambda: [second.url]) as load:
        load.wait_for(100)
        first.send_signal(signal.SIGSTOP)
        try:
            until(
                lambda: not set(space.rows("SELECT owner FROM lanes")) & set(owners),
                within_s=15,
                what="the other server owns every lane",
            )
            load.wait_for(100)
        finally:
            first.send_signal(signal.SIGCONT)
        load.wait_for(200)
        submissions = earlier + load.stop()
    report = check_space(space, submissions, drop_copies=mode == "idempotent")
    report.demand_clean()
