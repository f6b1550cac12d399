"""tools/tidy finds each kind of violation where it stands, and nothing in a tree without any."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TIDY = ROOT / "tools/tidy"

CLEAN = {
    "tools/layers.toml": """
[[layer]]
name = "ground"
modules = ["base"]
uses = []

[[layer]]
name = "adapter"
modules = ["net", "pg"]
uses = ["ground"]

[[layer]]
name = "service"
modules = ["outbox"]
uses = ["adapter", "ground"]

[[edge]]
from = "pg"
to = "net"
why = "a test"

[tables]
pg = ["schema_migrations"]
outbox = ["outbox"]
""",
    "docs/ARCHITECTURE.md": """# Architecture

## Modules
| layer | module | purpose |
|---|---|---|
| ground | `base` | time |
| adapter | `net` | HTTP |
| | `pg` | Postgres |
| service | `outbox` | the outbox |

## Lanes
| not a module | `column` | here |
""",
    "src/base/CMakeLists.txt": """exchange_module(base
  SOURCES time.cpp
  TESTS time_test.cpp zone_test.cpp)
""",
    "src/base/time.cpp": '#include "base/time.hpp"\n\nint now() { return 1; }\n',
    "src/base/time.hpp": "#pragma once\n\nint now();\n",
    "src/base/time_test.cpp": '#include "base/time.hpp"\n',
    "src/base/zone_test.cpp": '#include "support/clock.hpp"\n',
    "src/net/CMakeLists.txt": "exchange_module(net\n  SOURCES client.cpp\n  DEPS base)\n",
    "src/net/client.cpp": '#include "base/time.hpp"\n',
    "src/pg/CMakeLists.txt": "exchange_sql(pg)\nexchange_module(pg SOURCES run.cpp DEPS net)\n",
    "src/pg/run.cpp": 'const auto begin = "SELECT 1";\nauto x = sql::make_table;\n',
    "src/pg/sql/make_table.sql": "CREATE TABLE schema_migrations (number integer);\n",
    "src/outbox/CMakeLists.txt": "exchange_sql(outbox)\nexchange_module(outbox SOURCES a.cpp)\n",
    "src/outbox/a.cpp": 'auto x = sql::append;\nauto method = "DELETE";\n',
    "src/outbox/sql/append.sql": "-- INSERT INTO x\nINSERT INTO outbox VALUES ('UPDATE x');\n",
    "sql/migrations/0001_outbox.sql": "CREATE TABLE outbox (id bigint);\n",
    "tests/support/clock.hpp": "#pragma once\n",
}


def run(folder: Path, changes: dict[str, str]) -> list[str]:
    for path, text in {**CLEAN, **changes}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    done = subprocess.run(
        [sys.executable, TIDY, "--root", folder], capture_output=True, text=True, check=False
    )
    findings = done.stdout.splitlines()
    assert done.returncode == (1 if findings else 0), done.stderr
    return findings


def body_of(lines: int) -> str:
    return "    x();\n" * (lines - 3)


def test_nothing_is_found_in_a_clean_tree(tmp_path):
    assert run(tmp_path, {}) == []


LONG = "x" * 101
# File, its text, and the finding: line, rule and a part of the message.
SEEDS = [
    ("src/base/time.cpp", f"// {LONG}\n", 1, "line-length", "104 columns"),
    ("docs/page.md", f"word {LONG}\n", 1, "line-length", "106 columns"),
    ("cmake/x.cmake", f"# {LONG}\n", 1, "line-length", "103 columns"),
    ("tools/run", f"#!/usr/bin/env python3\nx = '{LONG}'\n", 2, "line-length", "107 columns"),
    ("src/base/time.cpp", "int x; \n", 1, "white-space", "ends in white space"),
    ("docs/page.md", "words", 1, "white-space", "no line end"),
    ("docs/page.md", "words\n\n", 2, "white-space", "empty lines"),
    ("src/base/time.cpp", "int f()\n{\n" + body_of(71) + "}\n", 1, "function-length", "f has 71"),
    (
        "src/base/time.cpp",
        "namespace a {\nstruct B {\n    B(int x)\n        : x_{x}, y_{f(1)}\n    {\n"
        + body_of(71)
        + "    }\n};\n}\n",
        3,
        "function-length",
        "B has 72",
    ),
    (
        "src/base/time_test.cpp",
        "TEST(Clock, ticks)\n{\n" + body_of(72) + "}\n",
        1,
        "function-length",
        "ticks has 72",
    ),
    ("tools/a.py", "def f():\n" + "    x()\n" * 70, 1, "function-length", "f has 71"),
    ("tools/a.py", "def f(:\n", 1, "syntax", "invalid syntax"),
    ("src/base/time.hpp", "int x;\n" * 501, 501, "file-length", "501 lines, 500 at most"),
    ("tests/a.py", "x = 1\n" * 701, 701, "file-length", "701 lines, 700 at most"),
    ("src/base/time.cpp", '\n#include "net/client.hpp"\n', 2, "layers", "base may not use net"),
    ("src/net/client.cpp", '#include "pg/run.hpp"\n', 1, "layers", "net may not use pg"),
    ("src/net/client.cpp", '#include "odd/run.hpp"\n', 1, "layers", "is of no module"),
    ("src/net/client.cpp", '#include "support/clock.hpp"\n', 1, "layers", "only tests include"),
    (
        "src/base/CMakeLists.txt",
        "exchange_module(base\n  SOURCES time.cpp\n  DEPS pg TESTS time_test.cpp zone_test.cpp)\n",
        3,
        "layers",
        "base may not depend on pg",
    ),
    ("src/base/other.cpp", "int x;\n", 1, "orphan", "no CMakeLists.txt lists it"),
    ("src/base/other.hpp", "int x;\n", 1, "orphan", "nothing includes it"),
    ("src/pg/sql/unused.sql", "SELECT 1;\n", 1, "orphan", "no source of pg runs sql::unused"),
    ("src/pg/stray.sql", "SELECT 1;\n", 1, "orphan", "statements stand in src/pg/sql"),
    ("sql/migrations/0003_gap.sql", "SELECT 1;\n", 1, "migrations", "0002_what_it_does.sql"),
    ("src/base/time.cpp", "int x;\n// TO" + "DO: more\n", 2, "unfinished", "name the issue"),
    ("tools/a.py", "# FIX" + "ME\n", 1, "unfinished", "name the issue"),
    ("src/base/time_test.cpp", "GTEST_" + "SKIP();\n", 1, "skipped-test", "name the issue"),
    ("src/base/time_test.cpp", "TEST(A, DISABLED" + "_b)\n", 1, "skipped-test", "name the issue"),
    ("tests/a.py", "@pytest.mark." + "skip\n\n\ndef a(): pass\n", 1, "skipped-test", "issue"),
    ("src/outbox/a.cpp", 'sql::append;\nx("SELECT 1");\n', 2, "sql-text", "a .sql file"),
    (
        "src/outbox/a.cpp",
        'sql::append;\nx(R"(\n  INSERT INTO outbox)");\n',
        2,
        "sql-text",
        "a .sql file",
    ),
    (
        "src/pg/sql/make_table.sql",
        "CREATE TABLE schema_migrations (x int);\nUPDATE outbox SET id = 1;\n",
        2,
        "table-owner",
        "pg writes outbox, which belongs to outbox",
    ),
    (
        "sql/migrations/0001_outbox.sql",
        "CREATE TABLE outbox (id bigint);\nCREATE TABLE other (id bigint);\n",
        2,
        "table-owner",
        "other has no owner",
    ),
    ("sql/migrations/0001_outbox.sql", "SELECT 1;\n", 1, "table-owner", "nothing creates"),
    ("docs/page.md", "see /ho" + "me/someone/x\n", 1, "machine-path", "one machine"),
]


@pytest.mark.parametrize(
    ("path", "text", "line", "rule", "message"),
    SEEDS,
    ids=[f"{number}-{seed[3]}" for number, seed in enumerate(SEEDS)],
)
def test_a_seeded_violation_is_found_where_it_stands(tmp_path, path, text, line, rule, message):
    findings = run(tmp_path, {path: text})
    where = "tools/layers.toml" if message == "nothing creates" else path
    found = [each for each in findings if each.startswith(f"{where}:{line}: {rule}: ")]
    assert len(found) == 1, findings
    assert message in found[0]
    assert {each.split(": ")[1] for each in findings} == {rule}


def test_the_table_of_modules_is_held_against_the_tree(tmp_path):
    page = CLEAN["docs/ARCHITECTURE.md"].replace("`net`", "`gone`")
    assert run(tmp_path, {"docs/ARCHITECTURE.md": page}) == [
        "docs/ARCHITECTURE.md:3: module-table: src/net has no row",
        "docs/ARCHITECTURE.md:7: module-table: src/gone does not exist",
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("docs/page.md", f"| {LONG} | {LONG} |\n\n```\nrun {LONG}\n```\n\n{LONG}\n"),
        ("src/base/time.cpp", "constexpr int table[] = {\n" + "    1,\n" * 80 + "};\n"),
        ("src/base/time.cpp", "// TO" + "DO (#12): when the broker can\n"),
        ("src/base/time.cpp", "auto x = \"{{{\";  // {{{\nchar y = '{';\nint z = 1'000;\n"),
        ("src/outbox/a.cpp", '// "SELECT 1"\nauto x = sql::append;\n'),
        ("build/dev/x.cpp", f"{LONG} \n"),
        (".hidden/x.cpp", f"{LONG} \n"),
    ],
)
def test_what_only_looks_like_a_violation_is_left_alone(tmp_path, path, text):
    assert run(tmp_path, {path: text}) == []
