"""Every failpoint of a whole life, each hit with each action, and the checker after each. Run by
./dev chaos failpoints."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from chaos.broker import AS_LAID_OUT_BYTES
from support.broker import limit_messages
from support.checker import Submission
from support.evidence import check_space
from support.load import Load
from support.server import CRASHED, Server
from support.space import Space
from support.stack import Stack
from support.waiting import until

# So many records that a partition of the outbox is done and its staged bytes are dropped.
SETTINGS = {
    "LEASE_TTL_MS": 500,
    "RELAY_POLL_MS": 10,
    "PARTITION_IDS": 100,
    "DROP_EVERY_MS": 200,
    "KAFKA_BATCH_SIZE": 1,
    "WINDOW_ROWS_MAX": 20,
    "SWEEP_EVERY_S": 1,
    "SWEEP_GRACE_S": 0,
}
RECORDS = 120
POISON_EVERY = 50
POISON_BYTES = 1150
# Nothing throws there, and its callers are no coroutines.
NEVER_THROWS = frozenset({"kafka/handed-over"})
AT_ONCE = 3


@dataclass(frozen=True)
class Trial:
    site: str
    hit: int
    action: str

    def __str__(self) -> str:
        return f"{self.site}={self.action}@{self.hit}"


def count_hits(stack: Stack, folder: Path) -> dict[str, int]:
    """The sites of a life that begins with a plan of another's, and how often each is reached."""
    with _Life(stack, folder) as life:
        life.leave_a_plan()
        life.leave_orphans()
        life.live("")
        life.recover()
        life.check()
        return life.hits()


def make_trials(hits: dict[str, int], actions: list[str], hits_most: int) -> list[Trial]:
    return [
        Trial(site, hit, action)
        for site, times in sorted(hits.items())
        for hit in range(1, min(times, hits_most) + 1)
        for action in actions
        if not (action == "error" and site in NEVER_THROWS)
    ]


def run_trial(stack: Stack, trial: Trial, folder: Path) -> None:
    """Raises AssertionError when the fault was not met, or left anything wrong."""
    with _Life(stack, folder) as life:
        life.leave_a_plan()
        life.leave_orphans()
        status = life.live(str(trial))
        if trial.action == "crash":
            assert status == CRASHED, f"{trial} was not met: the process ended with {status}"
        else:
            assert status == 0, f"{trial}: the process ended with {status}"
            met = life.hits().get(trial.site, 0)
            assert met >= trial.hit, f"{trial} was not met: {met} hits"
        life.recover()
        life.check()


def run_all(
    stack: Stack, trials: list[Trial], folder: Path, tell: Callable[[Trial, str], None]
) -> dict[Trial, str]:
    """What went wrong, by trial."""
    wrong: dict[Trial, str] = {}

    def run(numbered: tuple[int, Trial]) -> None:
        number, trial = numbered
        try:
            run_trial(stack, trial, folder / str(number))
        except AssertionError as fault:
            wrong[trial] = str(fault)
        tell(trial, wrong.get(trial, ""))

    with ThreadPoolExecutor(AT_ONCE) as workers:
        list(workers.map(run, enumerate(trials)))
    return wrong


