"""`exchange reconcile`: each kind of difference is found, named and repaired where it can be."""

import json

import pytest
from confluent_kafka import Producer
from support import bodies
from support.events import read_events
from support.server import Server
from support.space import PARTITIONS, Space
from support.waiting import until

RECORDS = 12


def reconcile(space: Space, *arguments: str, code: int) -> dict:
    done = space.run("reconcile", "--json", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def found(report: dict) -> dict[str, int]:
    return {entry["kind"]: entry["count"] for entry in report["found"] if entry["count"]}


def examples(report: dict, kind: str) -> list[str]:
    entries = [entry for entry in report["found"] if entry["kind"] == kind]
    return [example["subject"] for entry in entries for example in entry["examples"]]


def object_keys(space: Space) -> set[str]:
    listed = space.s3.list_objects_v2(Bucket=space.bucket, Prefix="bundles/")
    return {entry["Key"] for entry in listed.get("Contents", [])}


@pytest.fixture
def stocked(open_space):
    """An exchange with published records, still running."""
    space = open_space("reconcile")
    server = Server(space).start()
    for at in range(RECORDS):
        server.accepted(bodies.v1() if at % 2 else bodies.v2(), api=1 if at % 2 else 2)
    server.published(RECORDS)
    return space, server


def orphan_key(space: Space) -> str:
    """A key that a relay which died before its plan would have left."""
    lane, first = space.rows("SELECT lane, first_id FROM bundles ORDER BY first_id LIMIT 1")[0]
    return f"bundles/{lane:02}/{first:019}-{first}-clinic-b-{'0' * 64}"


def test_a_healthy_exchange_has_no_difference(stocked):
    space, _ = stocked
    report = reconcile(space, "--deep", code=0)
    assert report["differences"] == 0
    assert report["totals"]["matched"] == RECORDS
    assert report["totals"]["bundles"] == report["totals"]["objects"]
    assert report["conservation"]["accepted"] == RECORDS
    text = space.run("reconcile").stdout
    assert f"accepted {RECORDS} = published {RECORDS}" in text
    assert "0 differences" in text


def test_a_bundle_that_was_deleted_or_changed_is_named(stocked):
    space, _ = stocked
    gone, changed = sorted(object_keys(space))[:2]
    space.s3.delete_object(Bucket=space.bucket, Key=gone)
    body = space.s3.get_object(Bucket=space.bucket, Key=changed)["Body"].read()
    space.s3.put_object(Bucket=space.bucket, Key=changed, Body=b"#" + body[1:])
    report = reconcile(space, code=4)
    assert found(report) == {"object_missing": 1}
    assert examples(report, "object_missing") == [gone]
    assert gone in space.run("reconcile").stdout
    deep = reconcile(space, "--deep", code=4)
    assert examples(deep, "object_torn") == [changed]


def test_an_orphan_is_found_and_swept_once_its_grace_is_over(stocked):
    space, _ = stocked
    planned = object_keys(space)
    space.s3.put_object(Bucket=space.bucket, Key=orphan_key(space), Body=b"left behind")
    young = reconcile(space, code=0)
    assert young["totals"]["young_orphans"] == 1
    report = reconcile(space, "--grace", "0", code=4)
    assert examples(report, "orphan") == [orphan_key(space)]
    planned_only = space.run("reconcile", "--grace", "0", "--repair")
    assert planned_only.returncode == 4
    assert "Nothing was done" in planned_only.stdout
    assert object_keys(space) == planned | {orphan_key(space)}
    repaired = reconcile(space, "--grace", "0", "--repair", "--yes", code=0)
    assert repaired["done"]["swept"] == 1
    assert object_keys(space) == planned
    assert space.rows("SELECT verb, details->>'objects' FROM audit") == [("sweep", "1")]
    reconcile(space, "--grace", "0", code=0)


def test_the_service_sweeps_orphans_by_itself_and_tells_of_them(open_space):
    space = open_space("sweeper")
    server = Server(space, SWEEP_EVERY_S=1, SWEEP_GRACE_S=1).start()
    server.accepted(bodies.v1())
    server.published(1)
    planned = object_keys(space)
    space.s3.put_object(Bucket=space.bucket, Key=orphan_key(space), Body=b"left behind")
    until(lambda: object_keys(space) == planned, within_s=30, what="the orphan is removed")
    until(
        lambda: server.metrics().get("exchange_sweep_removed_total") == 1,
        within_s=10,
        what="the sweep is counted",
    )
    assert server.health()["sweeper"]["condition"] == "ok"


def test_a_stray_record_is_a_ghost_until_it_is_known(stocked):
    space, _ = stocked
    producer = Producer({"bootstrap.servers": space.stack.kafka})
    producer.produce(space.topics[0], key=b"stray", value=b"{}", partition=3)
    assert producer.flush(20) == 0
    report = reconcile(space, code=4)
    assert found(report) == {"ghost": 1}
    (subject,) = examples(report, "ghost")
    assert subject.startswith(f"{space.topics[0]}/3@")
    reconcile(space, "--repair", "--yes", "--reason", "a test wrote it", code=0)
    known = reconcile(space, code=0)
    assert [entry["known"] for entry in known["found"]] == [1]
    assert space.rows("SELECT verb, reason FROM audit") == [("mark known", "a test wrote it")]


def pretend_to_publish(space: Space) -> list[tuple]:
    """Records what waits as planned and published, though no relay ran."""
    waiting = space.rows(
        "SELECT lane, id FROM outbox o WHERE id > coalesce((SELECT max(to_id) FROM published p"
        " WHERE p.lane = o.lane), 0) ORDER BY id"
    )
    for lane, number in waiting:
        space.rows(
            "INSERT INTO windows (lane, from_id, to_id, epoch, row_count)"
            " VALUES (%s, %s, %s, 1, 1) RETURNING 1",
            lane,
            number - 1,
            number,
        )
        space.rows(
            "INSERT INTO bundles (first_id, last_id, lane, source, bucket, key, sha256, size, ids,"
            " lengths, window_to) SELECT id, id, lane, source, 'elsewhere', 'key', sha256, size,"
            " ARRAY[id], ARRAY[size], id FROM outbox WHERE id = %s RETURNING 1",
            number,
        )
        space.rows(
            "INSERT INTO published (lane, to_id, epoch, row_count, topics, partitions, offsets,"
            " sequences) SELECT %s, %s, 1, 1, coalesce(max(topics), '{}'),"
            " coalesce(max(partitions), '{}'), coalesce(max(offsets), '{}'),"
            " coalesce(max(sequences), '{}') FROM (SELECT * FROM published WHERE lane = %s"
            " ORDER BY to_id DESC LIMIT 1) last RETURNING 1",
            lane,
            number,
            lane,
        )
    return waiting


def test_an_event_that_never_reached_kafka_is_published_again_under_its_event_id(stocked):
    space, server = stocked
    server.stop()
    writer = Server(space, name="writer", roles="ingest").start()
    lost = [writer.accepted(bodies.v1())["record_id"] for _ in range(3)]
    writer.stop()
    rows = pretend_to_publish(space)
    report = reconcile(space, code=4)
    assert found(report) == {"missing": 3}
    assert sorted(examples(report, "missing")) == sorted(f"outbox/{row}" for _, row in rows)
    repaired = reconcile(space, "--repair", "--yes", code=0)
    assert repaired["done"]["republished"] == 3
    again = reconcile(space, "--repair", "--yes", code=0)
    assert again["done"]["republished"] == 0
    server.start()
    until(
        lambda: reconcile_clean(space)["totals"]["matched"] == RECORDS + 3,
        within_s=30,
        what="they are published",
        pause_s=0.5,
    )
    events = read_events(space.stack.kafka, space.topics, PARTITIONS)
    ids = dict(space.rows("SELECT record_id::text, min(event_id::text) FROM outbox GROUP BY 1"))
    sent = {event.key: event.headers["ce_id"] for event in events}
    assert len(events) == RECORDS + 3
    assert {key: sent.get(key) for key in lost} == {key: ids[key] for key in lost}


def reconcile_clean(space: Space) -> dict:
    return reconcile(space, code=0)


def test_a_record_of_the_ledger_without_event_is_found(stocked):
    space, _ = stocked
    row = space.rows("DELETE FROM outbox WHERE id = (SELECT min(id) FROM outbox) RETURNING id")
    report = reconcile(space, code=4)
    kinds = found(report)
    assert kinds["not_in_outbox"] == 1
    assert kinds["unbalanced"] == 1
    assert kinds["ghost"] == 1
    assert examples(report, "not_in_outbox") == [f"outbox/{row[0][0]}"]


def test_another_cluster_and_a_store_of_another_database_are_told(stocked, open_space):
    space, server = stocked
    until(
        lambda: server.metrics().get("exchange_sweep_rounds_total", 0) >= 1,
        within_s=15,
        what="the store is claimed",
    )
    server.stop()
    space.rows("UPDATE pins SET value = 'another' WHERE name <> 'none' RETURNING name")
    report = reconcile(space, code=4)
    assert {"kafka", "raw_store"} <= set(examples(report, "pin"))
    refused = space.run("reconcile", "--repair", "--yes")
    assert refused.returncode == 4
    assert "while a pin differs" in refused.stderr


def test_reconcile_beside_a_working_relay_finds_nothing(stocked):
    space, server = stocked
    for _ in range(5):
        for _ in range(20):
            server.accepted(bodies.v1())
        report = reconcile(space, code=0)
        assert report["differences"] == 0


def test_a_dependency_that_is_away_ends_it_with_5(stocked):
    space, _ = stocked
    assert space.run("reconcile", KAFKA_BROKERS="127.0.0.1:1").returncode == 5
    assert space.run("reconcile", S3_ENDPOINT="http://127.0.0.1:1").returncode == 5
