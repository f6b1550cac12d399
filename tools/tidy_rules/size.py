"""How long files and functions may be."""

import ast
from collections.abc import Iterator

from tidy_rules import cpp
from tidy_rules.tree import CODE, File, Finding, Tree

FUNCTION_MAX = 70
FILE_MAX = 500
TEST_FILE_MAX = 700


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.files:
        if file.ends(CODE) or file.is_python:
            yield from _file_length(file)
        if file.is_cpp:
            functions = cpp.functions_of(file.text)
            yield from _function_length(file, functions)
        elif file.is_python:
            yield from _python_functions(file)


def _file_length(file: File) -> Iterator[Finding]:
    most = TEST_FILE_MAX if file.is_test else FILE_MAX
    length = file.text.count("\n")
    if length > most:
        yield file.finding(length, "file-length", f"{length} lines, {most} at most")


def _function_length(file: File, functions: Iterator[cpp.Function]) -> Iterator[Finding]:
    for function in functions:
        length = function.last - function.first + 1
        if length > FUNCTION_MAX:
            message = f"{function.name} has {length} lines, {FUNCTION_MAX} at most"
            yield file.finding(function.first, "function-length", message)


def _python_functions(file: File) -> Iterator[Finding]:
    try:
        module = ast.parse(file.text)
    except SyntaxError as fault:
        yield file.finding(fault.lineno or 1, "syntax", fault.msg)
        return
    nodes = [n for n in ast.walk(module) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    functions = (cpp.Function(node.name, node.lineno, node.end_lineno or 0) for node in nodes)
    yield from _function_length(file, functions)
