"""As much of C++ as the rules need: what is code, what is text, where functions begin and end.

Not a parser: it reads code that clang-format wrote and that compiles.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"//[^\n]*"
    r"|/\*.*?\*/"
    r'|R"(?P<mark>[^()\\\s]{0,16})\((?P<raw>.*?)\)(?P=mark)"'
    r'|"(?P<text>(?:\\.|[^"\\\n])*)"'
    # After a digit it separates thousands.
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_CONTAINER = re.compile(r"(?:^|[\s>])(?:namespace|class|struct|union|extern)\b[^()]*$")
_ACCESS = re.compile(r"\b(?:public|protected|private)\s*:")
_CALLED = re.compile(r"([\w:~]+)\s*\(([^()]*)")


@dataclass(frozen=True)
class Function:
    name: str
    first: int
    last: int


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def code_of(text: str) -> str:
    """The text with comments, literals and directives blanked; every line stays where it was."""
    code = _TOKEN.sub(lambda token: _blank(token.group()), text)
    return _DIRECTIVE.sub(lambda line: _blank(line.group()), code)


def strings_of(text: str) -> Iterator[tuple[int, str]]:
    """Line and content of each string literal."""
    for token in _TOKEN.finditer(text):
        content = token.group("raw") if token.group("raw") is not None else token.group("text")
        if content is not None:
            yield text.count("\n", 0, token.start()) + 1, content


def _name_of(head: str) -> str:
    called = _CALLED.search(head)
    if not called:
        return "function"
    name, arguments = called.groups()
    return arguments.split(",")[-1].strip() if name.startswith(("TEST", "TYPED_TEST")) else name


def functions_of(text: str) -> Iterator[Function]:
    """Bodies that stand in a namespace or class, from the line their signature begins."""
    code = code_of(text)
    scopes: list[tuple[str, int, str]] = []
    head_at = 0
    before = (1, "function")
    for at, character in enumerate(code):
        outside = all(kind == "container" for kind, _, _ in scopes)
        if character == ";" and outside:
            head_at = at + 1
        elif character == "{":
            head = _ACCESS.sub("", code[head_at:at]).strip()
            # The initialisers of a constructor have braces too; its body comes after them.
            goes_on = not head or head.startswith(",")
            first, name = before if goes_on else (_line_of_head(code, head_at, at), _name_of(head))
            scopes.append((_kind_of(head, goes_on) if outside else "inner", first, name))
            head_at = at + 1
        elif character == "}" and scopes:
            kind, first, name = scopes.pop()
            if kind == "function":
                before = (first, name)
                yield Function(name, first, code.count("\n", 0, at) + 1)
            head_at = at + 1


def _kind_of(head: str, goes_on: bool) -> str:
    if _CONTAINER.search(head):
        return "container"
    return "function" if goes_on or "(" in head else "table"


def _line_of_head(code: str, start: int, end: int) -> int:
    first = start + len(code[start:end]) - len(code[start:end].lstrip())
    return code.count("\n", 0, first) + 1
