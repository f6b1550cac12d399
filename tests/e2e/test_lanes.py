"""Relay processes share the lanes evenly, hand them over, and take them from the dead."""

import signal
import time

from support import bodies
from support.evidence import check_space
from support.frames import KafkaFrames
from support.gate import Gate
from support.load import Load
from support.request_gate import RequestGate
from support.server import Server
from support.space import LANES, PARTITIONS, Space
from support.waiting import until

# Of one lane, over its partitions of both topics: two steps back (src/kafka/tail_walk.hpp).
TAIL_MESSAGES_MOST = (8 + 64) * 2 * PARTITIONS // LANES
OWNERS = "SELECT owner, count(*) FROM lanes WHERE expires_at > clock_timestamp() GROUP BY owner"


def shared_by(space: Space, processes: int, *, within_s: float = 15) -> None:
    def even() -> bool:
        return sorted(lanes for _, lanes in space.rows(OWNERS)) == [LANES // processes] * processes

    until(even, within_s=within_s, what=f"{processes} processes own {LANES} lanes evenly")


def relay(server: Server, name: str) -> float:
    return server.metrics()[f"exchange_relay_{name}_total"]


def test_lanes_spread_over_processes_and_are_handed_over_with_nothing_to_pass_over(open_space):
    space = open_space("spread")
    first = Server(space, name="first").start()
    shared_by(space, 1)
    with Load(lambda: [first.url]) as load:
        load.wait_for(100)
        second = Server(space, name="second").start()
        shared_by(space, 2)
        assert relay(first, "handed_over_lanes") == LANES // 2
        load.wait_for(100)
        second.stop()
        shared_by(space, 1)
        load.wait_for(100)
    submissions = load.submissions
    first.published(len(submissions))
    assert first.lane_troubles() == []
    for name in ("passed_over_rows", "finished_plans", "failures"):
        assert relay(first, name) == 0, f"{name}: {first.log_tail()}"
    assert first.metrics()["exchange_relay_processes"] == 1
    check_space(space, submissions).demand_clean()


def test_a_killed_process_is_replaced_within_seconds_and_gets_its_share_again(open_space):
    space = open_space("killed")
    first = Server(space, name="first").start()
    second = Server(space, name="second").start()
    shared_by(space, 2)
    with Load(lambda: [first.url]) as load:
        load.wait_for(100)
        second.kill()
        killed = time.time()
        shared_by(space, 1)
        load.wait_for(100)
    submissions = load.submissions
    first.published(len(submissions))
    query = """SELECT extract(epoch FROM min(published_at)) FROM published
                WHERE epoch > 1 AND published_at > to_timestamp(%s) AND (lane, epoch) IN
                      (SELECT lane, max(epoch) FROM published GROUP BY lane)
                GROUP BY lane ORDER BY 1 DESC LIMIT 1"""
    took_s = float(space.rows(query, killed)[0][0]) - killed
    read = first.log_lines("lane_started")[-1]["tail_messages"]
    passed_over = relay(first, "passed_over_rows")
    print(f"takeover {took_s:.2f} s, {read} messages read, {passed_over:.0f} rows passed over")
    assert took_s < 5
    assert 0 < read <= TAIL_MESSAGES_MOST
    assert relay(first, "tail_messages") >= read
    again = Server(space, name="second").start()
    shared_by(space, 2)
    assert again.lane_troubles() == []
    check_space(space, submissions).demand_clean()


def test_a_process_that_kafka_does_not_answer_leaves_its_lanes_to_one_it_does(open_space):
    space = open_space("cutoff")
    port = int(space.stack.kafka.rsplit(":", 1)[1])
    with (
        RequestGate(space.stack.kafka, lambda _: KafkaFrames((port, outer.port))) as inner,
        Gate(inner.address) as outer,
    ):
        first = Server(space, name="first").start()
        second = Server(space, name="second", KAFKA_BROKERS=outer.address).start()
        shared_by(space, 2)
        with Load(lambda: [first.url]) as load:
            load.wait_for(100)
            outer.close()
            shared_by(space, 1, within_s=40)
            load.wait_for(100)
            first.published(len(load.submissions))
            assert "left to the other relays" in second.health()["relay"]["cause"]
            outer.open()
            shared_by(space, 2, within_s=30)
            load.wait_for(100)
        submissions = load.submissions
        first.published(len(submissions))
        assert second.health()["relay"]["condition"] == "ok"
        check_space(space, submissions).demand_clean()


def test_a_process_that_sleeps_beyond_its_lease_adds_nothing_when_it_wakes(open_space):
    space = open_space("asleep")
    first = Server(space, name="first").start()
    second = Server(space, name="second").start()
    shared_by(space, 2)
    with Load(lambda: [first.url]) as load:
        load.wait_for(100)
        second.send_signal(signal.SIGSTOP)
        try:
            shared_by(space, 1)
            load.wait_for(100)
        finally:
            second.send_signal(signal.SIGCONT)
        shared_by(space, 2)
        load.wait_for(100)
    submissions = load.submissions
    first.published(len(submissions))
    check_space(space, submissions).demand_clean()
    second.accepted(bodies.v1())
