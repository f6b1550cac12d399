"""What the documentation names exists: verbs, files, metrics, settings, codes; and is named.

Reads the sources, so that it needs no build. tools/tidy holds the table of modules.
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("*.md"),
        *(ROOT / "tests").glob("*.md"),
        ROOT / "contracts/README.md",
        ROOT / "deploy/local/README.md",
    ]
)
REFERENCE = ROOT / "docs/reference"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(path: Path | str) -> str:
    return (ROOT / path).read_text()


def cells(page: Path | str, heading: str, column: int) -> list[str]:
    """What stands in backquotes in a column of the table under a heading."""
    section = re.split(r"^#+ ", read(page).split(f"# {heading}\n")[1], maxsplit=1, flags=re.M)[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("|")]
    return [found for row in rows[2:] for found in re.findall(r"`([^`]+)`", row[column])]


def dev_verbs() -> set[str]:
    return {path.stem for path in (ROOT / "tools/dev/verbs").glob("*.sh")}


def exchange_verbs() -> set[str]:
    sources = "".join(read(path) for path in (ROOT / "src/app").glob("cmd_*.cpp"))
    return set(re.findall(r"add_subcommand\(\s*\"(\w+)\"", sources))


def verbs_named_in(path: Path) -> set[str]:
    return set(re.findall(r"(?:`|Hint: |  |it: )exchange ([a-z]+)\b", path.read_text()))


def metrics() -> set[str]:
    sources = [path for path in (ROOT / "src").rglob("*.cpp") if not path.stem.endswith("test")]
    return {name for path in sources for name in re.findall(r'"(exchange_\w+)"', path.read_text())}


def settings() -> set[str]:
    factories = r"(?:text|secret|flag|number|milliseconds)\(\s*\"([A-Z0-9_]+)\""
    return set(re.findall(factories, read("src/app/settings.cpp")))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_of_the_tree_that_a_page_names_exists(page):
    named = re.findall(
        r"`((?:src|tests|tools|docs|contracts|sql|deploy)/[\w./-]+)`", page.read_text()
    )
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_verb_of_dev_that_a_page_names_exists(page):
    named = set(re.findall(r"\./dev(?: --stack [\w-]+)? ([a-z]+)", page.read_text()))
    assert named - dev_verbs() == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_verb_of_the_exchange_that_a_page_names_exists(page):
    assert verbs_named_in(page) - exchange_verbs() == set()


def test_every_verb_of_the_exchange_that_a_hint_names_exists():
    files = [*(ROOT / "src").rglob("*.cpp"), *(ROOT / "src").rglob("*.hpp")]
    files += [*(ROOT / "contracts").rglob("*.toml"), *(ROOT / "contracts").rglob("*.yaml")]
    unknown = {name_of(path): verbs_named_in(path) - exchange_verbs() for path in files}
    assert {path: verbs for path, verbs in unknown.items() if verbs} == {}


def test_help_lists_every_verb_of_dev():
    done = subprocess.run(
        [ROOT / "dev", "help"], capture_output=True, text=True, check=True, timeout=30
    )
    listed = set(re.findall(r"^  \./dev (\w+)|^  (\w+)", done.stdout, re.M))
    assert dev_verbs() - {name for pair in listed for name in pair} <= {"help"}


def test_the_command_line_page_has_every_verb():
    listed = {cell.split()[1] for cell in cells("docs/reference/cli.md", "Command line", 1)}
    nested = {"accept", "apply", "list", "status", "show", "release", "discard", "set"}
    assert exchange_verbs() - nested == listed


def test_the_command_line_page_has_every_exit_code():
    codes = re.findall(r"exit_(\w+) = (\d+)", read("src/app/exit_code.hpp"))
    table = read("docs/reference/cli.md").split("## Exit codes\n")[1]
    assert re.findall(r"^\| (\d+) \| (\w+) \|", table, re.M) == [(n, name) for name, n in codes]


def test_the_command_line_page_has_every_option():
    sources = "".join(read(path) for path in (ROOT / "src/app").glob("cmd_*.cpp"))
    options = set(re.findall(r"add_(?:option|flag)\(\s*\"([\w-]+)\"", sources)) - {"id"}
    assert set(cells("docs/reference/cli.md", "Options", 2)) - {"relay", "ingest", "-"} == options


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_metric_that_a_page_names_exists(page):
    named = set(re.findall(r"\bexchange_[a-z]+_[a-z_]+\b", page.read_text()))
    functions = {"exchange_sql", "exchange_module"}
    assert named - metrics() - functions == set()


def test_the_metrics_page_has_every_metric():
    assert metrics() - set(re.findall(r"`(exchange_\w+)`", read(REFERENCE / "metrics.md"))) == set()


def test_the_metrics_page_has_every_outcome():
    source = read("src/ingest/ingest_metrics.cpp")
    outcomes = re.findall(r"outcome\(metrics, \"(\w+)\"\)", source)
    told = read(REFERENCE / "metrics.md").split("by `outcome`: ")[1].split(" |")[0]
    assert told.split(", ") == outcomes


def test_the_settings_page_has_every_setting():
    page = re.findall(r"^\| `([A-Z0-9_]+)` \|", read(REFERENCE / "configuration.md"), re.M)
    assert sorted(page) == sorted(settings())


def test_the_http_page_has_every_problem_under_its_status():
    table = re.findall(r"\{ProblemCode::\w+, \"(\w+)\", (\d+),", read("src/record/problem.hpp"))
    page = re.findall(r"^\| (\d+) \| `(\w+)` \|", read(REFERENCE / "http.md"), re.M)
    assert page == [(status, code) for code, status in table]


def test_the_http_page_has_every_violation_with_its_words():
    table = re.findall(r"\{Rule::\w+, \"(\w+)\",\s*\"([^\"]+)\"\}", read("src/record/rules.hpp"))
    page = read(REFERENCE / "http.md").split("## Violations\n")[1]
    assert re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.M) == table


def test_the_runbooks_query_is_the_one_that_is_tested():
    query = re.findall(r'"(SELECT id, topic, key[^"]+)"', read("docs/runbook/kafka-down.md"))
    assert query
    assert set(query) == set(re.findall(r'"(SELECT id, topic, key[^"]+)"', read("README.md")))
    assert query[0] in read("tests/e2e/test_runbook.py")


WORDS = [
    ("src/outbox/preflight.cpp", "does not exist"),
    ("src/outbox/preflight.cpp", "Create it: exchange topics apply"),
    ("src/outbox/preflight.cpp", "KAFKA_BROKERS leads to cluster"),
    ("src/outbox/preflight.cpp", "this database is laid out for"),
    ("src/outbox/preflight.cpp", "is compacted: events of a record may vanish"),
    ("src/outbox/takeover.cpp", "which this database never planned"),
    ("src/outbox/takeover.cpp", "This broker's log and this database do not belong together"),
    ("src/outbox/retention.cpp", "is not in the raw store as it was written"),
    ("src/objects/s3_bucket.cpp", "Hint: is the store running, and is S3_ENDPOINT right?"),
    ("src/objects/s3_errors.cpp", "create the bucket or check its name in RAW_STORE"),
    ("src/objects/s3_errors.cpp", "check AWS_SECRET_ACCESS_KEY"),
    ("src/objects/s3_errors.cpp", "check AWS_ACCESS_KEY_ID"),
    ("src/objects/s3_errors.cpp", "set this machine's clock"),
    ("src/objects/file_errors.cpp", "create the directory (is its disk mounted?)"),
    ("src/kafka/classify.cpp", "check that the brokers in KAFKA_BROKERS are up and reachable"),
    ("src/pg/connect.cpp", "is Postgres running there? Check PGHOST and PGPORT, or DATABASE_URL"),
    ("src/pg/connect.cpp", "check PGUSER and PGPASSWORD, or DATABASE_URL"),
    ("src/app/service.cpp", "the database was migrated by a newer exchange"),
    ("src/app/checks.cpp", "Postgres runs with fsync=off: 202 would be a lie"),
]


@pytest.mark.parametrize(("source", "words"), WORDS, ids=[words[:40] for _, words in WORDS])
def test_the_runbook_quotes_what_operators_are_told(source, words):
    # Literals that go on in the next line are one text.
    text = re.sub(r"\"\s*\n\s*\"", "", read(source))
    assert words in text
    assert words in read("docs/runbook/kafka-down.md")
