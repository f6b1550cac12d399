"""Overload is an answer, not a failure, and memory stays bounded."""

import re
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from support import bodies, rawhttp
from support.crowd import crowd
from support.gate import Gate
from support.server import Server
from support.waiting import until

MIB = 1024 * 1024


def announce(length: int, **headers: str) -> bytes:
    """The head of a request whose body has not been sent yet."""
    return rawhttp.head(
        "POST",
        "/v1/ingest",
        Content_Type="application/json",
        Idempotency_Key=bodies.unique_key(),
        Content_Length=length,
        **headers,
    )


def padded(length: int) -> bytes:
    body = bodies.v1()
    body["payload"]["note"] = "x" * (length - len(bodies.encode(body)))
    return bodies.encode(body)


def resident_mib(server: Server) -> float:
    for line in Path(f"/proc/{server.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM")


@pytest.fixture(scope="module")
def busy(open_module_space) -> Server:
    return Server(open_module_space("busy")).start()


def test_128_connections_are_all_served(busy):
    result = crowd(busy.address, connections=128, requests=20)
    assert result.statuses == {202: 128 * 20}
    assert len(result.record_ids) == 128 * 20


def test_1000_connections_get_202_or_a_503_that_says_when_to_come_back(busy):
    result = crowd(busy.address, connections=1000, requests=3)
    assert set(result.statuses) <= {202, 503}
    assert result.rude == 0
    assert result.statuses[202] == len(result.record_ids) > 0
    assert busy.http.get("/readyz").status_code == 200


def test_a_source_over_its_quota_is_told_when_it_may_send_again(open_space):
    server = Server(open_space("quota"), SOURCE_RECORDS_PER_S=2).start()
    key = bodies.unique_key()
    answers = [server.post(bodies.v1()) for _ in range(2)] + [server.post(bodies.v1(), key=key)]
    refused = answers[-1]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert refused.json()["code"] == "rate_limited"
    assert int(refused.headers["Retry-After"]) >= 1
    assert server.outcomes() == {"accepted": 2, "rate_limited": 1}
    other = bodies.v1()
    other["source"] = "another-source"
    assert server.post(other).status_code == 202
    until(
        lambda: server.post(bodies.v1(), key=key).status_code == 202,
        within_s=15,
        what="the source's quota to fill up again",
    )


def test_beyond_the_most_connections_one_is_refused_until_another_ends(open_space):
    server = Server(open_space("connections"), CONNECTIONS_MAX=8).start()
    server.http.close()
    held = [rawhttp.connect(server.address) for _ in range(8)]
    for connection in held:
        connection.sendall(rawhttp.head("GET", "/livez"))
        assert rawhttp.read_answer(connection).status == 200
    with rawhttp.connect(server.address) as extra:
        extra.sendall(rawhttp.head("GET", "/livez"))
        answer = rawhttp.read_answer(extra)
    assert (answer.status, "retry-after" in answer.headers) == (503, True)
    for connection in held:
        connection.close()

    def served() -> bool:
        return rawhttp.exchange(server.address, rawhttp.head("GET", "/livez")).status == 200

    until(served, within_s=15, what="there is room again")
    with httpx.Client(base_url=server.url) as operator:
        text = operator.get("/metrics").text
    counted = re.search(r'^exchange_ingest_requests_total{outcome="overloaded"} (\d+)$', text, re.M)
    assert int(counted[1]) >= 1


def test_requests_beyond_the_queue_are_refused_at_once(open_space):
    space = open_space("queue")
    with Gate(space.pg_address()) as gate:
        server = Server(
            space,
            DATABASE_URL=space.database_url(gate.address),
            QUEUE_MAX=2,
            COMMIT_TIMEOUT_MS=1500,
        ).start()
        gate.drop_replies()
        with ThreadPoolExecutor(40) as clients:
            answers = list(clients.map(lambda _: server.post(bodies.v1()), range(40)))
        assert {answer.status_code for answer in answers} == {503}
        assert all("retry-after" in answer.headers for answer in answers)
        codes = Counter(answer.json()["code"] for answer in answers)
        assert server.outcomes()["overloaded"] == codes["overloaded"] > 0
        assert sum(server.outcomes().values()) == 40
        gate.open()
        gate.cut()
        until(
            lambda: server.post(bodies.v1()).status_code == 202,
            within_s=15,
            what="records are taken again",
        )
        server.stop()


