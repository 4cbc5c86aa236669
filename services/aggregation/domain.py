"""The rules of a release: the provincial office makes it, of columns that exist and figures that are there, and may withdraw it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from kernel.decider import Decider, EventTypes, Labels
from kernel.errors import Malformed, NotFound, Rejected, RoleMayNot

from .commands import ReleaseFigures, WithdrawRelease
from .events import FiguresReleased, ReleaseWithdrawn

Command = ReleaseFigures | WithdrawRelease
Event = FiguresReleased | ReleaseWithdrawn

TYPES = EventTypes(FiguresReleased, ReleaseWithdrawn)


class OnlyTheOffice(RoleMayNot):
    title = "Chỉ Văn phòng UBND tỉnh được công bố số liệu"


class ColumnsUnknown(Malformed):
    title = "Biểu mẫu không có cột này"


class SourceIsMissing(Malformed):
    title = "Cần ghi nguồn và giấy phép sử dụng của số liệu công bố"


class NothingToRelease(Rejected):
    title = "Chưa có số liệu đã duyệt để công bố"


@dataclass(frozen=True)
class Release:
    released: FiguresReleased | None = None
    is_withdrawn: bool = False


def decide(command: Command, state: Release) -> Sequence[Event]:
    if not command.of_the_office:
        raise OnlyTheOffice()
    match command:
        case ReleaseFigures():
            return _release(command, state)
        case WithdrawRelease():
            return _withdraw(command, state)
        case _:
            assert_never(command)


def _release(command: ReleaseFigures, state: Release) -> Sequence[Event]:
    if state.released is not None:
        return ()
    unknown = [column for column in command.columns if column not in command.known_columns]
    if unknown or not command.columns:
        raise ColumnsUnknown(columns=unknown)
    if not command.source.strip() or not command.licence.strip():
        raise SourceIsMissing()
    if not command.has_figures:
        raise NothingToRelease()
    return [
        FiguresReleased(
            release_id=command.release_id,
            template=command.template,
            period=command.period,
            level=command.level,
            columns=command.columns,
            at=command.at,
            seq=command.seq,
            source=command.source.strip(),
            licence=command.licence.strip(),
            sector=command.sector,
        )
    ]


def _withdraw(command: WithdrawRelease, state: Release) -> Sequence[Event]:
    if state.released is None:
        raise NotFound()
    if state.is_withdrawn:
        return ()
    one = state.released
    return [
        ReleaseWithdrawn(
            release_id=one.release_id,
            template=one.template,
            period=one.period,
            level=one.level,
            columns=one.columns,
            at=command.now,
            seq=one.seq,
            source=one.source,
            licence=one.licence,
        )
    ]


def evolve(state: Release, event: Event) -> Release:
    match event:
        case FiguresReleased():
            return Release(released=event)
        case ReleaseWithdrawn():
            return replace(state, is_withdrawn=True)
        case _:
            assert_never(event)


def labels(state: Release, event: Event) -> Labels:
    released = event if isinstance(event, FiguresReleased) else state.released
    return Labels(sector=released.sector if released else "system")


DECIDER: Decider[Release, Command] = Decider(Release(), decide, evolve, TYPES, labels)
