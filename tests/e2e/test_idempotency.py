"""One effect for each Idempotency-Key, however often and at once it is sent."""

import asyncio
from collections import Counter

import httpx
from support import bodies
from support.events import read_events
from support.space import PARTITIONS
from support.waiting import until


def test_a_repeat_gets_the_same_bytes_and_says_so(server):
    body, key = bodies.v1(), bodies.unique_key()
    first = server.post(body, key=key)
    again = server.post(body, key=key, X_Correlation_Id="another-correlation")
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.content == first.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["x-correlation-id"] == first.headers["x-correlation-id"]


def test_another_body_under_the_same_key_conflicts(server):
    key = bodies.unique_key()
    server.accepted(bodies.v1(), key=key)
    answer = server.post(bodies.v1(), key=key)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")


def test_bodies_are_compared_byte_for_byte(server):
    key, body = bodies.unique_key(), bodies.encode(bodies.v1())
    server.accepted(body, key=key)
    assert server.post(body + b" ", key=key).status_code == 409


def test_a_key_belongs_to_its_source(server):
    key = bodies.unique_key()
    first = server.accepted(bodies.v1("source-one"), key=key)
    second = server.accepted(bodies.v1("source-two"), key=key)
    assert first["record_id"] != second["record_id"]


def test_an_invalid_body_does_not_use_up_its_key(server):
    key = bodies.unique_key()
    assert server.post(b"{}", key=key).status_code == 400
    server.accepted(bodies.v1(), key=key)


async def _race(url: str, contents: list[bytes], key: str) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=None)
    headers = {"Authorization": "Bearer dev", "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=url, timeout=20, limits=limits) as client:
        return await asyncio.gather(
            *(
                client.post(
                    "/v1/ingest", content=content, headers={**headers, "Idempotency-Key": key}
                )
                for content in contents
            )
        )


def test_64_requests_with_one_key_at_once_make_one_record(server):
    key, body = bodies.unique_key(), bodies.encode(bodies.v1())
    answers = asyncio.run(_race(server.url, [body] * 64, key))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    replayed = Counter(answer.headers.get("idempotent-replayed") for answer in answers)
    assert replayed == {None: 1, "true": 63}

    record_id = answers[0].json()["record_id"]
    query = "SELECT count(*), count(published_at) FROM outbox_events WHERE key = %s"
    until(
        lambda: server.space.rows(query, record_id) == [(1, 1)],
        within_s=20,
        what="the record's one event is published",
    )
    held = server.space.rows("SELECT count(*) FROM records WHERE record_id = %s", record_id)
    assert held == [(1,)]
    events = read_events(server.space.stack.kafka, server.space.topics, PARTITIONS)
    assert [event.key for event in events].count(record_id) == 1


def test_two_bodies_racing_for_one_key_have_one_winner(server):
    key = bodies.unique_key()
    contents = [bodies.encode(bodies.v1()), bodies.encode(bodies.v1())]
    answers = asyncio.run(_race(server.url, contents * 16, key))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {202: 16, 409: 16}
    assert len({answer.content for answer in answers if answer.status_code == 202}) == 1
