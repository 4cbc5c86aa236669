"""Tells a person at the terminal what is being done and how far it is; silent lines in a log file, a bar on a terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[int], None]


class Telling:
    """One line per step, with a bar while it lasts."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    @contextmanager
    def step(self, title: str, total: int) -> Iterator[Advance]:
        """`advance(n)` counts what is done; a total of 0 is counted without an end in sight."""
        began, done = time.monotonic(), 0
        columns = (TextColumn("  {task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as bar:
            task = bar.add_task(title, total=total or None)

            def advance(by: int) -> None:
                nonlocal done
                done += by
                bar.update(task, advance=by)

            yield advance
        self.console.print(f"  ✓ {title:<28} {done:>8,} · {time.monotonic() - began:.1f} giây".replace(",", "."))

    def say(self, text: str) -> None:
        self.console.print(text)
