"""The files that tidy looks at, each read once, and what it finds in them."""

import os
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CPP = (".cpp", ".hpp", ".hpp.in")
CODE = (*CPP, ".py", ".sql", ".cmake", ".sh")
TEXT = (*CODE, ".md", ".json", ".toml", ".yaml", ".yml", ".txt", ".conf", ".xml", ".ini", ".lua")
# Hidden folders hold what tools keep; these two hold what people wrote.
HIDDEN_KEPT = (".ci", ".github")
# Inputs of fuzzers are bytes, not text.
BYTES = ("tests/fuzz/corpus/",)


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


class File:
    def __init__(self, root: Path, path: str) -> None:
        self.path = path
        self.bytes = (root / path).read_bytes()

    @cached_property
    def text(self) -> str:
        return self.bytes.decode("utf-8", errors="replace")

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    def ends(self, suffixes: Iterable[str]) -> bool:
        return self.name.endswith(tuple(suffixes))

    @property
    def is_cpp(self) -> bool:
        return self.ends(CPP)

    @property
    def is_python(self) -> bool:
        return self.ends([".py"]) or (self.has_shebang and "python" in self.lines[0])

    @property
    def is_cmake(self) -> bool:
        return self.ends([".cmake"]) or self.name == "CMakeLists.txt"

    @property
    def has_shebang(self) -> bool:
        return self.bytes.startswith(b"#!")

    @property
    def is_test(self) -> bool:
        """A test, or what only tests use."""
        support = ("test.cpp", "_fixture.hpp", "_conformance.hpp", "_fuzz.cpp", "_files.hpp")
        return self.path.startswith(("tests/", "bench/")) or self.ends(support)

    def finding(self, line: int, rule: str, message: str) -> Finding:
        return Finding(self.path, line, rule, message)


class Tree:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = [File(root, path) for path in sorted(self._walk())]
        self.by_path = {file.path: file for file in self.files}

    def _walk(self) -> Iterable[str]:
        for folder, folders, names in os.walk(self.root):
            here = Path(folder).relative_to(self.root)
            folders[:] = [name for name in folders if self._is_source(here, name)]
            for name in names:
                path = (here / name).as_posix()
                if not path.startswith(BYTES) and self._is_text(Path(folder) / name):
                    yield path

    @staticmethod
    def _is_source(here: Path, name: str) -> bool:
        if name == "__pycache__" or (name == "build" and here == Path()):
            return False
        return not name.startswith(".") or name in HIDDEN_KEPT

    @staticmethod
    def _is_text(path: Path) -> bool:
        if path.is_symlink():
            return False
        if path.name.endswith(TEXT) or path.name in ("dev", "LICENSE"):
            return True
        if "." in path.name.lstrip("."):
            return False
        with path.open("rb") as file:
            return path.name.startswith(".") or file.read(2) == b"#!"

    @cached_property
    def rules(self) -> dict:
        """tools/layers.toml."""
        return tomllib.loads((self.root / "tools/layers.toml").read_text())

    @cached_property
    def modules(self) -> list[str]:
        """Folders of src that are modules."""
        found = {file.path.split("/")[1] for file in self.files if file.path.startswith("src/")}
        return sorted(name for name in found if f"src/{name}/CMakeLists.txt" in self.by_path)

    def under(self, folder: str, *suffixes: str) -> list[File]:
        return [f for f in self.files if f.path.startswith(folder) and f.ends(suffixes or [""])]
