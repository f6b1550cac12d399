"""README and guides, as a reader would type them: each block in order, on servers of its own."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from support import bodies
from support.documented import PAGES, ROOT, blocks_of
from support.server import Server
from support.space import Space
from support.steps import free_port, send
from support.waiting import until

# Where an exchange listens that was set up as the pages say.
DOCUMENTED = "127.0.0.1:8080"
SERVE = """#!/bin/bash
# `exchange serve` as a service manager runs it: in the background.
[[ $1 == serve ]] || exec {binary} "$@"
shift
port=$(mktemp -u {folder}/port.XXXXXX)
setsid {binary} serve "$@" --port-file "$port" >>{folder}/serve.log 2>&1 </dev/null &
echo $! >>{folder}/pids
for _ in $(seq 300); do [[ -e $port ]] && exit 0; sleep 0.1; done
cat {folder}/serve.log >&2
exit 1
"""
DEV = """#!/bin/bash
# `./dev psql` leads to the database of this page.
verb=$1
shift
[[ $verb == psql ]] && exec psql "$DATABASE_URL" "$@"
exec {command} "$verb" "$@"
"""


class Machine:
    """One stack as a page knows it, and what was started on it."""

    def __init__(self, space: Space, desk: Path) -> None:
        self.space = space
        self.desk = desk
        self.address = f"127.0.0.1:{free_port()}"
        self._programs = space.folder / "programs"
        self._programs.mkdir()
        self._write(self._programs / "exchange", SERVE)
        self._write(desk / "dev", DEV)

    def _write(self, path: Path, text: str) -> None:
        stack = self.space.stack
        command = " ".join(stack.command)
        path.write_text(text.format(binary=stack.binary, folder=self.space.folder, command=command))
        path.chmod(0o755)

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text.replace(DOCUMENTED, self.address)],
            cwd=self.desk,
            env=self.space.settings(
                PATH=f"{self._programs}:{os.environ['PATH']}", LISTEN_ADDR=self.address
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def stop(self) -> None:
        """Every exchange that a page started."""
        pids = self.space.folder / "pids"
        if not pids.exists():
            return
        running = [int(pid) for pid in pids.read_text().split()]
        pids.unlink()
        for pid in running:
            self._end(pid)

    def _end(self, pid: int) -> None:
        program = Path(f"/proc/{pid}/exe")
        try:
            if program.resolve() != self.space.stack.binary:
                return
            os.kill(pid, signal.SIGTERM)
        except (FileNotFoundError, ProcessLookupError):
            return
        until(lambda: not _runs(pid), within_s=40, what=f"exchange {pid} stops")


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def machines(open_space, tmp_path):
    """The page's own, with some records published, and an empty one."""
    made: dict[str, Machine] = {}

    def machine(which: str) -> Machine:
        if which not in made:
            space = open_space(f"page_{which}", migrate=which == "main")
            made[which] = Machine(space, tmp_path)
        return made[which]

    server = Server(machine("main").space).start()
    send(server, 6)
    server.accepted(bodies.v1("demo-source"))
    server.published(7)
    server.stop()
    yield machine
    for each in made.values():
        each.stop()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_of_a_page_works_in_order(machines, page):
    blocks = [b for b in blocks_of(page) if b.language == "sh" and "not-run" not in b.options]
    if not blocks:
        return
    assert machines("main").run("exchange serve").returncode == 0
    for block in blocks:
        machine = machines(block.options.get("on", "main"))
        if "stopped" in block.options:
            machine.stop()
        done = machine.run(block.text)
        where = f"{block.page.relative_to(ROOT)}:{block.line}"
        assert done.returncode == 0, f"{where}\n{block.text}\n{done.stdout}{done.stderr}"
