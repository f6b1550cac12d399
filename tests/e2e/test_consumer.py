"""The reader's half: effects once through any crash, and no effect from a broken log."""

import json
import secrets
from dataclasses import replace

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from support.load import Load
from support.reader import PROGRAM, effects, load_consumer, read_to_end
from support.server import Server

consumer = load_consumer()
Position = consumer.Position

# Runs the consumer with an effect that kills the process when it is taken for the n-th time, after
# the effect and before the commit.
KILLED = """
import os, signal, sys
sys.path.insert(0, {folder!r})
import consumer
effect, taken = consumer.record_effect, 0
def kill_later(database, event):
    global taken
    effect(database, event)
    taken += 1
    if taken == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
original = consumer.Reader.__init__
consumer.Reader.__init__ = lambda self, path: original(self, path, kill_later)
sys.exit(consumer.main())
"""


def _event(sequence: int, *, x_id: int | None = None, epoch: int = 1) -> object:
    number = x_id or sequence * 10
    value = {"source": "clinic-a", "record_id": f"record-{number}"}
    return consumer.Incoming(
        "t", 0, sequence - 1, f"event-{number}", number, sequence, epoch, value
    )


LAST = Position(next_offset=5, x_id=50, x_pseq=5, epoch=3)


@pytest.mark.parametrize(
    ("event", "is_new"),
    [
        (_event(6, x_id=51, epoch=3), True),
        (_event(6, x_id=90, epoch=4), True),
        (_event(5, x_id=50, epoch=3), False),
        (_event(2, x_id=20, epoch=3), False),
        (_event(6, x_id=60, epoch=2), False),
        (_event(1, x_id=10, epoch=9), False),
    ],
)
def test_an_event_counts_once_and_never_from_an_older_epoch(event, is_new):
    assert consumer.counts(event, LAST, 0) is is_new


@pytest.mark.parametrize("event", [_event(7, epoch=3), _event(5, x_id=51, epoch=3)])
def test_a_sequence_that_does_not_follow_is_a_broken_log(event):
    with pytest.raises(consumer.BrokenLog, match="number 6 must come first"):
        consumer.counts(event, LAST, 0)


def test_a_partition_begins_at_1_unless_retention_removed_its_start():
    assert consumer.counts(_event(1), None, 0)
    assert consumer.counts(_event(40), None, 1234)
    with pytest.raises(consumer.BrokenLog):
        consumer.counts(_event(2), None, 0)


def test_effects_before_a_gap_are_kept_and_none_after_it(tmp_path):
    reader = consumer.Reader(str(tmp_path / "effects.sqlite"))
    log = [_event(1), _event(2), _event(2), _event(4), _event(3)]
    with pytest.raises(consumer.BrokenLog):
        reader.take(log, {})
    assert (reader.applied, reader.dropped) == (2, 1)
    assert effects(tmp_path / "effects.sqlite") == ["record-10", "record-20"]
    assert reader.position("t", 0) == Position(2, 20, 2, 1)


def test_an_effect_that_fails_leaves_nothing_of_its_batch(tmp_path):
    def fail_at_the_second(database, event):
        consumer.record_effect(database, event)
        if event.x_pseq == 2:
            raise RuntimeError("the effect failed")

    reader = consumer.Reader(str(tmp_path / "effects.sqlite"), fail_at_the_second)
    with pytest.raises(RuntimeError):
        reader.take([_event(1), _event(2)], {})
    assert effects(tmp_path / "effects.sqlite") == []
    assert reader.position("t", 0) is None


def test_two_readers_of_a_partition_take_no_event_twice(tmp_path):
    path = str(tmp_path / "effects.sqlite")
    first, second = consumer.Reader(path), consumer.Reader(path)
    first.take([_event(1), _event(2)], {})
    second.take([_event(2), replace(_event(3), offset=2)], {})
    first.take([_event(3)], {})
    assert effects(tmp_path / "effects.sqlite") == ["record-10", "record-20", "record-30"]


def test_effects_are_exactly_once_through_kill_9_between_effect_and_commit(open_space, tmp_path):
    space = open_space("consumer")
    server = Server(space).start()
    database = tmp_path / "effects.sqlite"
    with Load(lambda: [server.url]) as load:
        for at in (1, 2, 7, 40):
            load.wait_for(60)
            program = tmp_path / f"killed_{at}.py"
            program.write_text(KILLED.format(folder=str(PROGRAM.parent), at=at))
            killed = read_to_end(space.stack.kafka, space.topics, database, program=program)
            assert killed.returncode == -9, killed.stderr
        submissions = load.stop()
    server.published(len(submissions))
    done = read_to_end(space.stack.kafka, space.topics, database)
    assert done.returncode == 0, done.stderr
    assert sorted(effects(database)) == sorted(str(i) for s in submissions for i in s.record_ids)


@pytest.fixture
def log(stack):
    """A topic of one partition, and a way to write events into it by number."""
    name = f"broken-log-{secrets.token_hex(4)}"
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    admin.create_topics([NewTopic(name, num_partitions=1)])[name].result(timeout=20)
    producer = Producer({"bootstrap.servers": stack.kafka})

    def write(*sequences: int) -> str:
        for number in sequences:
            headers = {
                "ce_id": f"event-{number}",
                "x-id": str(number * 10),
                "x-pseq": str(number),
                "x-epoch": "1",
            }
            value = json.dumps({"source": "clinic-a", "record_id": f"record-{number}"})
            producer.produce(name, value=value, headers=headers)
        assert producer.flush(20) == 0
        return name

    yield write
    admin.delete_topics([name])[name].result(timeout=20)


def test_a_log_with_a_gap_is_refused_each_time(stack, log, tmp_path):
    topic, database = log(1, 2, 4, 5), tmp_path / "effects.sqlite"
    for _ in range(2):
        done = read_to_end(stack.kafka, (topic,), database)
        assert done.returncode == consumer.EXIT_BROKEN_LOG
        assert "is number 4, but number 3 must come first" in done.stderr
        assert effects(database) == ["record-1", "record-2"]


def test_copies_in_the_log_take_no_effect_and_do_not_stop_it(stack, log, tmp_path):
    topic, database = log(1, 2, 3, 2, 3, 4), tmp_path / "effects.sqlite"
    done = read_to_end(stack.kafka, (topic,), database)
    assert (done.returncode, done.stdout) == (
        0,
        "4 events took effect, 2 copies were dropped\n",
    )
    assert effects(database) == [f"record-{number}" for number in (1, 2, 3, 4)]
