"""Disks of servers that are full for a while: nothing is torn, and with room all goes on."""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.evidence import check_space
from support.full_disk import FullDisk
from support.load import Load
from support.replicated_postgres import ReplicatedPostgres
from support.secured_kafka import SecuredKafka
from support.server import Server
from support.space import Space
from support.stack import Stack
from support.steps import all_well, told
from support.waiting import until

NO_ROOM = "No space left on device"


@pytest.fixture
def opened() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as opened:
        yield opened


def open_space(opened: contextlib.ExitStack, stack: Stack, folder: Path) -> Space:
    space = Space(stack, "full", folder)
    opened.callback(space.close)
    return space.prepare()


def test_a_full_disk_of_postgres_is_a_503_and_leaves_nothing_half_done(opened, stack, tmp_path):
    postgres = ReplicatedPostgres()
    opened.callback(postgres.close)
    disk = FullDisk(postgres.tables)
    opened.callback(disk.close)
    postgres.start_alone(disk.environment)
    space = open_space(opened, dataclasses.replace(stack, pg=postgres.primary), tmp_path)
    server = Server(space).start()
    # Whatever comes but 202 and 503 with a Retry-After fails the load.
    with Load(lambda: [server.url]) as load:
        load.wait_for(60)
        with disk.full():
            until(lambda: load.statuses[503] >= 20, within_s=30, what="records are refused")
            assert NO_ROOM in postgres.log
            assert "53100" in server.log_text()
        load.wait_for(60)
    check_space(space, load.submissions).demand_clean()
    all_well(server)


def test_a_full_disk_of_kafka_keeps_events_in_postgres(opened, stack, tmp_path):
    broker = SecuredKafka(stack, tmp_path)
    opened.callback(broker.close)
    disk = FullDisk(broker.data)
    opened.callback(disk.close)
    broker.start(disk.environment)
    space = open_space(opened, dataclasses.replace(stack, kafka=broker.open_address), tmp_path)
    server = Server(space).start()
    with Load(lambda: [server.url]) as load:
        load.wait_for(60)
        with disk.full():
            # It has one disk, so it ends.
            until(lambda: not broker.runs(), within_s=60, what="the broker gives up")
            assert NO_ROOM in broker.log
            load.wait_for(60)
            assert told(server, "kafka")["condition"] == "failed"
        broker.start_again()
        load.wait_for(60)
    assert load.statuses[503] == 0
    check_space(space, load.submissions).demand_clean()
    all_well(server)
