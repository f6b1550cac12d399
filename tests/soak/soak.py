"""Pushes a large file while server and client are killed, and counts what is left. Run by ./dev
soak."""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from soak.verdict import dead_rows, violations
from support import bodies
from support.pushing import finished, push
from support.server import Server
from support.space import Space
from support.stack import Stack
from support.steps import free_port
from support.waiting import until

SOURCES = 3
CONNECTIONS = 64
# What is under way at a kill is rolled back: a row for each request in four tables, and a window.
LEFT_BY_A_KILL = CONNECTIONS * 4 + 64


def write_records(path: Path, count: int) -> None:
    with path.open("wb") as out:
        for number in range(count):
            out.write(bodies.encode(bodies.v1(f"source-{number % SOURCES}", filler=100)) + b"\n")


def soak(space: Space, count: int, kills: int, chance: random.Random) -> dict:
    """Kills at random points of the push, of the server and of the client in turn, while a snapshot
    is held that lets vacuum remove nothing."""
    with space.database() as holder:
        holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT pg_current_snapshot()")
        return _soak(space, count, kills, chance)


def _soak(space: Space, count: int, kills: int, chance: random.Random) -> dict:
    path, results = space.folder / "records.ndjson", space.folder / "results.ndjson"
    write_records(path, count)
    arguments = ("--connections", str(CONNECTIONS), "--quiet", "--results", str(results), str(path))
    server = Server(space, LISTEN_ADDR=f"127.0.0.1:{free_port()}").start()
    begun = time.monotonic()
    client = push(server, *arguments)
    patience_s = 600 + count // 2000
    points = sorted(chance.randrange(count // 20, count * 9 // 10) for _ in range(kills))
    for number, point in enumerate(points):
        stored = f"{point} stored"
        until(lambda point=point: _stored(space) >= point, within_s=patience_s, what=stored)
        if number % 2 == 0:
            server.kill()
            server.start()
        else:
            client.kill()
            client.communicate(timeout=10)
            client = push(server, *arguments)
    code, report = finished(client, within_s=3 * patience_s)
    assert (code, report["end"]) == (0, "complete"), report
    taken_s = time.monotonic() - begun
    until(lambda: _pending(space) == 0, within_s=patience_s, what="all is published", pause_s=0.2)
    published_s = time.monotonic() - begun
    server.stop()
    found = violations(space, results, count)
    dead = dead_rows(space)
    if dead > LEFT_BY_A_KILL * kills:
        found["dead rows"] = dead
    told = ", ".join(f"{name} {number}" for name, number in found.items()) or "none"
    print(
        f"soak: {count} records taken in {taken_s:.0f} s and published in {published_s:.0f} s, "
        f"{kills} kills, {dead} dead rows; violations: {told}"
    )
    return dict(found)


def _stored(space: Space) -> int:
    return space.rows("SELECT coalesce(max(id), 0) FROM outbox")[0][0]


def _pending(space: Space) -> int:
    behind = "SELECT count(*) FROM outbox_events WHERE published_at IS NULL"
    return space.rows(behind)[0][0]


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev soak")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="of the points of the kills")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="exchange-soak-"))
    space = Space(Stack.from_environment(), "soak", folder).prepare()
    try:
        found = soak(space, asked.records, asked.kills, random.Random(asked.seed))
    finally:
        space.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
