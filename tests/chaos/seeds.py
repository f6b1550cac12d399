"""Many seeds, one after the other, and what they showed. Run by ./dev chaos."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from chaos.schedule import make_schedule
from chaos.seed import SOMETIMES, SeedResult, play_seed
from support.stack import Stack

# Below so many seeds, what never happened may be chance.
SEEDS_TO_JUDGE = 40


class Campaign:
    def __init__(self, stack: Stack, results: Path, mode: str) -> None:
        self._stack = stack
        self._results = results
        self._mode = mode
        self.played: list[SeedResult] = []

    def play(self, seed: int) -> SeedResult:
        folder = Path(tempfile.mkdtemp(prefix=f"exchange-chaos-{seed}-"))
        result = play_seed(self._stack, seed, folder, self._mode)
        self.played.append(result)
        if result.violations:
            self._keep(result, folder)
        shutil.rmtree(folder, ignore_errors=True)
        return result

    def _keep(self, result: SeedResult, folder: Path) -> None:
        kept = self._results / f"seed-{result.seed}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept)
        faults = [str(fault) for fault in make_schedule(result.seed).faults]
        (kept / "told.txt").write_text("\n".join([*faults, "", *result.told, ""]))

    def counters(self) -> Counter[str]:
        return sum((result.counters for result in self.played), Counter())

    def violations(self) -> Counter[str]:
        return sum((result.violations for result in self.played), Counter())

    def never(self) -> list[str]:
        counters = self.counters()
        only_transactional = ("fence", "abort", "repair")
        wanted = [
            name
            for name in SOMETIMES
            if self._mode == "transactional" or name not in only_transactional
        ]
        return [name for name in wanted if not counters[name]]

    def verdict(self) -> tuple[bool, str]:
        """Whether it was clean, and the last line."""
        records = sum(result.records for result in self.played)
        counters = ", ".join(f"{name} {number}" for name, number in self.counters().items())
        found = ", ".join(f"{name} {number}" for name, number in self.violations().items())
        never = self.never() if len(self.played) >= SEEDS_TO_JUDGE else []
        if never:
            found = ", ".join([*([found] if found else []), *(f"never: {name}" for name in never)])
        clean = not found
        told = f"{len(self.played)} seeds, {records} records; {counters}"
        return clean, f"{told}; violations: {found or 'none'}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev chaos")
    parser.add_argument("--seeds", type=int, default=20, help="how many (default 20)")
    parser.add_argument("--seed", type=int, help="the first; without it, one by the clock")
    parser.add_argument("--minutes", type=float, help="begin no seed after so long")
    parser.add_argument("--results", type=Path, required=True, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    first = asked.seed if asked.seed is not None else int(time.time()) % 1_000_000 * 1000
    mode = os.environ.get("RELAY_MODE", "transactional")
    campaign = Campaign(Stack.from_environment(), asked.results, mode)
    ends_at = time.monotonic() + asked.minutes * 60 if asked.minutes else float("inf")
    for seed in range(first, first + asked.seeds):
        if time.monotonic() > ends_at:
            break
        _tell(campaign.play(seed))
    clean, line = campaign.verdict()
    print(line, flush=True)
    return 0 if clean else 1


def _tell(result: SeedResult) -> None:
    state = "ok" if not result.violations else "VIOLATED"
    told = {name: number for name, number in result.counters.items() if number}
    print(
        f"seed {result.seed}: {state}, {result.records} records, {result.seconds:.1f} s, {told}",
        flush=True,
    )
    if result.violations:
        for text in result.told:
            print(f"    {text}", flush=True)
        print(f"    again: ./dev chaos --seeds 1 --seed {result.seed}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
