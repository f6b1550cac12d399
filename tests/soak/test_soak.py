"""A short soak, and its verdict on damage done on purpose."""

import random

import pytest
from confluent_kafka import Producer
from soak.soak import LEFT_BY_A_KILL, soak
from soak.verdict import dead_rows, violations
from support.events import read_events
from support.space import PARTITIONS, Space
from support.waiting import until

COUNT = 3000
KILLS = 2


@pytest.fixture(scope="module")
def soaked(open_module_space) -> Space:
    space = open_module_space("soak")
    assert soak(space, COUNT, KILLS, random.Random(1)) == {}
    return space


def judged(space: Space) -> set[str]:
    return set(violations(space, space.folder / "results.ndjson", COUNT))


def test_an_object_with_other_bytes_is_torn(soaked):
    (key,) = soaked.rows("SELECT key FROM bundles ORDER BY first_id LIMIT 1")[0]
    whole = soaked.s3.get_object(Bucket=soaked.bucket, Key=key)["Body"].read()
    soaked.s3.put_object(Bucket=soaked.bucket, Key=key, Body=whole[:-2] + b"!}")
    try:
        assert judged(soaked) == {"torn"}
    finally:
        soaked.s3.put_object(Bucket=soaked.bucket, Key=key, Body=whole)
    assert judged(soaked) == set()


def test_a_record_that_nobody_was_told_of_is_a_ghost(soaked):
    results = soaked.folder / "results.ndjson"
    whole = results.read_text()
    results.write_text("".join(whole.splitlines(keepends=True)[:-1]))
    try:
        assert judged(soaked) == {"lost", "ghost"}
    finally:
        results.write_text(whole)


def test_a_row_that_is_changed_for_each_event_is_a_dead_one(soaked):
    before = dead_rows(soaked)
    soaked.rows("UPDATE records SET size = size RETURNING 1")
    until(lambda: dead_rows(soaked) >= before + COUNT, within_s=30, what="the counters have them")
    assert before + COUNT > LEFT_BY_A_KILL * KILLS


def test_an_event_written_again_is_found_thrice(soaked):
    """Last of all: a log cannot be mended."""
    event = read_events(soaked.stack.kafka, soaked.topics, PARTITIONS)[0]
    producer = Producer({"bootstrap.servers": soaked.stack.kafka})
    headers = list(event.headers.items())
    producer.produce(event.topic, event.value, event.key, event.partition, headers=headers)
    assert producer.flush(20) == 0
    assert judged(soaked) == {"duplicated", "gap", "reordered"}
