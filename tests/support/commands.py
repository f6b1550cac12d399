"""The command line as --help tells it."""

import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache

import pytest


def exchange(*arguments: str) -> str:
    program = os.environ.get("EXCHANGE_TEST_BINARY")
    if not program:
        pytest.fail("EXCHANGE_TEST_BINARY is not set: ./dev test sets it", pytrace=False)
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"exchange {' '.join(arguments)}: {done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Command:
    path: tuple[str, ...]
    options: frozenset[str]
    verbs: frozenset[str]

    @property
    def words(self) -> str:
        return " ".join(("exchange", *self.path))


@cache
def all_commands(path: tuple[str, ...] = ()) -> list[Command]:
    """The command and everything below it."""
    told = exchange(*path, "--help")
    options = re.findall(r"^  ((?:-\w,)?--[\w-]+)", told, re.M)
    names = frozenset(name for option in options for name in option.split(","))
    below = told.partition("Subcommands:\n")[2].partition("\n\n")[0]
    verbs = re.findall(r"^  (\w+)", below, re.M)
    found = [Command(path, names, frozenset(verbs))]
    for verb in verbs:
        found += all_commands((*path, verb))
    return found


def settings() -> dict[str, str]:
    """Names and defaults, by the reference."""
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \|", exchange("check", "--reference"), re.M)
    return {name: "" if shown == "empty" else shown.strip("`") for name, shown in rows}
