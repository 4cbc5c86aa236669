"""What has happened to units and users, as stored. Ids, codes and grants only: no name of a person, no password."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True)
class UnitFacts:
    """A unit as it is. `valid_from` is the day of its registration in the tree, `ended_on` the first day without it."""

    unit_id: UUID
    code: str
    name: str
    level: str
    kind: str
    valid_from: date
    parent_id: UUID | None = None
    province_code: str = ""
    sectors: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    legal_document: str = ""
    ended_on: date | None = None


@dataclass(frozen=True)
class UnitRegistered:
    unit: UnitFacts
    TYPE: ClassVar[str] = "unit_registered"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class UnitChanged:
    """What the unit is from `changed_on` on, all of it."""

    unit: UnitFacts
    changed_on: date
    TYPE: ClassVar[str] = "unit_changed"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class Succession:
    """`from_unit` went into `to_unit`; `weight` is a decimal share 0..1 as text, None while nobody has said it."""

    from_unit: UUID
    to_unit: UUID
    whole: bool
    weight: str | None = None
    acts: bool = True


@dataclass(frozen=True)
class UnitsReorganised:
    """Said again, whole, when weights are entered later."""

    reorganisation_id: UUID
    effective_on: date
    legal_document: str
    ended: tuple[UUID, ...]
    successions: tuple[Succession, ...]
    TYPE: ClassVar[str] = "units_reorganised"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class Grant:
    """A role in a unit; no sectors: those of the unit."""

    role: str
    unit_id: UUID
    sectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class UserRegistered:
    user_id: UUID
    grants: tuple[Grant, ...]
    TYPE: ClassVar[str] = "user_registered"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class UserChanged:
    """`not_before` is set where something was taken away: tokens issued earlier have ended."""

    user_id: UUID
    grants: tuple[Grant, ...]
    not_before: datetime | None = None
    TYPE: ClassVar[str] = "user_changed"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class UserDisabled:
    user_id: UUID
    not_before: datetime
    TYPE: ClassVar[str] = "user_disabled"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class UserEnabled:
    user_id: UUID
    grants: tuple[Grant, ...]
    TYPE: ClassVar[str] = "user_enabled"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class SessionsEnded:
    """The password was changed or reset: what was signed in before has ended."""

    user_id: UUID
    grants: tuple[Grant, ...]
    not_before: datetime
    TYPE: ClassVar[str] = "sessions_ended"
    VERSION: ClassVar[int] = 1


STORED = (
    UnitRegistered,
    UnitChanged,
    UnitsReorganised,
    UserRegistered,
    UserChanged,
    UserDisabled,
    UserEnabled,
    SessionsEnded,
)
