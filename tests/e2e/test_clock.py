"""The wall clock of the exchange jumps while it works: nothing is lost, doubled or reordered."""

import json
from datetime import timedelta

from support.clock import Clock
from support.evidence import check_space
from support.load import Load
from support.server import Server
from support.steps import all_well
from support.waiting import until


def test_a_jumping_wall_clock_decides_nothing(open_space):
    space = open_space("clock")
    clock = Clock(space.folder)
    server = Server(space, LEASE_TTL_MS=1000, **clock.settings).start()
    with Load(lambda: [server.url]) as load:
        load.wait_for(60)
        for by in (timedelta(hours=5), timedelta(hours=-5), timedelta()):
            clock.jump(load, by)
            load.wait_for(60)
    check_space(space, load.submissions).demand_clean()
    all_well(server)


def test_events_wait_for_a_clock_that_kafka_takes(open_space, tmp_path):
    space = open_space("future")
    clock = Clock(space.folder)
    # S3 would refuse the clock first.
    store = {"RAW_STORE": f"file://{tmp_path}/raw"}
    (tmp_path / "raw").mkdir()
    server = Server(space, **store, **clock.settings).start()
    with Load(lambda: [server.url]) as load:
        load.wait_for(20)
        clock.jump(load, timedelta(hours=5))
        load.wait_for(20)
        until(
            lambda: any("this machine's clock" in cause for cause in server.lane_troubles()),
            within_s=20,
            what="a lane tells of the clock",
        )
        # The past is taken as any other time.
        clock.jump(load, timedelta(hours=-5))
        server.published(load.acknowledged())
        clock.jump(load, timedelta())
    server.published(len(load.submissions))
    all_well(server)
    report = json.loads(space.run("reconcile", "--json", check=True, **store).stdout)
    assert report["differences"] == 0
    assert report["conservation"]["quarantined"] == 0
