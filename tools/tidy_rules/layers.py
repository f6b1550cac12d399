"""Who may use whom (tools/layers.toml): includes, DEPS of CMake, the page's table of modules."""

import re
from collections.abc import Iterator

from tidy_rules.tree import File, Finding, Tree

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
_MODULE_CALL = re.compile(r"exchange_module\((\w+)([^)]*)\)")
_DEPS = re.compile(r"\bDEPS\s+([a-z_\s]+)")
_ROW = re.compile(r"^\|[^|]*\|\s*`(\w+)`")
PAGE = "docs/ARCHITECTURE.md"
# Where the includes of tests/ begin.
TEST_ROOTS = ("support", "sim")


def check(tree: Tree) -> Iterator[Finding]:
    allowed = _allowed(tree)
    yield from _known(tree, allowed)
    for file in tree.under("src/", ".cpp", ".hpp"):
        yield from _includes(file, allowed)
    for module in tree.modules:
        yield from _dependencies(tree.by_path[f"src/{module}/CMakeLists.txt"], allowed)
    yield from _table(tree)


def _allowed(tree: Tree) -> dict[str, set[str]]:
    """For each module the modules it may use: those of the layers it may, and the extra edges."""
    layers = {layer["name"]: layer for layer in tree.rules["layer"]}
    allowed = {}
    for layer in layers.values():
        below = {module for name in layer["uses"] for module in layers[name]["modules"]}
        for module in layer["modules"]:
            allowed[module] = below | {module}
    for edge in tree.rules.get("edge", []):
        allowed[edge["from"]].add(edge["to"])
    return allowed


def _known(tree: Tree, allowed: dict[str, set[str]]) -> Iterator[Finding]:
    for module in set(tree.modules) - set(allowed):
        yield Finding(f"src/{module}/CMakeLists.txt", 1, "layers", f"{module} is in no layer")


def _includes(file: File, allowed: dict[str, set[str]]) -> Iterator[Finding]:
    module = file.path.split("/")[1]
    for number, line in enumerate(file.lines, 1):
        found = _INCLUDE.match(line)
        if not found:
            continue
        used = found.group(1).split("/")[0]
        if used in TEST_ROOTS:
            if not file.is_test:
                yield file.finding(number, "layers", f"only tests include {found.group(1)}")
        elif used not in allowed:
            yield file.finding(number, "layers", f"{found.group(1)} is of no module")
        elif used not in allowed.get(module, {used}):
            yield file.finding(number, "layers", f"{module} may not use {used}")


def _dependencies(file: File, allowed: dict[str, set[str]]) -> Iterator[Finding]:
    for call in _MODULE_CALL.finditer(file.text):
        module, arguments = call.groups()
        for found in _DEPS.finditer(arguments):
            for used in found.group(1).split():
                if used not in allowed.get(module, {used}):
                    at = call.start(2) + found.start()
                    line = file.text.count("\n", 0, at) + 1
                    yield file.finding(line, "layers", f"{module} may not depend on {used}")


def _table(tree: Tree) -> Iterator[Finding]:
    """The rows `| layer | `module` | purpose |` under the heading Modules."""
    page = tree.by_path.get(PAGE)
    if page is None:
        yield Finding(PAGE, 1, "module-table", "the page is missing")
        return
    rows: dict[str, int] = {}
    inside, heading = False, 1
    for number, line in enumerate(page.lines, 1):
        if line.startswith("## "):
            inside = line == "## Modules"
            heading = number if inside else heading
        row = _ROW.match(line)
        if inside and row:
            rows[row.group(1)] = number
    for module in sorted(set(tree.modules) - set(rows)):
        yield page.finding(heading, "module-table", f"src/{module} has no row")
    for module in sorted(set(rows) - set(tree.modules)):
        yield page.finding(rows[module], "module-table", f"src/{module} does not exist")
