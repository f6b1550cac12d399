"""Fixtures: the servers of the stack, spaces of one's own, and one exchange for the whole run."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from support.server import Server
from support.space import Space
from support.stack import MissingSetting, Stack
from support.waiting import until

OpenSpace = Callable[..., Space]


@pytest.fixture(scope="session")
def stack() -> Stack:
    missing = ""
    try:
        return Stack.from_environment()
    except MissingSetting as fault:
        missing = str(fault)
    pytest.fail(missing, pytrace=False)


@contextlib.contextmanager
def _opening(stack: Stack, folders: pytest.TempPathFactory) -> Iterator[OpenSpace]:
    with contextlib.ExitStack() as opened:

        def open_space(name: str, *, migrate: bool = True, topics: bool = True) -> Space:
            space = Space(stack, name, folders.mktemp(name))
            opened.callback(space.close)
            return space.prepare(topics=topics) if migrate else space

        yield open_space


@pytest.fixture
def open_space(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSpace]:
    """Makes spaces that last as long as the test."""
    with _opening(stack, tmp_path_factory) as opener:
        yield opener


@pytest.fixture(scope="module")
def open_module_space(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenSpace]:
    """Makes spaces that last as long as the module."""
    with _opening(stack, tmp_path_factory) as opener:
        yield opener


@pytest.fixture(scope="session")
def _exchange(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with _opening(stack, tmp_path_factory) as opener:
        yield Server(opener("shared")).start()


@pytest.fixture
def server(_exchange: Server) -> Server:
    """The exchange that all tests share which neither stop nor overload it."""
    until(
        lambda: _exchange.http.get("/readyz").status_code == 200,
        within_s=20,
        what="the shared exchange is ready",
    )
    return _exchange
