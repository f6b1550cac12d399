"""Backup and restore: into an empty stack, and next to a Kafka and a raw store that live on."""

import json
import os
import shutil
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from support import bodies
from support.events import read_events
from support.gate import Gate
from support.load import Load
from support.reader import effects_of_space
from support.server import Server
from support.space import LANES, PARTITIONS, Space
from support.steps import all_well, send, told
from support.waiting import until

FILES = {"backup.json", "database.dump", "objects.ndjson"}


def back_up(space: Space, name: str = "backup", *options: str) -> tuple[Path, dict]:
    folder = space.folder / name
    done = space.run("backup", "--to", str(folder), "--json", *options, check=True)
    return folder, json.loads(done.stdout)


def restore(space: Space, folder: Path, *options: str, code: int = 0) -> dict:
    done = space.run("restore", "--from", str(folder), "--json", *options)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def reconcile(space: Space, *options: str, code: int = 0) -> dict:
    done = space.run("reconcile", "--json", *options)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def empty_space(open_space, name: str) -> Space:
    space = open_space(name, migrate=False)
    space.run("topics", "apply", check=True)
    return space


def events_of(space: Space) -> list:
    return read_events(space.stack.kafka, space.topics, PARTITIONS)


def send_to_every_partition(space: Space, server: Server, above: int) -> int:
    """Until the log of each ends in an id above that; answers how many records were sent.

    Records of a moment share a partition, so a burst alone would meet but a few.
    """
    sent = 0

    def covered() -> bool:
        nonlocal sent
        sent += len(send(server, 8))
        higher = [event for event in events_of(space) if event.number("x-id") > above]
        return len({(event.topic, event.partition) for event in higher}) == PARTITIONS * len(
            space.topics
        )

    until(covered, within_s=30, what="every partition has an event of a higher id")
    return sent


def demand_unbroken(space: Space) -> None:
    """Of each partition: ids rise, numbers are dense, no former owner writes after a later one."""
    logs = defaultdict(list)
    for event in events_of(space):
        logs[event.topic, event.partition].append(event)
    for log in logs.values():
        ids = [event.number("x-id") for event in log]
        epochs = [event.number("x-epoch") for event in log]
        assert ids == sorted(set(ids))
        assert [event.number("x-pseq") for event in log] == list(range(1, len(log) + 1))
        assert epochs == sorted(epochs)


def object_keys(space: Space) -> set[str]:
    pages = space.s3.get_paginator("list_objects_v2").paginate(Bucket=space.bucket)
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def test_a_backup_under_load_goes_on_in_an_empty_stack(open_space):
    space = open_space("backup")
    server = Server(space).start()
    kept = [(bodies.unique_key(), bodies.v1()) for _ in range(20)]
    answers = [server.post(body, key=key) for key, body in kept]
    with Load(lambda: [server.url]) as load:
        load.wait_for(200)
        before = [sent for sent in load.submissions if sent.record_ids]
        folder, made = back_up(space, "backup", "--objects")
        load.wait_for(100)
        submissions = load.stop()
    assert made["objects_copied"]

    target = empty_space(open_space, "restored")
    told_by = restore(target, folder, "--accept", "a drill", "--verify")
    assert told_by["report"]["differences"] == 0
    assert told_by["report"]["totals"]["bundles"] == made["objects"]
    held = {key for (key,) in target.rows("SELECT key FROM idempotency")}
    assert {key for key, _ in kept} <= held
    assert {sent.key for sent in before} <= held

    again = Server(target).start()
    for (key, body), answer in zip(kept, answers, strict=True):
        repeated = again.post(body, key=key)
        assert (repeated.status_code, repeated.content) == (202, answer.content)
    for sent in submissions[-20:]:
        assert again.post(sent.body, key=sent.key, api=sent.api).status_code == 202
    send(again, 10)
    records = [record for (record,) in target.rows("SELECT record_id::text FROM records")]
    until(
        lambda: Counter(event.key for event in events_of(target)) == Counter(records),
        within_s=40,
        what="the new log holds each record once",
    )
    demand_unbroken(target)
    all_well(again)
    assert reconcile(target, "--deep")["differences"] == 0


