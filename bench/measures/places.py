"""Spaces whose objects and topics wait until all is measured."""

from support.space import Space
from support.stack import Stack


class Places:
    """A file system makes new files slowly for minutes after many were deleted (ext4 looks at each
    of those first), and an S3 server makes one for each object. So objects stay meanwhile.
    Databases go: autovacuum would be busy with them.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._left: list[Space] = []

    def make(self, name: str) -> Space:
        return _Place(self.stack, name, self._left)

    def clear(self) -> None:
        for place in self._left:
            place.drop_events_and_bytes()


class _Place(Space):
    def __init__(self, stack: Stack, name: str, left: list[Space]) -> None:
        super().__init__(stack, name)
        left.append(self)

    def close(self) -> None:
        try:
            self.stop()
        finally:
            self.drop_database()
