"""Who may send: the development token and signed tokens."""

import time
from collections import Counter

import pytest
from support import bodies
from support.tokens import token


def post(server, authorization: str | None, source: str = "clinic-a"):
    headers = {"Content-Type": "application/json", "Idempotency-Key": bodies.unique_key()}
    request = server.http.build_request(
        "POST", "/v1/ingest", content=bodies.encode(bodies.v1(source)), headers=headers
    )
    del request.headers["Authorization"]
    if authorization is not None:
        request.headers["Authorization"] = authorization
    return server.http.send(request)


NOW = int(time.time())
REFUSED = [
    (None, "token_missing"),
    ("dev", "token_malformed"),
    ("Basic ZGV2", "token_malformed"),
    ("Bearer nonsense", "token_malformed"),
    (f"Bearer {token('clinic-a', secret='another-secret-of-more-than-32-bytes')}", None),
    (f"Bearer {token('clinic-a', header={'alg': 'none'})}", None),
    (f"Bearer {token('clinic-a', header={'alg': 'HS512'})}", None),
    (f"Bearer {token('clinic-a', exp=NOW - 3600)}", "token_expired"),
    (f"Bearer {token('clinic-a', nbf=NOW + 36000)}", "token_not_yet_valid"),
    (f"Bearer {token('clinic-a', iss='https://other.test')}", "token_not_trusted"),
    (f"Bearer {token('clinic-a', aud='another')}", "token_not_trusted"),
    (f"Bearer {token('clinic-a', exp=None)}", "token_invalid"),
    (f"Bearer {token('clinic-a', sub=None)}", "token_invalid"),
]


@pytest.mark.parametrize(("authorization", "code"), REFUSED)
def test_a_bad_token_gets_401_and_a_challenge(server, authorization, code):
    answer = post(server, authorization)
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["code"] == (code or answer.json()["code"])
    assert authorization is None or authorization.split()[-1] not in answer.text


def test_what_a_token_does_not_allow_is_counted(server):
    before = Counter(server.outcomes())
    post(server, None)
    post(server, f"Bearer {token('clinic-a')}", source="clinic-b")
    post(server, f"Bearer {token('clinic-a', scope='query')}")
    assert Counter(server.outcomes()) - before == {"unauthorized": 1, "forbidden": 2}


def test_a_signed_token_sends_for_its_own_source(server):
    answer = post(server, f"Bearer {token('clinic-a')}")
    assert answer.status_code == 202, answer.text


def test_a_signed_token_may_not_send_for_another_source(server):
    answer = post(server, f"Bearer {token('clinic-a')}", source="clinic-b")
    assert (answer.status_code, answer.json()["code"]) == (403, "source_not_allowed")


@pytest.mark.parametrize("scope", ["", "query", "ingestion"])
def test_a_token_without_the_scope_is_refused(server, scope):
    answer = post(server, f"Bearer {token('clinic-a', scope=scope)}")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_the_scope_may_stand_among_others(server):
    answer = post(server, f"Bearer {token('clinic-a', scope='query ingest')}")
    assert answer.status_code == 202, answer.text
