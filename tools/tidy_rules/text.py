"""Rules of single lines."""

import re
from collections.abc import Iterator

from tidy_rules.tree import CPP, File, Finding, Tree

LINE_MAX = 100
LINES = (*CPP, ".sql")
# What names the words it looks for.
EXEMPT = ("tools/tidy_rules/", "tests/tools/")

_MACHINE_PATH = re.compile(r"(?<![\w./~$}-])/(?:home|Users|root|work)/\w")
_UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
_SKIPPED = re.compile(
    r"\bGTEST_SKIP\b|\bDISABLED_\w|\bpytest\.mark\.(?:skip|skipif|xfail)\b"
    r"|\bpytest\.(?:skip|importorskip|xfail)\b|\bunittest\.skip"
)
_ISSUE = re.compile(r"#\d+\b")


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.files:
        yield from _line_length(file)
        yield from _white_space(file)
        if not file.path.startswith(EXEMPT):
            yield from _words(file)


def _line_length(file: File) -> Iterator[Finding]:
    prose = file.ends([".md"])
    if not (prose or file.is_cmake or file.is_python or file.ends(LINES)):
        return
    fenced = False
    for number, line in enumerate(file.lines, 1):
        if prose and line.startswith("```"):
            fenced = not fenced
        # A table's row, a command to copy and an address cannot be broken.
        unbreakable = line.startswith("|") or fenced or " " not in line.strip()
        if len(line) > LINE_MAX and not (prose and unbreakable):
            yield file.finding(number, "line-length", f"{len(line)} columns, {LINE_MAX} at most")


def _white_space(file: File) -> Iterator[Finding]:
    for number, line in enumerate(file.lines, 1):
        if line != line.rstrip():
            yield file.finding(number, "white-space", "the line ends in white space")
    if file.bytes and not file.bytes.endswith(b"\n"):
        yield file.finding(len(file.lines), "white-space", "the last line has no line end")
    elif file.bytes.endswith(b"\n\n"):
        yield file.finding(len(file.lines) - 1, "white-space", "the file ends in empty lines")


def _words(file: File) -> Iterator[Finding]:
    prose = file.ends([".md"])
    for number, line in enumerate(file.lines, 1):
        if _MACHINE_PATH.search(line):
            yield file.finding(number, "machine-path", "a path of one machine")
        if prose or _ISSUE.search(line):
            continue
        if _UNFINISHED.search(line):
            yield file.finding(number, "unfinished", "name the issue (#number), or do it")
        if _SKIPPED.search(line):
            yield file.finding(number, "skipped-test", "name the issue (#number), or let it run")
