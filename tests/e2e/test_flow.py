"""From an accepted record to its event in Kafka and its bytes in the raw store."""

import hashlib
import json
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry, Resource
from support import bodies
from support.checker import Submission
from support.events import read_events
from support.evidence import check_space
from support.server import Server
from support.space import LANES, PARTITIONS

SCHEMAS = Path(__file__).parents[2] / "contracts" / "schemas"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
RECORDS = 240


class Flow:
    """A finished flow: what was sent, and the events it led to."""

    def __init__(self, server: Server, submissions: list[Submission]) -> None:
        self.server = server
        self.space = server.space
        self.submissions = submissions
        self.by_record = {min(sent.record_ids): sent for sent in submissions}
        self.events = read_events(self.space.stack.kafka, self.space.topics, PARTITIONS)


@pytest.fixture(scope="module")
def flow(open_module_space) -> Flow:
    server = Server(open_module_space("flow")).start()
    submissions = []
    for number in range(RECORDS):
        api, source = 1 + number % 2, f"source-{number % 5}"
        sent = Submission(source, bodies.unique_key(), _body(api, source, number), api)
        answer = server.post(sent.body, api=api, key=sent.key, traceparent=TRACE)
        assert answer.status_code == 202, answer.text
        sent.record_ids.add(answer.json()["record_id"])
        submissions.append(sent)
    server.published(RECORDS)
    return Flow(server, submissions)


def _body(api: int, source: str, number: int) -> bytes:
    """Odd bytes that any re-encoding on the way would change."""
    body = bodies.body_of(api, source, filler=number * 7)
    body["payload"]["text"] = "é € 𝄞 \\ / \u007f"
    return json.dumps(body, ensure_ascii=number % 2 == 0, separators=(" ,", " : ")).encode()


def test_every_record_is_announced_once_in_order_with_its_bytes(flow):
    report = check_space(flow.space, flow.submissions)
    report.demand_clean()
    assert sorted(event.key for event in flow.events) == sorted(flow.by_record)


def test_each_version_has_its_topic(flow):
    for event in flow.events:
        api = flow.by_record[event.key].api
        assert event.topic == f"{flow.space.topic_prefix}record.ingested.v{api}"


def validator(api: int) -> jsonschema.Draft202012Validator:
    documents = [json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")]
    names = [path.name for path in SCHEMAS.glob("*.json")]
    resources = map(Resource.from_contents, documents)
    registry = Registry().with_resources(zip(names, resources, strict=True))
    schema = json.loads((SCHEMAS / f"record-ingested.v{api}.json").read_text())
    return jsonschema.Draft202012Validator(schema, registry=registry)


@pytest.mark.parametrize("api", [1, 2])
def test_an_event_follows_its_schema(flow, api):
    check = validator(api)
    values = [json.loads(event.value) for event in flow.events if event.topic[-1] == str(api)]
    assert len(values) == RECORDS // 2
    for value in values:
        check.validate(value)


def test_an_event_says_what_was_accepted(flow):
    for event in flow.events:
        value, sent = json.loads(event.value), flow.by_record[event.key]
        assert value["event_type"] == "record.ingested"
        assert value["event_version"] == sent.api
        assert value["source"] == sent.source
        assert value["record_id"] == event.key
        assert value["raw_object"]["bucket"] == flow.space.bucket
        if sent.api == 2:
            assert value["record_kind"] == "lab_result"
            assert value["schema_hint"] == "partnerB.v1"


def test_the_raw_bytes_are_read_by_range_exactly_as_sent(flow):
    for event in flow.events[::6]:
        raw = json.loads(event.value)["raw_object"]
        last = raw["offset"] + raw["length"] - 1
        answer = flow.space.s3.get_object(
            Bucket=raw["bucket"], Key=raw["key"], Range=f"bytes={raw['offset']}-{last}"
        )
        data = answer["Body"].read()
        assert data == flow.by_record[event.key].body
        assert hashlib.sha256(data).hexdigest() == raw["sha256"]


def test_headers_carry_cloudevents_trace_lane_epoch_and_sequence(flow):
    for event in flow.events:
        value = json.loads(event.value)
        assert event.headers["ce_specversion"] == "1.0"
        assert event.headers["ce_id"] == value["event_id"]
        assert event.headers["ce_subject"] == event.key
        assert event.headers["ce_time"] == value["occurred_at"]
        assert event.headers["content-type"] == "application/json"
        assert event.headers["traceparent"] == TRACE
        assert event.number("x-lane") == event.partition % LANES
        assert event.number("x-epoch") > 0


def test_the_ledger_counts_every_accepted_record(flow):
    counted = dict(flow.space.rows("SELECT source, count(*) FROM records GROUP BY source"))
    assert counted == {f"source-{number}": RECORDS // 5 for number in range(5)}
    assert flow.space.rows("SELECT count(DISTINCT event_id) FROM outbox_events") == [(RECORDS,)]


def test_records_of_a_source_share_objects_under_load(open_space):
    """Bundles: far fewer objects than records when many wait, each of one source."""
    space = open_space("bundles")
    server = Server(space, RAW_STORE="s3://no-such-bucket-here").start()
    for _ in range(60):
        server.accepted(bodies.v1("only-source"))
    server.stop()
    again = Server(space, name="again").start()
    again.published(60)
    sources = space.rows("SELECT DISTINCT source FROM bundles")
    assert sources == [("only-source",)]
    # The first window of a lane was planned when its first record came.
    assert space.rows("SELECT count(*) FROM bundles")[0][0] <= 2 * LANES


def test_the_runbook_query_works_word_for_word(flow):
    rows = flow.space.rows(
        "SELECT id, topic, key, created_at, published_at FROM outbox_events "
        "ORDER BY id DESC LIMIT 5;"
    )
    assert len(rows) == 5
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)
    for _, topic, key, created_at, published_at in rows:
        assert topic == f"record.ingested.v{flow.by_record[key].api}"
        assert created_at <= published_at


def test_published_is_counted_with_a_latency_for_each_event(flow):
    metrics = flow.server.metrics()
    assert metrics["exchange_relay_published_rows_total"] == RECORDS
    assert metrics["exchange_relay_publish_seconds_count"] == RECORDS
    assert metrics["exchange_relay_passed_over_rows_total"] == 0
