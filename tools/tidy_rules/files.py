"""Files that nothing builds, embeds or includes."""

import re
from collections.abc import Iterator

from tidy_rules.tree import Finding, Tree

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
_WORD = re.compile(r"[\w./-]+")


def check(tree: Tree) -> Iterator[Finding]:
    yield from _sources(tree)
    yield from _headers(tree)
    yield from _statements(tree)
    yield from _migrations(tree)


def _sources(tree: Tree) -> Iterator[Finding]:
    listed = set()
    for file in tree.files:
        if file.is_cmake:
            folder = file.path.rpartition("/")[0]
            for word in _WORD.findall(file.text):
                path = word.removeprefix("/")
                listed.update((f"{folder}/{path}".removeprefix("/"), path))
    for folder in ("src/", "bench/", "tests/"):
        for file in tree.under(folder, ".cpp"):
            if file.path not in listed:
                yield file.finding(1, "orphan", "no CMakeLists.txt lists it")


def _headers(tree: Tree) -> Iterator[Finding]:
    included = {name for file in tree.files if file.is_cpp for name in _INCLUDE.findall(file.text)}
    for root in ("src/", "tests/"):
        for file in tree.under(root, ".hpp"):
            if file.path.removeprefix(root) not in included and file.name != "pch.hpp":
                yield file.finding(1, "orphan", "nothing includes it")


def _statements(tree: Tree) -> Iterator[Finding]:
    for file in tree.under("src/", ".sql"):
        _, module, *folder, _ = file.path.split("/")
        if folder != ["sql"]:
            yield file.finding(1, "orphan", f"statements stand in src/{module}/sql")
            continue
        lists = tree.by_path.get(f"src/{module}/CMakeLists.txt")
        if lists is None or f"exchange_sql({module})" not in lists.text:
            yield file.finding(1, "orphan", f"no exchange_sql({module}) embeds it")
        name = file.name.removesuffix(".sql")
        if not any(
            re.search(rf"\bsql::{name}\b", source.text)
            for source in tree.under(f"src/{module}/", ".cpp", ".hpp")
        ):
            yield file.finding(1, "orphan", f"no source of {module} runs sql::{name}")


def _migrations(tree: Tree) -> Iterator[Finding]:
    for number, file in enumerate(tree.under("sql/migrations/"), 1):
        if not re.fullmatch(rf"{number:04}_[a-z0-9_]+\.sql", file.name):
            wanted = f"{number:04}_what_it_does.sql"
            yield file.finding(1, "migrations", f"the next in the row is named {wanted}")
