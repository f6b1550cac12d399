"""A wall clock of a process's own, moved while it runs; its monotonic clock stays as it is."""

import datetime
import time
import uuid
from pathlib import Path

from support.load import Load
from support.waiting import until


class Clock:
    def __init__(self, folder: Path) -> None:
        self._offset = folder / "clock"
        self._move(datetime.timedelta())
        library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
        assert library, "this test needs libfaketime; ./dev test installs it"
        self.settings = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": self._offset,
            "FAKETIME_NO_CACHE": 1,
            "FAKETIME_DONT_FAKE_MONOTONIC": 1,
        }

    def jump(self, load: Load, by: datetime.timedelta) -> None:
        """To so far from the true time; returns once a record was taken at that time."""
        self._move(by)

        def moved() -> bool:
            ids = [record for sent in list(load.submissions)[-20:] for record in sent.record_ids]
            off = [_time_of(record) - time.time() - by.total_seconds() for record in ids]
            return any(abs(seconds) < 60 for seconds in off)

        until(moved, within_s=20, what=f"a record is taken {by} from now")

    def _move(self, by: datetime.timedelta) -> None:
        # In one step: it is read again at every look at the clock.
        moved = self._offset.with_suffix(".next")
        moved.write_text(f"{by.total_seconds():+.0f}\n")
        moved.replace(self._offset)


def _time_of(record_id: str) -> float:
    """A UUID of version 7 begins with when it was made."""
    return (uuid.UUID(record_id).int >> 80) / 1000
