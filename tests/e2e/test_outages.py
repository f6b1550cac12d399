"""The raw store or Postgres is away, wrong or cut off in mid-commit."""

import os
import signal
import time
from pathlib import Path

import pytest
from support import bodies
from support.checker import Submission
from support.evidence import check_space
from support.gate import Gate
from support.server import Server
from support.space import LANES
from support.steps import all_well, send, told
from support.waiting import until

MINE = "order-4711"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("case", "changes", "words"),
    [
        ("bucket", {"RAW_STORE": "s3://no-such-bucket-here"}, "no-such-bucket-here"),
        ("secret", {"AWS_SECRET_ACCESS_KEY": "not-the-secret"}, "AWS_"),
        ("endpoint", {"S3_ENDPOINT": "http://127.0.0.1:1"}, "S3_ENDPOINT"),
    ],
)
def test_a_wrong_raw_store_is_told_and_records_wait_for_the_right_one(
    open_space, case, changes, words
):
    space = open_space(f"store_{case}")
    wrong = Server(space, name="wrong", **changes).start()
    submissions = send(wrong, 4)
    status = told(wrong, "raw_store", within_s=8)
    assert words in status["cause"] + status["remedy"]
    assert changes.get("AWS_SECRET_ACCESS_KEY", "-none-") not in wrong.log_text()
    assert wrong.http.get("/readyz").status_code == 200
    assert space.rows("SELECT count(published_at) FROM outbox_events") == [(0,)]
    wrong.stop()
    right = Server(space, name="right").start()
    right.published(4)
    check_space(space, submissions).demand_clean()


def test_records_wait_while_the_raw_store_is_down(open_space, stack):
    space = open_space("store_down")
    server = Server(space).start()
    submissions = send(server, 2)
    server.published(2)
    stack.stop("s3")
    try:
        submissions += send(server, 6)
        told(server, "raw_store")
        assert server.http.get("/readyz").status_code == 200
        assert space.rows("SELECT count(published_at) FROM outbox_events") == [(2,)]
    finally:
        stack.start("s3")
    server.published(8)
    all_well(server)
    check_space(space, submissions).demand_clean()


def test_postgres_down_is_an_answer_and_ends_by_itself(open_space, stack):
    space = open_space("postgres_down")
    server = Server(space).start()
    submissions = send(server, 2)
    kept = Submission("clinic-a", bodies.unique_key(), bodies.encode(bodies.v1()))
    stack.stop("postgres")
    try:
        answer = server.post(kept.body, key=kept.key, X_Correlation_Id=MINE, traceparent=TRACE)
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["code"] in ("postgres_unavailable", "commit_unknown")
        outcome = {"postgres_unavailable": "unavailable", "commit_unknown": "unknown"}
        assert server.outcomes() == {"accepted": 2, outcome[answer.json()["code"]]: 1}
        told_of = server.log_lines("request_failed")[0]
        assert (told_of["status"], told_of["code"]) == (503, answer.json()["code"])
        assert (told_of["correlation_id"], told_of["trace_id"]) == (MINE, TRACE[3:35])
        until(
            lambda: server.http.get("/readyz").status_code == 503,
            within_s=10,
            what="not ready without Postgres",
        )
        assert told(server, "postgres")["remedy"]
        assert server.http.get("/livez").status_code == 200
        assert server.http.get("/healthz").status_code == 200
    finally:
        stack.start("postgres")
    until(
        lambda: server.post(kept.body, key=kept.key).status_code == 202,
        within_s=20,
        what="the same record is taken once Postgres is back",
    )
    kept.record_ids.add(server.accepted(kept.body, key=kept.key)["record_id"])
    all_well(server)
    check_space(space, [*submissions, kept]).demand_clean()


def test_serve_starts_before_postgres_and_begins_when_it_is_there(open_space, stack):
    space = open_space("late_postgres")
    with Gate(space.pg_address()) as gate:
        gate.close()
        server = Server(space, DATABASE_URL=space.database_url(gate.address)).start(ready=False)
        assert server.http.get("/livez").status_code == 200
        assert server.http.get("/readyz").status_code == 503
        answer = server.post(bodies.v1())
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
        gate.open()
        submissions = _send_when_ready(server)
        server.stop()
    check_space_after_restart(space, submissions)


def test_a_postgres_that_falls_silent_does_not_keep_a_process_from_its_end(open_space):
    space = open_space("silent_postgres")
    with Gate(space.pg_address()) as gate:
        server = Server(
            space, DATABASE_URL=space.database_url(gate.address), DRAIN_TIMEOUT_MS=1000
        ).start()
        submissions = _send_when_ready(server)
        server.published(len(submissions))
        gate.drop_replies()
        server.send_signal(signal.SIGTERM)
        # The second of the drain, the eight after it, and what a busy machine takes.
        server.wait(within_s=15)
    check_space_after_restart(space, submissions)


def test_a_commit_whose_answer_is_lost_is_unknown_and_the_repeat_gets_the_record(open_space):
    space = open_space("lost_reply")
    with Gate(space.pg_address()) as gate:
        server = Server(
            space, DATABASE_URL=space.database_url(gate.address), COMMIT_TIMEOUT_MS=1500
        ).start()
        submissions = _send_when_ready(server)
        while space.rows("SELECT count(DISTINCT lane) FROM records")[0][0] < LANES:
            submissions += send(server, 2)
        # Every lane has its connection now, so the next commit is sent before its answer is lost.
        sent = Submission("clinic-a", bodies.unique_key(), bodies.encode(bodies.v1()))
        gate.drop_replies()
        begun = time.monotonic()
        answer = server.post(sent.body, key=sent.key)
        assert time.monotonic() - begun < 8
        assert (answer.status_code, answer.json()["code"]) == (503, "commit_unknown")
        assert "retry-after" in answer.headers
        told_of = server.log_lines("request_failed")[-1]
        drawn = answer.headers["x-correlation-id"]
        assert (told_of["code"], told_of["correlation_id"]) == ("commit_unknown", drawn)
        query = "SELECT record_id::text FROM idempotency WHERE key = %s"
        stored = until(
            lambda: space.rows(query, sent.key), within_s=10, what="the commit happened anyway"
        )
        gate.open()
        gate.cut()
        until(
            lambda: server.post(sent.body, key=sent.key).status_code == 202,
            within_s=20,
            what="the repeat is answered",
        )
        again = server.post(sent.body, key=sent.key)
        assert again.json()["record_id"] == stored[0][0]
        assert again.headers["idempotent-replayed"] == "true"
        sent.record_ids.add(stored[0][0])
        check_space(space, [*submissions, sent]).demand_clean()
        server.stop()


def _send_when_ready(server: Server) -> list[Submission]:
    until(lambda: server.http.get("/readyz").status_code == 200, within_s=20, what="ready at last")
    return send(server, 2)


def check_space_after_restart(space, submissions) -> None:
    server = Server(space, name="after").start()
    check_space(space, submissions).demand_clean()
    server.stop()


def test_a_process_that_never_saw_kafka_waits_without_using_the_processor(open_space):
    space = open_space("idle")
    server = Server(space, KAFKA_BROKERS="127.0.0.1:1").start()
    time.sleep(1)
    before = processor_s(server.pid)
    time.sleep(3)
    assert processor_s(server.pid) - before < 1


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
