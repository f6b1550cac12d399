"""The commands that the documentation shows: blocks fenced as ```sh.

After `sh` may stand: `not-run="why"`, or `on=empty` (in a second, empty stack), `stopped` (with no
exchange running)."""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/guides").glob("*.md"))]

_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
_OPTIONS = {"not-run", "on", "stopped"}


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    text: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the page, and its first command."""
        first = self.text.strip().splitlines()[0].partition("#")[0].strip()
        return f"{self.page.relative_to(ROOT).as_posix()}: {first}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        _block(page, text.count("\n", 0, found.start()) + 1, found.group(1), found.group(2))
        for found in _FENCE.finditer(text)
    ]


def _block(page: Path, line: int, information: str, text: str) -> Block:
    language, *options = shlex.split(information) or [""]
    pairs = dict(option.partition("=")[::2] for option in options)
    assert set(pairs) <= _OPTIONS, f"{page}:{line}: {information}"
    return Block(page, line, language, text, pairs)
