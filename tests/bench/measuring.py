"""What a measurement is: repetitions side by side, a median with its spread, and what that says of a goal. Measures nothing itself."""

import contextlib
import math
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

T = TypeVar("T")

Verdict = Literal["met", "missed", "undecided", "measured"]


@dataclass(frozen=True)
class Goal:
    """A bound on the median. `is_least`: it must reach the bound, else it must stay below."""

    bound: float
    is_least: bool

    def __str__(self) -> str:
        return f"{'≥' if self.is_least else '<'} {shown(self.bound)}"


def at_least(bound: float) -> Goal:
    return Goal(bound, is_least=True)


def below(bound: float) -> Goal:
    return Goal(bound, is_least=False)


@dataclass(frozen=True)
class Figure:
    """One figure of the table: a sample per repetition, in `unit`; `under` says form size and load model."""

    name: str
    unit: str
    samples: Sequence[float]
    goal: Goal | None = None
    under: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def spread(self) -> float:
        """Half the distance from the smallest to the largest sample, as a share of the median."""
        return (max(self.samples) - min(self.samples)) / 2 / self.median if self.median else 0.0

    @property
    def verdict(self) -> Verdict:
        """`undecided`: the median lies on the wrong side of the goal, but no further than the run's own spread."""
        if self.goal is None:
            return "measured"
        bound, least = self.goal.bound, self.goal.is_least
        if self.median >= bound if least else self.median < bound:
            return "met"
        best = self.median * (1 + self.spread) if least else self.median * (1 - self.spread)
        return "undecided" if (best >= bound if least else best < bound) else "missed"

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "spread": round(self.spread, 4),
            "samples": list(self.samples),
            "goal": None if self.goal is None else str(self.goal),
            "verdict": self.verdict,
            "under": self.under,
        }


class Measurement(NamedTuple):
    """A named measurement; `run` gives its figures."""

    name: str
    run: Callable[["Bench"], Awaitable[list[Figure]]]


@dataclass
class Bench:
    """One run: the servers, where files may lie, and what measurements share; `open_until_end` holds what is closed after the last."""

    postgres_url: str
    folder: Path
    is_quick: bool
    open_until_end: contextlib.AsyncExitStack
    say: Callable[[str], None]
    _kept: dict[str, Any] = field(default_factory=dict)

    def pick(self, full: T, quick: T) -> T:
        return quick if self.is_quick else full

    async def once(self, name: str, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` gives, made by the first measurement that asks; its failure is everybody's."""
        if name not in self._kept:
            try:
                self._kept[name] = await make()
            except Exception as failure:
                self._kept[name] = failure
                raise
        if isinstance(self._kept[name], Exception):
            raise RuntimeError(f"{name} could not be had: {self._kept[name]!r}")
        kept: T = self._kept[name]
        return kept


async def in_turn(repetitions: int, *contenders: Callable[[], Awaitable[float]]) -> list[tuple[float, ...]]:
    """What each contender gives, repetition by repetition: side by side, the order turned round each time, after one round uncounted."""
    rounds = []
    for n in range(repetitions + 1):
        places = list(range(len(contenders)))
        found = dict.fromkeys(places, 0.0)
        for place in places if n % 2 else reversed(places):
            found[place] = await contenders[place]()
        rounds.append(tuple(found[place] for place in places))
    return rounds[1:]


def ratios(rounds: Sequence[tuple[float, ...]], of: int = 0, to: int = 1) -> list[float]:
    """Contender `of` divided by contender `to`, pair by pair."""
    return [one[of] / one[to] for one in rounds]


def column(rounds: Sequence[tuple[float, ...]], place: int) -> list[float]:
    return [one[place] for one in rounds]


def times(repetitions: int, work: Callable[[], object], uncounted: int = 1) -> list[float]:
    """Milliseconds of each call of `work`."""
    for _ in range(uncounted):
        work()
    found = []
    for _ in range(repetitions):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1000)
    return found


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least this share of the samples don't exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def by_parts(samples: Sequence[float], share: float, parts: int = 3) -> list[float]:
    """The percentile of each consecutive part of a run, so that one run shows a spread of its own."""
    parts = min(parts, len(samples))
    size = len(samples) / parts
    return [percentile(samples[round(n * size) : round((n + 1) * size)], share) for n in range(parts)]


def shown(value: float) -> str:
    """About three significant digits, thousands grouped."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
