"""Spaces whose databases, objects and topics wait until all is measured."""

from psycopg import sql
from support.space import Space
from support.stack import Stack

TABLES = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND oid >= 16384"


class Places:
    """A file system makes new files slowly for minutes after many were deleted (ext4 looks at each
    of those first), and an S3 server makes one for each object: after a database was dropped, a PUT
    took it three times the processor for a minute. So everything stays meanwhile.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._left: list[Space] = []

    def make(self, name: str) -> Space:
        return _Place(self.stack, name, self._left)

    def clear(self) -> None:
        for place in self._left:
            place.drop_events_and_bytes()
            place.drop_database()


class _Place(Space):
    def __init__(self, stack: Stack, name: str, left: list[Space]) -> None:
        super().__init__(stack, name)
        left.append(self)

    def close(self) -> None:
        self.stop()
        with self.database() as database:
            for (table,) in database.execute(TABLES).fetchall():
                # It would be busy with what the next subject does not look at.
                database.execute(
                    sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = false)").format(
                        sql.SQL(table)
                    )
                )