class _Life:
    """A space with one process and load on it, from its first record to the check."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._count = folder / "hits"
        self._space = Space(stack, "failpoint", folder)
        self._server = Server(self._space, **SETTINGS)
        self._submissions: list[Submission] = []
        self._strays: list[str] = []
        self._load = Load(lambda: [self._server.url], clients=6, poison_every=POISON_EVERY)

    def __enter__(self) -> "_Life":
        self._space.prepare()
        _make_small_partitions(self._space)
        limit_messages(self._space.stack, self._space.topics, POISON_BYTES)
        return self

    def __exit__(self, *_: object) -> None:
        self._space.close()

    def leave_a_plan(self) -> None:
        self._start("relay/planned=crash@2")
        self._load.__enter__()
        assert self._server.wait(within_s=20) == CRASHED

    def leave_orphans(self) -> None:
        """As a relay leaves them that dies before its plan: orphans once their lane is published
        beyond them. Of the same id, so that one round of the sweeper removes both, and a fault can
        come between them."""
        lane, first = self._space.rows("SELECT lane, first_id FROM bundles ORDER BY 2 LIMIT 1")[0]
        for digest in ("0" * 64, "1" * 64):
            self._strays.append(f"bundles/{lane:02}/{first:019}-{first}-stray-{digest}")
            self._space.s3.put_object(
                Bucket=self._space.bucket, Key=self._strays[-1], Body=b"left behind"
            )

    def live(self, failpoint: str) -> int:
        """One life under a failpoint, through all that a life has; answers how it ended."""
        rounds = self._retention_rounds()
        goal = self._load.acknowledged() + RECORDS
        self._start(",".join([f"count={self._count}", *filter(None, [failpoint])]))
        self._until_over_or(lambda: self._load.acknowledged() >= goal, "records are taken")
        # Retention wants every lane's lock at once, which it may not get under load.
        self._load.finish()
        self._until_over_or(lambda: self._retention_rounds() > rounds, "a partition is dropped")
        self._until_over_or(self._swept, "the orphans are removed")
        if self._server.runs():
            self._server.terminate()
        return self._server.wait(within_s=30)

    def _retention_rounds(self) -> int:
        """Those that dropped something, or failed at it."""
        failed = self._server.log_lines("dependency_degraded")
        return len(self._server.log_lines("partitions_dropped")) + sum(
            line["component"] == "retention" for line in failed
        )

    def _swept(self) -> bool:
        """No orphan is left, nor the mark of one."""
        listed = self._space.s3.list_objects_v2(Bucket=self._space.bucket, Prefix="bundles/")
        left = {entry["Key"] for entry in listed.get("Contents", [])}.intersection(self._strays)
        return not left and not self._space.rows("SELECT FROM orphans")

    def _until_over_or(self, well: Callable[[], bool], what: str) -> None:
        until(lambda: not self._server.runs() or well(), within_s=30, what=what)

    def recover(self) -> None:
        self._start("")
        self._submissions = self._load.stop()
        with Load(lambda: [self._server.url], clients=3) as more:
            more.wait_for(20)
            self._submissions += more.stop()

    def check(self) -> None:
        # By the service itself: `check_space` would remove them too.
        until(self._swept, within_s=30, what="the orphans are removed")
        limit_messages(self._space.stack, self._space.topics, AS_LAID_OUT_BYTES)
        check_space(self._space, self._submissions).demand_clean()
        self._server.stop()

    def hits(self) -> dict[str, int]:
        lines = [line.split() for line in self._count.read_text().splitlines()]
        return {site: int(times) for site, times in lines}

    def _start(self, failpoints: str) -> None:
        self._server.settings["EXCHANGE_FAILPOINTS"] = failpoints
        try:
            self._server.start(ready=False)
        except AssertionError:
            # It may have crashed, as told, before anyone saw that it listens.
            if self._server.runs() or self._server.wait(within_s=1) != CRASHED:
                raise


def _make_small_partitions(space: Space) -> None:
    """The migrations make the first partitions of a million ids each."""
    with space.database() as database:
        for table in ("outbox", "staged", "windows", "published"):
            made = database.execute("SELECT relation::text FROM id_partitions(%s)", (table,))
            for (partition,) in made.fetchall():
                database.execute(f"DROP TABLE {partition}")
        database.execute(f"SELECT ensure_partitions({SETTINGS['PARTITION_IDS']}, 4)")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev chaos failpoints")
    parser.add_argument("--hits", type=int, default=3, help="how many hits of each site")
    parser.add_argument("--site", action="append", help="only this one; repeatable")
    parser.add_argument("--action", action="append", help="crash, error or delay:MS; repeatable")
    parser.add_argument("--results", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    stack = Stack.from_environment()
    with tempfile.TemporaryDirectory(prefix="exchange-failpoints-") as folder:
        hits = count_hits(stack, Path(folder) / "count")
        actions = asked.action or ["crash", "error", "delay:700"]
        trials = [
            trial
            for trial in make_trials(hits, actions, asked.hits)
            if not asked.site or trial.site in asked.site
        ]
        wrong = run_all(stack, trials, Path(folder), _tell)
    found = "; ".join(str(trial) for trial in wrong) or "none"
    print(f"{len(hits)} sites, {len(trials)} trials; violations: {found}")
    return 1 if wrong else 0


def _tell(trial: Trial, wrong: str) -> None:
    print(f"{trial}: {wrong or 'ok'}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
