"""Where SQL may stand, and which module may write which table."""

import re
from collections.abc import Iterator

from tidy_rules import cpp
from tidy_rules.tree import File, Finding, Tree

# pg speaks SQL for a living: transactions and prepared statements.
TEXT_ALLOWED = ("src/pg/",)

_STATEMENT = re.compile(
    r"\s*(?:SELECT\s|INSERT\s+INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|TRUNCATE\s|CALL\s"
    r"|CREATE\s+(?:TABLE|INDEX|FUNCTION|VIEW|ROLE|DATABASE)\b|ALTER\s+\w+\s|DROP\s+TABLE\b"
    r"|WITH\s+\w+\s+AS\s)"
)
# Not `FOR UPDATE`, `DO UPDATE SET` or `GRANT UPDATE ON`.
_WRITE = re.compile(
    r"\bINSERT\s+INTO\s+(?P<insert>[\w.]+)|\bDELETE\s+FROM\s+(?:ONLY\s+)?(?P<delete>[\w.]+)"
    r"|(?<!FOR )(?<!DO )\bUPDATE\s+(?!ON\b|SET\b|OF\b)(?P<update>[\w.]+)"
    r"|\bTRUNCATE\s+(?:TABLE\s+)?(?P<truncate>[\w.]+)"
)
_CREATE = re.compile(r"\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:public\.)?(\w+)")


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.under("src/", ".cpp", ".hpp"):
        if not file.is_test and not file.path.startswith(TEXT_ALLOWED):
            yield from _text(file)
    owners = {table: module for module, tables in tree.rules["tables"].items() for table in tables}
    for file in tree.under("src/", ".sql"):
        yield from _writes(file, owners)
    yield from _created(tree, owners)


def _text(file: File) -> Iterator[Finding]:
    for line, content in cpp.strings_of(file.text):
        if _STATEMENT.match(content):
            yield file.finding(line, "sql-text", "put the statement into a .sql file")


def _code(file: File) -> str:
    """Without comments and quoted text; every line stays where it was."""
    return re.sub(r"--[^\n]*|'[^']*'", lambda found: " " * len(found.group()), file.text)


def _writes(file: File, owners: dict[str, str]) -> Iterator[Finding]:
    module = file.path.split("/")[1]
    code = _code(file)
    for found in _WRITE.finditer(code):
        table = next(name for name in found.groups() if name).removeprefix("public.")
        owner = owners.get(table)
        if owner == module:
            continue
        line = code.count("\n", 0, found.start()) + 1
        whose = f"belongs to {owner}" if owner else "has no owner in tools/layers.toml"
        yield file.finding(line, "table-owner", f"{module} writes {table}, which {whose}")


def _created(tree: Tree, owners: dict[str, str]) -> Iterator[Finding]:
    made = set()
    for file in [*tree.under("sql/", ".sql"), *tree.under("src/", ".sql")]:
        code = _code(file)
        for found in _CREATE.finditer(code):
            made.add(found.group(1))
            if found.group(1) not in owners:
                line = code.count("\n", 0, found.start()) + 1
                message = f"{found.group(1)} has no owner in tools/layers.toml"
                yield file.finding(line, "table-owner", message)
    for table in sorted(set(owners) - made):
        yield Finding("tools/layers.toml", 1, "table-owner", f"nothing creates table {table}")
