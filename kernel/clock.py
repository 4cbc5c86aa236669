"""What time it is for a service: the machine's, or, in development, the machine's shifted by what a file says."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

Clock = Callable[[], datetime]

LOOK_AGAIN_SECONDS = 0.1


def utc_now() -> datetime:
    return datetime.now(UTC)


class ShiftedClock:
    """The machine's time plus the seconds that `file` holds, so that several processes live in one played month together."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._looked_at = 0.0
        self._shift = timedelta()

    def __call__(self) -> datetime:
        if time.monotonic() - self._looked_at > LOOK_AGAIN_SECONDS:
            self._looked_at = time.monotonic()
            self._shift = timedelta(seconds=float(self._file.read_text() or 0))
        return utc_now() + self._shift

    def set(self, moment: datetime) -> None:
        """From now on it is `moment`, in every process that reads this file, within LOOK_AGAIN_SECONDS."""
        beside = self._file.with_suffix(".new")
        beside.write_text(str((moment - utc_now()).total_seconds()))
        beside.replace(self._file)  # a reader sees the old shift or the new one, never half
        self._looked_at = 0.0
