"""A toy service on the kernel: tallies that count and close. Every rule of the kernel can be tried on it, and no rule of the field."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, assert_never

import msgspec

from kernel.decider import Decider, EventTypes, Labels
from kernel.errors import Rejected
from kernel.event_store import Recorded
from kernel.message import Envelope

MIGRATIONS = Path(__file__).parent / "migrations"
NAME = "toy"


@dataclass(frozen=True)
class Counted:
    TYPE: ClassVar[str] = "counted"
    VERSION: ClassVar[int] = 1
    by: int
    colour: str = "system"
    released: bool = False
    remark: str = ""


@dataclass(frozen=True)
class Closed:
    TYPE: ClassVar[str] = "closed"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class Count:
    """Counts `by`, in as many events as `times` says."""

    by: int
    times: int = 1
    colour: str = "system"
    released: bool = False
    remark: str = ""


@dataclass(frozen=True)
class Close:
    pass


@dataclass(frozen=True)
class Tally:
    total: int = 0
    is_closed: bool = False


class TallyIsClosed(Rejected):
    title = "Đã đóng"


def decide(command: Count | Close, state: Tally) -> list[Counted | Closed]:
    match command:
        case Count(by, times, colour, released, remark):
            if state.is_closed:
                raise TallyIsClosed(total=state.total)
            return [Counted(by, colour, released, remark) for _ in range(times)] if by else []
        case Close():
            return [] if state.is_closed else [Closed()]
    assert_never(command)


def evolve(state: Tally, event: Counted | Closed) -> Tally:
    match event:
        case Counted(by):
            return replace(state, total=state.total + by)
        case Closed():
            return replace(state, is_closed=True)
    assert_never(event)


def labels(state: Tally, event: Counted | Closed) -> Labels:
    if isinstance(event, Counted):
        return Labels(sector=event.colour, released=event.released)
    return Labels()


TYPES = EventTypes(Counted, Closed)
TALLY: Decider[Tally, Count | Close] = Decider(Tally(), decide, evolve, TYPES, labels)


class CountedV1(msgspec.Struct, frozen=True):
    by: int
    remark: str = ""


class ClosedV1(msgspec.Struct, frozen=True):
    pass


def publish(recorded: Recorded) -> tuple[str, Any]:
    event = recorded.event
    if isinstance(event, Counted):
        return "vn.ktxh.toy.counted.v1", CountedV1(event.by, event.remark)
    assert isinstance(event, Closed)
    return "vn.ktxh.toy.closed.v1", ClosedV1()


async def project(connection: Any, recorded: Sequence[Recorded], state: Tally) -> None:
    await connection.execute(
        "INSERT INTO tally VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET total = excluded.total", recorded[0].stream_id, state.total
    )


async def note(work: Any, envelope: Envelope) -> None:
    """A reaction that shows what was handled, in which order; handled twice it fails."""
    await work.connection.execute("INSERT INTO heard (subject, seq) VALUES ($1, $2)", envelope.subject, envelope.ledgerseq)