def test_bodies_beyond_the_budget_are_refused_before_they_are_read(open_space):
    server = Server(open_space("budget"), BODY_BUDGET_BYTES=MIB, BODY_BYTES_MAX=MIB).start()
    body = padded(900 * 1024)
    with rawhttp.connect(server.address) as first:
        # The interim answer says that this body has its room in the budget.
        first.sendall(announce(len(body), Expect="100-continue"))
        assert first.recv(1024).startswith(b"HTTP/1.1 100 ")
        first.sendall(body[:1000])

        def refused() -> rawhttp.RawAnswer | None:
            answer = rawhttp.exchange(server.address, announce(len(body)))
            return answer if answer.status == 503 else None

        answer = until(refused, within_s=15, what="the second large body is refused")
        assert int(answer.headers["retry-after"]) >= 1
        assert server.http.get("/livez").status_code == 200
        assert server.outcomes() == {"overloaded": 1}
        first.sendall(body[1000:])
        assert rawhttp.read_answer(first).status == 202
    until(lambda: server.post(body).status_code == 202, within_s=15, what="there is room again")


def test_a_process_is_not_ready_while_the_largest_body_finds_no_room(open_space):
    server = Server(open_space("room"), BODY_BUDGET_BYTES=2 * MIB, BODY_BYTES_MAX=MIB).start()
    body = padded(900 * 1024)

    def begun() -> socket.socket:
        connection = rawhttp.connect(server.address)
        connection.sendall(announce(len(body), Expect="100-continue"))
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")
        return connection

    with begun() as first:
        assert server.http.get("/readyz").status_code == 200
        with begun() as second:
            answer = server.http.get("/readyz")
            assert (answer.status_code, "no room for request bodies" in answer.text) == (503, True)
            assert int(answer.headers["retry-after"]) >= 1
            second.sendall(body)
            assert rawhttp.read_answer(second).status == 202
        until(
            lambda: server.http.get("/readyz").status_code == 200,
            within_s=15,
            what="there is room again",
        )
        first.sendall(padded(900 * 1024))
        assert rawhttp.read_answer(first).status == 202


def test_a_slow_header_is_cut_off_while_others_are_served(open_space):
    server = Server(open_space("loris"), HEADER_TIMEOUT_MS=1000).start()
    slow = [rawhttp.connect(server.address) for _ in range(60)]
    for connection in slow:
        connection.sendall(b"POST /v1/ingest HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    begun = time.monotonic()
    server.accepted(bodies.v1())
    until(lambda: all(map(_trickle_ends, slow)), within_s=15, what="slow clients are cut off")
    assert time.monotonic() - begun > 0.5
    server.accepted(bodies.v1())


def _trickle_ends(connection: socket.socket) -> bool:
    """Sends one more byte; true once the server has closed."""
    connection.settimeout(0.001)
    try:
        connection.send(b"x")
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def test_a_slow_body_is_cut_off(open_space):
    server = Server(open_space("slow_body"), BODY_TIMEOUT_MS=1000).start()
    with rawhttp.connect(server.address) as connection:
        connection.sendall(announce(500) + b"{")
        answer = rawhttp.read_answer(connection)
        assert answer.status == 408
        assert connection.recv(10) == b""
    assert server.outcomes() == {"timed_out": 1}


def test_an_endless_header_is_refused(server):
    with rawhttp.connect(server.address) as connection:
        connection.sendall(rawhttp.head("GET", "/livez")[:-2] + b"X-Long: " + b"x" * 60000)
        assert rawhttp.read_answer(connection).status == 431


def test_pipelined_requests_are_answered_in_order(server):
    with rawhttp.connect(server.address) as connection:
        requests = [rawhttp.head("GET", path) for path in ("/livez", "/nowhere", "/healthz")]
        connection.sendall(b"".join(requests))
        answers = rawhttp.AnswerReader(connection)
        statuses = [answers.read().status for _ in requests]
    assert statuses == [200, 404, 200]


def test_what_is_not_http_is_refused(server):
    answer = rawhttp.exchange(server.address, b"\x16\x03\x01 hello\r\n\r\n")
    assert answer.status == 400


def test_memory_stays_bounded_under_large_bodies(open_space):
    server = Server(open_space("memory"), BODY_BUDGET_BYTES=16 * MIB, BODY_BYTES_MAX=4 * MIB)
    server.start()
    sanitized = "SAN" in server.space.run("version").stderr or _is_sanitized(server)
    before = resident_mib(server)

    def send(_: int) -> int:
        return server.post(padded(2 * MIB)).status_code

    with ThreadPoolExecutor(24) as clients:
        statuses = set(clients.map(send, range(72)))
    assert 202 in statuses
    assert statuses <= {202, 503}
    grown = resident_mib(server) - before
    assert grown < (1500 if sanitized else 300), f"grew by {grown:.0f} MiB"


def _is_sanitized(server: Server) -> bool:
    return "libclang_rt" in Path(f"/proc/{server.pid}/maps").read_text() or b"__asan_init" in (
        server.space.stack.binary.read_bytes()
    )
