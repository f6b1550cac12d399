"""Traces: from the caller's traceparent over ingest, outbox and relay to the header in Kafka."""

import secrets
import socket
import time
from collections.abc import Iterator

import pytest
from support import bodies
from support.collector import Collector, Span
from support.crowd import crowd
from support.events import Event, read_events
from support.server import Server
from support.space import LANES, PARTITIONS
from support.waiting import until

PUBLISHED = "exchange_relay_published_rows_total"
EXPORTED = "exchange_traces_exported_spans_total"


class Traced:
    """An exchange that sends its traces to a collector."""

    def __init__(self, space, collector: Collector, **settings: object) -> None:
        self.collector = collector
        self.server = Server(
            space, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, **settings
        ).start()

    def send(self, traceparent: str = "", **how: object) -> str:
        """A record's id, once its event is in Kafka."""
        headers = {"traceparent": traceparent} if traceparent else {}
        published = self.server.metrics()[PUBLISHED]
        record = self.server.accepted(bodies.v1("clinic-a"), **how, **headers)["record_id"]
        until(
            lambda: self.server.metrics()[PUBLISHED] > published,
            within_s=20,
            what="it is published",
        )
        return record

    def event(self, record: str) -> Event:
        space = self.server.space
        events = read_events(space.stack.kafka, space.topics, PARTITIONS)
        return next(event for event in events if event.key == record)

    def spans(self, trace: str, count: int) -> list[Span]:
        """The spans of a trace, in the order in which they began."""
        until(
            lambda: len(self.collector.of_trace(trace)) >= count,
            within_s=10,
            what=f"{count} spans",
        )
        return sorted(self.collector.of_trace(trace), key=lambda span: span.began_ns)


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture(scope="module")
def traced(open_module_space, collector) -> Traced:
    return Traced(open_module_space("traces"), collector, OTEL_SERVICE_NAME="exchange-under-test")


def traceparent(flags: str = "01") -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{flags}"


def test_a_request_its_commit_and_its_event_hang_on_the_callers_span(traced):
    caller = traceparent()
    _, trace, span, _ = caller.split("-")
    record = traced.send(caller)
    request, commit, publish = traced.spans(trace, 3)
    assert (request.name, request.kind, request.parent) == ("POST /v1/ingest", "server", span)
    assert (commit.name, commit.kind, commit.parent) == ("commit group", "client", request.id)
    assert publish.name == f"publish {traced.server.space.topics[0]}"
    assert (publish.kind, publish.parent) == ("producer", request.id)
    assert traced.event(record).headers["traceparent"] == publish.traceparent
    assert request.began_ns <= commit.began_ns <= commit.ended_ns <= request.ended_ns
    assert publish.began_ns <= publish.ended_ns
    assert not any(span.failed for span in (request, commit, publish))


def test_spans_say_which_record_source_lane_topic_and_status(traced):
    caller = traceparent()
    record = traced.send(caller)
    event = traced.event(record)
    request, commit, publish = traced.spans(caller.split("-")[1], 3)
    lane = event.partition % LANES
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/ingest",
        "http.response.status_code": 202,
        "exchange.source": "clinic-a",
        "exchange.record_id": record,
    }
    assert commit.attributes == {
        "db.system.name": "postgresql",
        "exchange.lane": lane,
        "exchange.group_rows": 1,
    }
    assert publish.attributes == {
        "messaging.system": "kafka",
        "messaging.operation.type": "send",
        "messaging.destination.name": event.topic,
        "messaging.destination.partition.id": str(event.partition),
        "messaging.kafka.offset": event.offset,
        "exchange.record_id": record,
        "exchange.lane": lane,
    }


def test_spans_say_whose_they_are(traced):
    caller = traceparent()
    traced.send(caller)
    for span in traced.spans(caller.split("-")[1], 3):
        assert span.resource["service.name"] == "exchange-under-test"
        assert span.resource["service.version"].count(".") == 2
        assert span.resource["service.instance.id"]


def test_a_request_without_traceparent_begins_a_trace(traced):
    record = traced.send()
    trace = traced.event(record).headers["traceparent"].split("-")[1]
    request, commit, publish = traced.spans(trace, 3)
    assert request.parent == ""
    assert commit.parent == publish.parent == request.id


def test_a_malformed_traceparent_is_as_good_as_none(traced):
    record = traced.send("00-not-a-trace-01")
    trace = traced.event(record).headers["traceparent"].split("-")[1]
    assert traced.spans(trace, 3)[0].parent == ""


def test_a_repeat_is_a_request_of_its_own_and_publishes_nothing(traced):
    key, body = bodies.unique_key(), bodies.v1()
    first, repeat = traceparent(), traceparent()
    record = traced.server.accepted(body, key=key, traceparent=first)["record_id"]
    traced.server.accepted(body, key=key, traceparent=repeat)
    assert len(traced.spans(first.split("-")[1], 3)) == 3
    request, _ = traced.spans(repeat.split("-")[1], 2)
    assert request.attributes["exchange.record_id"] == record
    assert traced.event(record).headers["traceparent"].split("-")[1] == first.split("-")[1]


