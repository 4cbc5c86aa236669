"""Measures the most memory that a process and all its children held together (Linux; elsewhere it says that it can't)."""

import threading
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from kernel.vietnamese import format_number

EVERY_SECONDS = 2.0  # walking the page tables of PostgreSQL takes a few hundredths of a second


class PeakMemory:
    """Proportional set size, sampled: pages that several processes share (PostgreSQL's buffers) count once."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak_bytes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def words(self) -> str:
        if not self.peak_bytes:
            return "không đo được trên máy này"
        return f"{format_number(Decimal(self.peak_bytes) / 2**20, 0)} MiB"

    def _watch(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self.peak_bytes = max(self.peak_bytes, sum(_proportional_bytes(pid) for pid in _with_children(self._pid)))


def _with_children(pid: int) -> list[int]:
    found = [pid]
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = tasks.read_text().split()
        except OSError:
            continue
        for child in children:
            found.extend(_with_children(int(child)))
    return found


def _proportional_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it ended between being listed and being read
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
