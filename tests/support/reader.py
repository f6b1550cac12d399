"""The reference consumer of examples/consumer, as a module and as a process."""

import importlib.util
import sqlite3
import subprocess
import sys
from pathlib import Path

from support.space import Space

PROGRAM = Path(__file__).resolve().parents[2] / "examples/consumer/consumer.py"


def load_consumer():
    spec = importlib.util.spec_from_file_location("example_consumer", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def read_to_end(
    brokers: str, topics: tuple[str, ...], database: Path, *, program: Path = PROGRAM
) -> subprocess.CompletedProcess[str]:
    """Runs it until nothing more is there, in a group named after its database."""
    command = [sys.executable, program, "--brokers", brokers, "--database", database]
    command += ["--group", f"reader-{topics[0]}", "--until-end", *topics]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def effects(database: Path) -> list[str]:
    """The record of each effect that was taken."""
    with sqlite3.connect(database) as connection:
        return [record for (record,) in connection.execute("SELECT record_id FROM effects")]


def effects_of_space(space: Space) -> list[str]:
    """What it takes from the whole log; it must find the log unbroken."""
    database = space.folder / "effects.sqlite"
    done = read_to_end(space.stack.kafka, space.topics, database)
    assert done.returncode == 0, f"the consumer ended with {done.returncode}: {done.stderr}"
    return effects(database)
