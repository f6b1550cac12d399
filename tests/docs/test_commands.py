"""Which commands of README and guides are run by tests/e2e/test_documented_commands.py, and which
are not. One that is not run is named here, so that none is left out unnoticed."""

import re

import pytest
from support.documented import PAGES, ROOT, blocks_of

NOT_RUN = {
    "README.md: ./dev up",
    "README.md: docker compose up -d --wait",
    "docs/guides/containers.md: docker compose up -d --wait",
    "docs/guides/containers.md: docker compose ps",
    "docs/guides/containers.md: docker compose -f compose.yaml -f compose.scale.yaml up -d --wait",
    "docs/guides/containers.md: docker run --read-only --cap-drop ALL --security-opt"
    " no-new-privileges --stop-timeout 30 \\",
    "docs/guides/install.md: ./dev package",
    "docs/guides/install.md: sudo apt install ./exchange_0.1.0-1_amd64.deb",
    "docs/guides/install.md: sudo apt install ./exchange_NEW_amd64.deb",
}
COMMANDS = "exchange|./dev|curl|psql|sudo|apt|apt-get|docker|podman|systemctl|pg_dump|kubectl"
A_COMMAND = re.compile(rf"^\s*\$?\s*(?:{COMMANDS.replace('.', re.escape('.'))})\s", re.M)


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_block_with_commands_is_marked_as_one(page):
    other = [block for block in blocks_of(page) if block.language != "sh"]
    assert [block.line for block in other if A_COMMAND.search(block.text)] == []


def test_commands_that_are_not_run_are_known_and_say_why():
    skipped = [block for page in PAGES for block in blocks_of(page) if "not-run" in block.options]
    assert [block.line for block in skipped if len(block.options["not-run"]) < 10] == []
    assert {block.name for block in skipped} == NOT_RUN


def test_every_guide_is_in_the_index():
    index = (ROOT / "docs/README.md").read_text()
    assert [page.name for page in PAGES[1:] if f"](guides/{page.name})" not in index] == []
