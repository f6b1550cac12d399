"""A disk of a server that is full for a while: by a library that is preloaded into the server, so
that it takes no mount, no privilege, and no time to fill."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).with_name("full_disk.c")
# The compiler that builds the exchange.
COMPILE = ("clang-19", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")


class FullDisk:
    """What a server needs in its `environment` so that `folder` can be full."""

    def __init__(self, folder: Path) -> None:
        # The server may run as somebody else.
        self._own = tempfile.TemporaryDirectory(prefix="exchange-disk-")
        own = Path(self._own.name)
        own.chmod(0o755)
        self._mark = own / "full"
        library = own / "full_disk.so"
        done = subprocess.run(
            [*COMPILE, "-o", library, SOURCE], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        self.environment = {
            "LD_PRELOAD": str(library),
            "FULL_DISK_MARK": str(self._mark),
            "FULL_DISK_FOLDER": str(folder.resolve()),
        }

    def close(self) -> None:
        self._own.cleanup()

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        self._mark.touch()
        try:
            yield
        finally:
            self._mark.unlink()