def test_a_planned_window_whose_bundles_are_not_stored_is_backed_up_with_its_rows(open_space):
    """The raw store goes away for good between a window's plan and its bundles."""
    space = open_space("unstored")
    with Gate(space.stack.s3.removeprefix("http://")) as gate:
        server = Server(space, S3_ENDPOINT=f"http://{gate.address}").start()
        send(server, 4)
        server.published(4)
        gate.close()
        send(server, 4)
        until(
            lambda: (
                space.rows("SELECT max(to_id) FROM windows")
                > space.rows("SELECT max(to_id) FROM published")
            ),
            within_s=20,
            what="a window is planned and not published",
        )
        assert reconcile(space)["differences"] == 0
        folder, made = back_up(space, "backup", "--objects")
        server.kill()
    (named,) = space.rows("SELECT count(*) FROM bundles")[0]
    assert made["objects"] < named

    # Another bucket, which has no more than the backup has; so has the database's own.
    target = empty_space(open_space, "regained")
    restore(target, folder, "--accept", "the raw store burnt down", "--verify")
    server = Server(target).start()
    server.published(8)
    demand_unbroken(target)
    assert reconcile(target, "--deep")["differences"] == 0
    buckets = {row[0] for row in target.rows("SELECT DISTINCT bucket FROM bundles")}
    assert buckets == {target.bucket}


def test_a_window_that_no_store_took_is_stored_where_the_store_is_by_then(open_space):
    space = open_space("rehomed")
    server = Server(space, RAW_STORE="s3://no-such-bucket-here").start()
    send(server, 4)
    until(
        lambda: space.rows("SELECT DISTINCT bucket FROM bundles"),
        within_s=20,
        what="a window is planned",
    )
    server.stop()
    server = Server(space).start()
    server.published(4)
    assert space.rows("SELECT DISTINCT bucket FROM bundles") == [(space.bucket,)]
    demand_unbroken(space)
    assert reconcile(space, "--deep")["differences"] == 0


def test_a_backup_is_for_its_owner_alone_and_puts_no_secret_into_arguments(open_space):
    space = open_space("modes")
    programs = space.folder / "programs"
    programs.mkdir()
    seen = space.folder / "arguments"
    spy = programs / "pg_dump"
    spy.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] || printf "%s\\n" "$@" >>{seen}\n'
        'exec "$(ls /usr/lib/postgresql/*/bin/pg_dump | tail -n 1)" "$@"\n'
    )
    spy.chmod(0o700)
    server = Server(space).start()
    send(server, 4)
    server.published(4)
    folder = space.folder / "backup"
    path = f"{programs}:{os.environ['PATH']}"
    space.run("backup", "--to", str(folder), "--objects", check=True, PATH=path)
    assert space._password not in seen.read_text()
    assert {entry.name for entry in folder.iterdir()} == FILES | {"objects"}
    modes = {oct(entry.stat().st_mode & 0o7777) for entry in folder.rglob("*") if entry.is_file()}
    assert modes == {"0o600"}
    assert folder.stat().st_mode & 0o7777 == 0o700
    assert [entry.name for entry in space.folder.glob("backup*")] == ["backup"]
    taken = space.run("backup", "--to", str(folder))
    assert (taken.returncode, "exists" in taken.stderr) == (7, True)


@pytest.fixture
def backed_up(open_space):
    """A backup with objects, of an exchange that was stopped."""
    space = open_space("source")
    server = Server(space).start()
    send(server, 8)
    server.published(8)
    server.stop()
    return space, back_up(space, "backup", "--objects")[0]