@pytest.mark.parametrize(
    ("body", "changes", "status"),
    [(b"{}", {}, 400), (b"{}", {"Idempotency_Key": "short"}, 400)],
    ids=["by its body", "by its header"],
)
def test_a_refused_request_has_a_span_with_its_status(traced, body, changes, status):
    caller = traceparent()
    assert traced.server.post(body, traceparent=caller, **changes).status_code == status
    (request,) = traced.spans(caller.split("-")[1], 1)
    assert request.attributes["http.response.status_code"] == status
    assert not request.failed


def test_a_request_that_its_caller_does_not_sample_passes_untouched(traced):
    caller = traceparent("00")
    record = traced.send(caller)
    # One that is sampled, so that the exporter has come by.
    sampled = traceparent()
    traced.send(sampled)
    traced.spans(sampled.split("-")[1], 3)
    assert traced.event(record).headers["traceparent"] == caller
    assert traced.collector.of_trace(caller.split("-")[1]) == []


@pytest.mark.parametrize(
    ("sampler", "share"), [("parentbased_traceidratio", 0), ("parentbased_always_off", 1)]
)
def test_a_share_of_nothing_exports_nothing(open_space, sampler, share):
    with Collector() as collector:
        traced = Traced(
            open_space("unsampled"),
            collector,
            OTEL_TRACES_SAMPLER=sampler,
            OTEL_TRACES_SAMPLER_ARG=share,
        )
        record = traced.send()
        assert "traceparent" not in traced.event(record).headers
        # What its caller samples is.
        caller = traceparent()
        traced.send(caller)
        traced.spans(caller.split("-")[1], 3)
        assert {span.trace for span in collector.spans()} == {caller.split("-")[1]}


def test_without_an_endpoint_nothing_is_traced(open_space):
    server = Server(open_space("untraced")).start()
    server.accepted(bodies.v1())
    server.published(1)
    assert EXPORTED not in server.metrics()
    events = read_events(server.space.stack.kafka, server.space.topics, PARTITIONS)
    assert "traceparent" not in events[0].headers


def test_the_trace_goes_from_one_process_to_the_other_by_the_row(open_space):
    space = open_space("apart")
    with Collector() as collector:
        to_it = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
        ingest = Server(space, name="ingest", roles="ingest", **to_it).start()
        silent = Server(space, name="silent", roles="ingest").start()
        traced, untraced = traceparent(), traceparent()
        ingest.accepted(bodies.v1(), traceparent=traced)
        silent.accepted(bodies.v1(), traceparent=untraced)
        relay = Server(space, name="relay", roles="relay", **to_it).start()
        relay.published(2)
        until(lambda: len(collector.spans()) >= 4, within_s=10, what="all spans are there")
        request, _, publish = sorted(
            collector.of_trace(traced.split("-")[1]), key=lambda span: span.began_ns
        )
        assert publish.parent == request.id
        assert publish.resource["service.instance.id"] != request.resource["service.instance.id"]
        # Where ingest makes no spans the event hangs on the caller's.
        (alone,) = collector.of_trace(untraced.split("-")[1])
        assert (alone.kind, alone.parent) == ("producer", untraced.split("-")[2])
        for server in (ingest, silent, relay):
            server.stop()


def dropped(server: Server) -> dict[str, float]:
    prefix = 'exchange_traces_dropped_spans_total{reason="'
    samples = server.metrics().items()
    return {name[len(prefix) : -2]: value for name, value in samples if name.startswith(prefix)}


def test_a_collector_that_is_gone_costs_spans_only(open_space):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can be there
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        server = Server(open_space("gone"), OTEL_EXPORTER_OTLP_ENDPOINT=endpoint).start()
        for _ in range(20):
            server.accepted(bodies.v1())
        server.published(20)
        until(lambda: sum(dropped(server).values()) >= 60, within_s=20, what="drops are counted")
        health = server.health()["traces"]
        assert health["condition"] == "degraded"
        assert "OTEL_EXPORTER_OTLP_ENDPOINT" in health["remedy"]
        assert server.http.get("/readyz").status_code == 200
        server.stop()


def test_a_collector_that_never_answers_slows_nothing(open_space):
    """More spans than the queue holds, towards somebody who takes connections and is silent."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        server = Server(open_space("silent"), OTEL_EXPORTER_OTLP_ENDPOINT=endpoint).start()
        began = time.monotonic()
        result = crowd(server.address, connections=32, requests=110)
        took_s = time.monotonic() - began
        assert result.statuses == {202: 32 * 110}
        server.published(32 * 110)
        until(lambda: dropped(server)["queue_full"] > 0, within_s=15, what="the queue is full")
        # Each connection waits for 110 answers; one that waited for the exporter would take more.
        assert took_s < 30
        server.stop()
