"""The bars a run is held against, and how the outcome is shown."""

import json
import math
import operator
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

HOLDS = {">=": operator.ge, "<=": operator.le, "<": operator.lt, ">": operator.gt}


@dataclass(frozen=True)
class Bar:
    name: str
    measured: float
    relation: str
    wanted: float
    unit: str

    @property
    def met(self) -> bool:
        return not math.isnan(self.measured) and HOLDS[self.relation](self.measured, self.wanted)


@dataclass
class Outcome:
    quick: bool
    bars: list[Bar] = field(default_factory=list)
    # What else was seen, by subject.
    details: dict[str, dict] = field(default_factory=dict)

    def bar(self, name: str, measured: float, relation: str, wanted: float, unit: str) -> None:
        self.bars.append(Bar(name, round(measured, 3), relation, wanted, unit))

    def note(self, subject: str, **seen: object) -> None:
        """Notes what was seen, with the machine's load at that time."""
        self.details[subject] = {**seen, "load_average": round(os.getloadavg()[0], 2)}

    def write(self, path: Path, **about: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        bars = [{**asdict(bar), "met": bar.met} for bar in self.bars]
        document = {**about, "quick": self.quick, "bars": bars, "details": self.details}
        path.write_text(json.dumps(_plain(document), indent=2, default=str) + "\n")

    def table(self) -> str:
        rows = [("", "measured", "wanted", "")]
        for bar in self.bars:
            measured = f"{bar.measured:,.6g} {bar.unit}".strip()
            wanted = f"{bar.relation} {bar.wanted:,.6g} {bar.unit}".strip()
            rows.append((bar.name, measured, wanted, "met" if bar.met else "MISSED"))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [
            f"{name:<{widths[0]}}  {measured:>{widths[1]}}  {wanted:>{widths[2]}}  {met}".rstrip()
            for name, measured, wanted, met in rows
        ]
        for subject, seen in self.details.items():
            told = ", ".join(f"{name} {_short(value)}" for name, value in seen.items())
            lines += ["", f"{subject}:", f"  {told}"]
        met = sum(bar.met for bar in self.bars)
        return "\n".join([*lines, "", f"{met} of {len(self.bars)} bars met"])


def _plain(value: object) -> object:
    """JSON has no word for what could not be measured but null."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_short(inner)}" for name, inner in value.items()) + ")"
    return f"{value:,}" if isinstance(value, int) else str(value)