def cut_manifest(folder: Path) -> str:
    path = folder / "objects.ndjson"
    path.write_bytes(path.read_bytes()[:-40])
    return "objects.ndjson"


def change_dump(folder: Path) -> str:
    path = folder / "database.dump"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return "database.dump is damaged"


def lose_dump(folder: Path) -> str:
    (folder / "database.dump").unlink()
    return "database.dump is missing"


def lose_object(folder: Path) -> str:
    path = next(path for path in (folder / "objects").rglob("*") if path.is_file())
    path.unlink()
    return f"object {path.relative_to(folder / 'objects')} is missing"


def change_object(folder: Path) -> str:
    path = next(path for path in (folder / "objects").rglob("*") if path.is_file())
    path.write_bytes(b"#" + path.read_bytes()[1:])
    return "has other bytes"


def spoil_document(folder: Path) -> str:
    (folder / "backup.json").write_text("{")
    return "backup.json is damaged"


DAMAGES = [cut_manifest, change_dump, lose_dump, lose_object, change_object, spoil_document]


def test_a_damaged_backup_is_refused_by_name_before_anything_is_changed(backed_up, open_space):
    _, folder = backed_up
    target = empty_space(open_space, "refused")
    for damage in DAMAGES:
        broken = target.folder / damage.__name__
        shutil.copytree(folder, broken)
        words = damage(broken)
        done = target.run("restore", "--from", str(broken))
        assert done.returncode == 4, done.stderr
        assert words in done.stderr
    nothing = target.run("restore", "--from", str(target.folder / "nothing"))
    assert (nothing.returncode, "holds no backup" in nothing.stderr) == (4, True)
    assert target.rows("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    assert object_keys(target) == set()
    restore(target, folder, "--accept", "it is whole", "--verify")


def test_a_database_that_is_not_empty_or_is_in_use_is_left_alone(backed_up):
    space, folder = backed_up
    full = space.run("restore", "--from", str(folder))
    assert (full.returncode, "--replace" in full.stderr) == (7, True)
    server = Server(space).start()
    others = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    until(lambda: space.rows(others)[0][0] > 0, within_s=20, what="the exchange has a session")
    used = space.run("restore", "--from", str(folder), "--replace")
    assert (used.returncode, "other sessions" in used.stderr) == (7, True)
    server.stop()
    restore(space, folder, "--replace", "--verify")


def test_a_backup_without_an_object_that_the_database_names_is_none(backed_up):
    space, _ = backed_up
    gone = next(key for key in sorted(object_keys(space)) if key.startswith("bundles/"))
    space.s3.delete_object(Bucket=space.bucket, Key=gone)
    for options in ([], ["--objects"]):
        done = space.run("backup", "--to", str(space.folder / "second"), *options)
        assert done.returncode == 4
        assert gone in done.stderr
    assert list(space.folder.glob("second*")) == []


def test_a_dependency_that_is_away_ends_both_with_5(backed_up, open_space):
    space, folder = backed_up
    again = ("backup", "--to", str(space.folder / "second"))
    assert space.run(*again, S3_ENDPOINT="http://127.0.0.1:1").returncode == 5
    url = "postgresql://nobody@127.0.0.1:1/none"
    assert space.run(*again, DATABASE_URL=url).returncode == 5
    target = open_space("away", migrate=False)
    done = target.run("restore", "--from", str(folder))
    assert (done.returncode, "exchange topics apply" in done.stderr) == (5, True)
    assert target.run("restore", "--from", str(folder), KAFKA_BROKERS="127.0.0.1:1").returncode == 5
    assert list(space.folder.glob("second*")) == []


def test_a_restore_next_to_a_log_that_is_ahead_publishes_nothing_twice(open_space):
    space = open_space("ahead")
    server = Server(space).start()
    send(server, 12)
    server.published(12)
    folder, _ = back_up(space)
    send(server, 12)
    server.published(24)
    server.stop()
    named = object_keys(space)
    log = events_of(space)

    done = restore(space, folder, "--replace", "--verify", code=4)
    assert done["highest_known_id"] == max(event.number("x-id") for event in log)
    server = Server(space, SWEEP_EVERY_S=1, SWEEP_GRACE_S=0).start()
    for lane in range(LANES):
        halted = told(server, f"lane/{lane}")
        assert "never planned" in halted["cause"]
        assert "exchange pins accept kafka_log" in halted["remedy"]
    send(server, 12)
    assert events_of(space) == log
    space.run("pins", "accept", "kafka_log", "--reason", "restored from Monday", check=True)
    server.published(24)
    all_well(server)
    assert [event for event in events_of(space) if event in log] == log
    assert Counter(event.headers["ce_id"] for event in events_of(space)).most_common(1)[0][1] == 1
    demand_unbroken(space)
    assert len(effects_of_space(space)) == 36

    report = reconcile(space)
    assert report["totals"]["forgotten_by_a_restore"] == 12
    swept = server.metrics()["exchange_sweep_rounds_total"]
    until(
        lambda: server.metrics()["exchange_sweep_rounds_total"] >= swept + 2,
        within_s=20,
        what="the store is swept",
    )
    assert named <= object_keys(space)
    server.kill()
    again = Server(space, name="again").start()
    send(again, 4)
    again.published(28)
    demand_unbroken(space)


def test_records_taken_under_ids_of_a_forgotten_life_are_published_under_new_ones(open_space):
    """As after a failover to a standby that lacked the last commits: nobody skipped their ids."""
    space = open_space("forgotten")
    server = Server(space).start()
    send(server, 6)
    server.published(6)
    (last,) = space.rows("SELECT last_value FROM outbox_id")[0]
    folder, _ = back_up(space)
    forgotten = send_to_every_partition(space, server, last + 8)
    server.published(6 + forgotten)
    server.stop()
    restore(space, folder, "--replace")
    space.rows("SELECT setval('outbox_id', %s)", last)
    server = Server(space).start()
    for lane in range(LANES):
        told(server, f"lane/{lane}")
    fresh = {record for sent in send(server, 8) for record in sent.record_ids}
    done = space.run("pins", "accept", "kafka_log", "--reason", "failover", "--json", check=True)
    lanes = json.loads(done.stdout)["lanes"]
    assert sum(lane["appended_again"] for lane in lanes) == 8
    until(
        lambda: fresh <= {event.key for event in events_of(space)},
        within_s=30,
        what="what was taken meanwhile is published",
    )
    assert len(events_of(space)) == 6 + forgotten + 8
    demand_unbroken(space)
    assert space.run("outbox", "status").returncode == 0
    assert reconcile(space)["differences"] == 0


def test_a_log_that_was_made_anew_is_gone_on_with_once_it_is_accepted(open_space, stack):
    space = open_space("anew")
    server = Server(space).start()
    send(server, 12)
    server.published(12)
    server.stop()
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    for deleted in admin.delete_topics(list(space.topics)).values():
        deleted.result(timeout=20)
    until(
        lambda: not set(space.topics) & set(admin.list_topics(timeout=10).topics),
        within_s=20,
        what="the topics are gone",
    )
    space.run("topics", "apply", check=True)
    server = Server(space).start()
    for lane in range(LANES):
        assert "made anew" in told(server, f"lane/{lane}")["cause"]
    space.run("pins", "accept", "kafka_log", "--reason", "its disk was lost", check=True)
    all_well(server)
    send(server, 4)
    server.published(16)
    assert reconcile(space, code=4)["differences"] == 12
    reconcile(space, "--repair", "--yes")
    until(lambda: len(events_of(space)) == 16, within_s=30, what="all are in the new log")
    demand_unbroken(space)
    assert reconcile(space)["differences"] == 0
    fits = space.run("pins", "accept", "kafka_log", "--reason", "again", check=True)
    assert fits.stdout.count("nothing to accept") == LANES
