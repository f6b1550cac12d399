"""POST /v1/ingest and /v2/ingest: each answer of the contract."""

import json
import re
import uuid
from pathlib import Path

import pytest
from support import bodies, rawhttp

EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
APIS = pytest.mark.parametrize("api", [1, 2])


def problem(answer, status: int, code: str) -> dict:
    """The answer is a problem document of that status and code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (document["status"], document["code"]) == (status, code)
    assert document["title"] and document["type"].endswith(code)
    assert document["error"] and "\n" not in document["error"]
    return document


def violations(answer) -> set[tuple[str, str]]:
    document = problem(answer, 400, "body_invalid")
    assert all(found["detail"] for found in document["errors"])
    return {(found["pointer"], found["code"]) for found in document["errors"]}


@APIS
def test_a_valid_record_is_accepted_with_its_ids(server, api):
    answer = server.post(bodies.body_of(api), api=api)
    assert answer.status_code == 202, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"record_id", "correlation_id"}
    assert UUID.fullmatch(answer.json()["record_id"])
    assert UUID.fullmatch(answer.json()["correlation_id"])
    assert answer.headers["x-correlation-id"] == answer.json()["correlation_id"]
    assert "idempotent-replayed" not in answer.headers


@APIS
@pytest.mark.parametrize("kind", ["encounter", "claim", "lab_result"])
def test_each_kind_of_record_is_accepted(server, api, kind):
    member = "record_type" if api == 1 else "record_kind"
    server.accepted(bodies.body_of(api, **{member: kind}), api=api)


@pytest.mark.parametrize("hint", ["partnerA.v1", "partnerA.v2", "partnerB.v1"])
def test_each_known_mapping_is_accepted(server, hint):
    server.accepted(bodies.v2(schema_hint=hint), api=2)


def test_a_correlation_id_that_the_client_sends_is_kept(server):
    mine = f"trace/{uuid.uuid4()}!~"
    answer = server.post(bodies.v1(), X_Correlation_Id=mine)
    assert answer.json()["correlation_id"] == mine
    assert answer.headers["x-correlation-id"] == mine


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (400, {"Content_Type": "application/json", "Content_Length": 2}),
        (413, {"Content_Type": "application/json", "Content_Length": 1 << 40}),
        (415, {"Content_Type": "text/plain", "Content_Length": 2}),
        (417, {"Content_Length": 2, "Expect": "a-miracle"}),
    ],
)
def test_a_correlation_id_is_repeated_in_an_error(server, status, more):
    mine = "my-correlation-1"
    key = bodies.unique_key()
    head = rawhttp.head("POST", "/v1/ingest", X_Correlation_Id=mine, Idempotency_Key=key, **more)
    answer = rawhttp.exchange(server.address, head + b"{}")
    assert answer.status == status
    assert answer.headers["x-correlation-id"] == mine
    assert json.loads(answer.body)["correlation_id"] == mine


@pytest.mark.parametrize("value", ["short", "x" * 129, "with a blank", "tab\there!"])
def test_a_bad_correlation_id_is_refused(server, value):
    problem(server.post(bodies.v1(), X_Correlation_Id=value), 400, "correlation_id_invalid")


def test_a_missing_key_is_refused(server):
    answer = server.http.post(
        "/v1/ingest",
        content=bodies.encode(bodies.v1()),
        headers={"Content-Type": "application/json"},
    )
    problem(answer, 400, "idempotency_key_missing")


@pytest.mark.parametrize("key", ["seven77", "k" * 256, "has blank in it", "umlaut-\xfc\xfc\xfc"])
def test_a_bad_key_is_refused(server, key):
    head = rawhttp.head(
        "POST",
        "/v1/ingest",
        Content_Type="application/json",
        Content_Length=2,
        Idempotency_Key=key,
    )
    # A header may hold bytes beyond ASCII; httpx would not send them.
    answer = rawhttp.exchange(server.address, head.decode().encode("latin-1") + b"{}")
    assert answer.status == 400
    assert b'"code":"idempotency_key_invalid"' in answer.body


def test_a_key_that_is_sent_twice_is_refused(server):
    head = rawhttp.head("POST", "/v1/ingest", Content_Type="application/json", Content_Length=2)
    twice = (
        head[:-2] + b"Idempotency-Key: key-number-one\r\nIdempotency-Key: key-number-two\r\n\r\n"
    )
    answer = rawhttp.exchange(server.address, twice + b"{}")
    assert answer.status == 400
    assert b'"code":"idempotency_key_invalid"' in answer.body


@pytest.mark.parametrize("key", ["8-chars!", "k" * 255])
def test_keys_of_the_shortest_and_longest_length_are_accepted(server, key):
    server.accepted(bodies.v1(f"keys-{uuid.uuid4()}"), key=key)


def invalid_examples():
    """The golden examples of what is refused, with every violation each must be told."""
    for api in (1, 2):
        for example in json.loads((EXAMPLES / f"ingest-v{api}-invalid.json").read_text()):
            text = example["text"] if "text" in example else json.dumps(example["json"])
            expected = {(found["pointer"], found["code"]) for found in example["violations"]}
            yield pytest.param(api, text.encode(), expected, id=f"v{api} {example['name']}")


@pytest.mark.parametrize(("api", "body", "expected"), list(invalid_examples()))
def test_every_violation_is_told_at_once_by_its_pointer(server, api, body, expected):
    assert violations(server.post(body, api=api)) == expected


@APIS
@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\x00"])
def test_bytes_that_are_not_utf_8_are_refused(server, api, bad):
    body = bodies.encode(bodies.body_of(api)).replace(b"Sam", b"S" + bad + b"m")
    assert {code for _, code in violations(server.post(body, api=api))} == {"json_invalid"}


@pytest.mark.parametrize("name", ["ingest-v1", "ingest-v1-minimal", "ingest-v2", "ingest-v2-full"])
def test_the_golden_examples_are_accepted(server, name):
    body = (EXAMPLES / f"{name}.json").read_bytes()
    server.accepted(body, api=int(name[8]))


def test_an_unknown_path_is_not_found(server):
    problem(server.http.get("/nowhere"), 404, "not_found")
    problem(server.http.post("/v3/ingest", content=b"{}"), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_told_which_is_allowed(server, method):
    answer = server.http.request(method, "/v1/ingest")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def test_another_method_on_a_probe_is_told_which_are_allowed(server):
    answer = server.http.post("/healthz", content=b"")
    problem(answer, 405, "method_not_allowed")
    assert {name.strip() for name in answer.headers["allow"].split(",")} == {"GET", "HEAD"}


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/jsonp"])
def test_another_media_type_is_refused(server, media_type):
    answer = server.post(bodies.v1(), Content_Type=media_type)
    problem(answer, 415, "media_type_unsupported")


def test_the_media_type_may_be_in_any_case_and_have_parameters(server):
    server.accepted(bodies.v1(), Content_Type="Application/JSON; charset=utf-8")


LARGEST = 10 * 1024 * 1024


def test_a_body_of_exactly_ten_mebibytes_is_accepted(server):
    body = bodies.v1()
    body["payload"]["note"] = "x" * (LARGEST - len(bodies.encode(body)))
    assert len(bodies.encode(body)) == LARGEST
    server.accepted(body)


def test_a_larger_body_is_refused_before_it_is_read(server):
    head = rawhttp.head(
        "POST",
        "/v1/ingest",
        Content_Type="application/json",
        Idempotency_Key=bodies.unique_key(),
        Content_Length=LARGEST + 1,
    )
    answer = rawhttp.exchange(server.address, head)
    assert answer.status == 413
    assert b'"code":"payload_too_large"' in answer.body


def test_a_chunked_body_is_taken_and_bounded_alike(server):
    body = bodies.encode(bodies.v1())
    answer = server.http.post(
        "/v1/ingest",
        content=iter([body[:10], body[10:]]),
        headers={"Content-Type": "application/json", "Idempotency-Key": bodies.unique_key()},
    )
    assert answer.status_code == 202, answer.text
    head = rawhttp.head(
        "POST",
        "/v1/ingest",
        Content_Type="application/json",
        Idempotency_Key=bodies.unique_key(),
        Transfer_Encoding="chunked",
    )
    answer = rawhttp.exchange(server.address, head + b"%x\r\n" % (LARGEST + 1))
    assert answer.status == 413
