"""The wall clock of the exchange jumps while it works: nothing is lost, doubled or reordered."""

from datetime import timedelta

from support.clock import Clock
from support.evidence import check_space
from support.load import Load
from support.server import Server
from support.steps import all_well


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
