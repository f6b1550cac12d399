"""Units and files of settings that the package installs."""

import re
import subprocess
from pathlib import Path

import pytest
from support.commands import settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
ENVIRONMENTS = sorted((DEPLOY / "debian/etc").glob("*.env"))
# Set for the unit alone, and no setting of the exchange.
OF_UNITS = {"MIGRATE_OPTIONS"}


def lines_of_hardening(unit: Path) -> list[str]:
    return unit.read_text().split("\nAmbientCapabilities=")[1].split("[Install]")[0].splitlines()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_exposes_little(unit):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure[1]) < 2.5


def test_all_units_are_hardened_alike():
    first, *others = (lines_of_hardening(unit) for unit in UNITS)
    assert len(first) > 20
    assert all(other == first for other in others)


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_a_file_of_settings_shows_settings_that_exist_and_their_defaults(path):
    shown = dict(re.findall(r"^#([A-Z][A-Z0-9_]*)=(.*)$", path.read_text(), re.M))
    known = settings()
    for name, value in shown.items():
        if name not in OF_UNITS:
            assert known.get(name) == value, name
    given = re.findall(r"^([A-Z][A-Z0-9_]*)=", path.read_text(), re.M)
    assert shown or given
    assert set(given) <= set(known)


def test_every_file_of_settings_is_read_by_a_unit():
    read = " ".join(unit.read_text() for unit in UNITS)
    for path in ENVIRONMENTS:
        instance = "%i" if path.stem == "relay" else path.stem
        assert re.search(rf"^EnvironmentFile=-?/etc/exchange/{instance}\.env$", read, re.M)
