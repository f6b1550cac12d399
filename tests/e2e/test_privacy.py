"""Identity that clients send is nowhere but in the raw bytes: planted, then looked for."""

import json
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from support import bodies
from support.collector import Collector
from support.events import read_events
from support.evidence import objects, settled
from support.server import Server
from support.space import PARTITIONS, Space
from support.waiting import until

GIVEN, FAMILY, OTHER = "Zyxanthra", "Quillermoss", "Vexillopod"
DOB, SSN = "1907-03-19", "987-65-4329"
CANARIES = [GIVEN, FAMILY, OTHER, DOB, SSN, SSN.replace("-", ""), "19.03.1907"]

V1_PATIENT = {"first_name": GIVEN, "last_name": FAMILY, "dob": DOB, "ssn": SSN}
V2_PATIENT = {"given_name": GIVEN, "family_name": FAMILY, "dob": DOB, "ssn": SSN}
NOTES = {"seen": f"{GIVEN} {FAMILY}, born {DOB}", f"{OTHER}": SSN, "more": [{FAMILY: OTHER}]}


def valid() -> list[tuple[int, bytes]]:
    """Bodies that are accepted; one has its names in JSON's escapes."""
    first = bodies.encode(bodies.v1(patient=V1_PATIENT, payload=NOTES))
    second = bodies.encode(bodies.v2(patient=V2_PATIENT, payload=NOTES))
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in GIVEN).encode()
    return [(1, first), (2, second), (1, first.replace(GIVEN.encode(), escaped))]


def invalid() -> list[tuple[int, bytes]]:
    """Identity in every place where a careless message would repeat it."""
    whole = bodies.encode(bodies.v1(patient=V1_PATIENT))
    wrong = [
        (1, bodies.v1(source=f"{GIVEN} {FAMILY}", patient=V1_PATIENT)),
        (1, bodies.v1(record_type=OTHER, patient=V1_PATIENT)),
        (1, bodies.v1(patient={**V1_PATIENT, "dob": "19.03.1907"})),
        (1, bodies.v1(patient={**V1_PATIENT, "ssn": f"{SSN}0"})),
        (1, bodies.v1(patient={**V1_PATIENT, OTHER: GIVEN})),
        (1, bodies.v1(patient=f"{GIVEN} {FAMILY} {DOB} {SSN}")),
        (1, bodies.v1(patient={GIVEN: FAMILY})),
        (1, {**bodies.v1(), GIVEN: {FAMILY: SSN}}),
        (1, {GIVEN: FAMILY}),
        (1, [GIVEN, FAMILY, DOB, SSN]),
        (1, f"{GIVEN} {FAMILY}"),
        (2, bodies.v2(schema_hint=f"{GIVEN}.v1", patient=V2_PATIENT)),
        (2, bodies.v2(record_kind=SSN, patient=V2_PATIENT)),
        (2, bodies.v2(patient=V1_PATIENT)),
    ]
    broken = [whole[:-1], whole + FAMILY.encode(), f"{GIVEN} {SSN}".encode()]
    broken.append(whole.replace(b'"dob"', b'"first_name":"' + OTHER.encode() + b'","dob"'))
    broken.append(whole.replace(FAMILY.encode(), FAMILY.encode() + b"\xff"))
    return [(api, bodies.encode(body)) for api, body in wrong] + [(1, body) for body in broken]


def found_in(text: str | bytes) -> list[str]:
    """Canaries in the text, also those that stand in it as hexadecimal digits."""
    text = (text if isinstance(text, str) else text.decode(errors="replace")).lower()
    return [
        canary for canary in CANARIES if canary.lower() in text or canary.encode().hex() in text
    ]


class Planted:
    def __init__(self, server: Server, collector: Collector) -> None:
        self.server = server
        self.collector = collector
        self.space: Space = server.space
        self.accepted = 0
        self.answers: list[httpx.Response] = []
        for api, body in valid():
            key = bodies.unique_key()
            self._send(api, body, key, expected=202)
            self._send(api, body, key, expected=202)
            self._send(api, body + b" ", key, expected=409)
            self.accepted += 1
        for api, body in invalid():
            self._send(api, body, bodies.unique_key(), expected=400)
        for path in (f"/{GIVEN}/{SSN}", f"/v1/ingest?name={FAMILY}", f"/readyz?{OTHER}"):
            self.answers.append(server.http.get(path))
        server.published(self.accepted)
        settled(self.space)

    def _send(self, api: int, body: bytes, key: str, expected: int) -> None:
        answer = self.server.post(body, api=api, key=key)
        assert answer.status_code == expected, answer.text
        self.answers.append(answer)


@pytest.fixture(scope="module")
def planted(open_module_space) -> Iterator[Planted]:
    with Collector() as collector:
        server = Server(
            open_module_space("privacy"),
            LOG_LEVEL="debug",
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
        )
        yield Planted(server.start(), collector)


def test_no_answer_repeats_identity(planted):
    for answer in planted.answers:
        assert found_in(answer.content) == [], answer.text
        assert found_in(str(answer.headers)) == []


def test_no_log_line_holds_identity(planted):
    log = planted.server.log_text()
    assert "record_taken" in log, "the log is not at its most talkative"
    assert found_in(log) == []


def test_no_metric_and_no_probe_holds_identity(planted):
    for path in ("/metrics", "/readyz?verbose", "/readyz"):
        assert found_in(planted.server.http.get(path).content) == []


def test_no_span_holds_identity(planted):
    ingested = [answer for answer in planted.answers if answer.request.method == "POST"]

    def kinds() -> Counter[str]:
        return Counter(span.kind for span in planted.collector.spans())

    expected = {"server": len(ingested), "producer": planted.accepted}
    until(lambda: kinds() >= Counter(expected), within_s=10, what=f"the spans {expected}")
    assert set(kinds()) == {"server", "client", "producer"}
    for body in planted.collector.bodies():
        assert found_in(body) == []


def test_no_event_holds_identity(planted):
    events = read_events(planted.space.stack.kafka, planted.space.topics, PARTITIONS)
    assert len(events) == planted.accepted
    for event in events:
        assert found_in(event.key + json.dumps(event.headers)) == []
        assert found_in(event.value) == []


def test_no_table_but_the_staged_bytes_holds_identity(planted):
    tables = planted.space.rows(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' "
        "AND c.relnamespace = 'public'::regnamespace"
    )
    assert len(tables) > 10
    holding = set()
    for (table,) in tables:
        for (row,) in planted.space.rows(f"SELECT row_to_json(t)::text FROM {table} t"):
            if found_in(row):
                holding.add(table)
    # That the staged bytes are found shows that the search works.
    assert holding
    assert {table.split("_")[0] for table in holding} == {"staged"}


def test_no_running_statement_shows_identity(planted):
    for (query,) in planted.space.rows("SELECT query FROM pg_stat_activity"):
        assert found_in(query) == []


def test_object_names_hold_no_identity_and_objects_hold_accepted_bodies_only(planted):
    stored = objects(planted.space)
    assert found_in(" ".join(stored)) == []
    held = sorted(part for data in stored.values() for part in data.split(b"\n"))
    sent = {
        answer.request.headers["Idempotency-Key"]: answer.request.content
        for answer in planted.answers
        if answer.status_code == 202
    }
    assert held == sorted(sent.values())
