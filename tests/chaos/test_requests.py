"""Faults on the messages that decide; ./dev chaos requests tries each of them, and three hits."""

import signal
import struct
import threading

import pytest
from chaos.broker import trusting_producers
from chaos.hanging import hang_next_transaction
from chaos.requests import ACTIONS, Gates, make_rules
from support.frames import HttpFrames, KafkaFrames, PostgresFrames
from support.request_gate import Rule
from support.server import Server
from support.waiting import until

DECIDES = {
    "kafka": {"EndTxn"},
    "postgres": {"append_records", "COMMIT"},
    "s3": {"PUT"},
}


@pytest.mark.parametrize("server", DECIDES)
def test_a_message_that_is_lost_late_or_torn_loses_and_doubles_nothing(stack, tmp_path, server):
    with Gates(stack, tmp_path) as gates:
        for rule in make_rules(server, [1], ACTIONS):
            if rule.kind in DECIDES[server]:
                gates.meet(server, rule)
        gates.check()


def test_an_end_of_transaction_that_comes_after_a_takeover_is_refused(stack, tmp_path):
    with Gates(stack, tmp_path) as gates:
        space, gated, gate = gates.space, gates.server, gates.of["kafka"]
        until(
            lambda: all(owner for (owner,) in space.rows("SELECT owner FROM lanes")),
            within_s=20,
            what="the first owns every lane",
        )
        owners = {owner for (owner,) in space.rows("SELECT owner FROM lanes")}
        successor = Server(space, "successor", "relay", LEASE_TTL_MS=500).start()
        # The client's own process must not go on while its request is under way.
        ingest = Server(space, "ingest", "ingest").start()
        gates.urls[:] = [ingest.url]
        gate.set(
            Rule("request", "EndTxn", 1, "hold"),
            on_fire=lambda: gated.send_signal(signal.SIGSTOP),
        )
        assert gate.fired.wait(20)
        try:
            until(
                lambda: not owners & {owner for (owner,) in space.rows("SELECT owner FROM lanes")},
                within_s=20,
                what="the successor owns every lane",
            )
            gates.wait_for_published(20)
        finally:
            gate.heal()
            gated.send_signal(signal.SIGCONT)
        # By the fence, or, where it was stopped for very long, by its time-out.
        until(
            lambda: gated.metrics()["exchange_relay_failures_total"] >= 1,
            within_s=20,
            what="the former owner learns that its transaction was not committed",
        )
        gates.check()
        successor.stop()
        ingest.stop()


def test_a_transaction_that_hangs_is_closed_and_its_events_are_published_once(stack, tmp_path):
    with trusting_producers(stack), Gates(stack, tmp_path) as gates:
        # Which lane ends its transaction first is chance, and so whether the one that hangs has
        # been written to by then.
        for _ in range(8):
            _die_with_a_hanging_transaction(gates)
            gates.server.start()
            gates.wait_for_published(10)
            if gates.server.metrics()["exchange_relay_repaired_partitions_total"] >= 1:
                break
        assert gates.server.log_lines("hanging_transaction_repaired")
        gates.check()


def _die_with_a_hanging_transaction(gates: Gates) -> None:
    """The coordinator never learns of a partition, and the owner is killed before it commits."""
    gate, killed = gates.of["kafka"], threading.Event()

    def kill() -> None:
        gates.server.kill()
        killed.set()

    hang_next_transaction(gate, kill)
    assert killed.wait(20)
    gate.heal()


def test_kafka_messages_are_cut_named_and_sent_back_to_the_gate():
    frames = KafkaFrames(moved=(9092, 7000))
    request = struct.pack(">ihhi", 8, 3, 1, 77)
    assert frames.requests(request[:5]) == []
    assert [frame.kind for frame in frames.requests(request[5:] + request)] == ["Metadata"] * 2
    body = struct.pack(">i", 77) + b"127.0.0.1" + struct.pack(">i", 9092)
    (answer,) = frames.responses(struct.pack(">i", len(body)) + body)
    assert answer.kind == "Metadata"
    assert answer.data.endswith(b"127.0.0.1" + struct.pack(">i", 7000))


def test_postgres_messages_are_cut_and_named_after_statement_and_tag():
    frames = PostgresFrames()
    encrypt = struct.pack(">ii", 8, 80877103)
    startup = struct.pack(">ii", 9, 196608) + b"\0"
    bind = b"\0" + b"append_records\0" + b"\0\0"
    bound = b"B" + struct.pack(">i", 4 + len(bind)) + bind
    kinds = [frame.kind for frame in frames.requests(encrypt)]
    assert [frame.kind for frame in frames.responses(b"N")] == ["Encryption"]
    kinds += [frame.kind for frame in frames.requests(startup + bound)]
    assert kinds == ["Startup", "Startup", "append_records"]
    tag = b"COMMIT\0"
    done = b"C" + struct.pack(">i", 4 + len(tag)) + tag
    assert [frame.kind for frame in frames.responses(done[:3])] == []
    assert [frame.kind for frame in frames.responses(done[3:])] == ["COMMIT"]


def test_http_messages_are_cut_with_their_bodies():
    frames = HttpFrames()
    put = b"PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
    head = b"HEAD /a HTTP/1.1\r\n\r\n"
    assert [frame.data for frame in frames.requests(put + head)] == [put, head]
    stored = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    looked = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"
    assert [frame.kind for frame in frames.responses(stored + looked)] == ["PUT", "HEAD"]
    assert [frame.kind for frame in frames.requests(b"GET / HTTP/1.1\r\n\r\n")] == ["GET"]
    listed = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
    assert [frame.data for frame in frames.responses(listed)] == [listed]
