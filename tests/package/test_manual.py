"""The manual pages: of each verb, with each option, and well-formed."""

import re
import subprocess
from pathlib import Path

import pytest
from support.commands import all_commands, exchange, settings


@pytest.fixture(scope="module")
def manual(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("manual")
    exchange("manual", str(folder))
    return folder


def rendered(page: Path) -> str:
    shown = subprocess.run(
        ["man", "--warnings", "-l", "-Tascii", str(page)],
        env={"PATH": "/usr/bin:/bin", "MANWIDTH": "500", "MANROFFOPT": "-c", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (shown.returncode, shown.stderr) == (0, ""), f"{page.name}: {shown.stderr}"
    return re.sub(r".\x08", "", shown.stdout)


def test_each_verb_has_a_page(manual):
    verbs = {"exchange.1"} | {f"exchange-{verb}.1" for verb in all_commands()[0].verbs}
    assert {page.name for page in manual.iterdir()} == verbs


def test_pages_have_every_verb_and_option_of_the_help(manual):
    for command in all_commands():
        page = rendered(manual / ("-".join(("exchange", *command.path[:1])) + ".1"))
        if len(command.path) > 1:
            page = page.partition(f"   {command.words}\n")[2]
        assert all(re.search(rf"\b{verb}\b", page) for verb in command.verbs), command
        assert {option for option in command.options if option not in page} == set(), command


def test_pages_are_well_formed(manual):
    pages = sorted(str(page) for page in manual.iterdir())
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", *pages],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_page_of_the_program_has_every_setting(manual):
    page = rendered(manual / "exchange.1")
    entries = set(re.findall(r"^ {7}([A-Z][A-Z0-9_]+)(?: |$)", page, re.M))
    assert set(settings()) - entries == set()


def test_a_folder_that_is_not_there_is_told_by_name():
    with pytest.raises(AssertionError, match="/nowhere/exchange.1 cannot be written. Hint:"):
        exchange("manual", "/nowhere")
