"""What may be asked about units and users. Each carries the facts beyond its own stream that its rules need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from .events import Grant, Succession, UnitFacts


@dataclass(frozen=True)
class Surroundings:
    """What the rest of the tree says to a unit: who else has its code, whether its parent is there, when it ends."""

    code_taken_by: UUID | None = None
    is_parent_in_force: bool = True
    is_parent_below: bool = False
    ended_on: date | None = None


@dataclass(frozen=True)
class RegisterUnit:
    unit: UnitFacts
    around: Surroundings = field(default_factory=Surroundings)


@dataclass(frozen=True)
class ChangeUnit:
    """`unit` is what it shall be from `changed_on` on, with the legal document of the change."""

    unit: UnitFacts
    changed_on: date
    around: Surroundings = field(default_factory=Surroundings)


UnitCommand = RegisterUnit | ChangeUnit


@dataclass(frozen=True)
class Lifetime:
    """From when until the day before when a unit is there."""

    valid_from: date
    ended_on: date | None = None


@dataclass(frozen=True)
class Reorganise:
    """`units` says how long each unit named here lives, as far as it is known at all."""

    reorganisation_id: UUID
    effective_on: date
    legal_document: str
    ended: tuple[UUID, ...]
    successions: tuple[Succession, ...]
    units: Mapping[UUID, Lifetime]


@dataclass(frozen=True)
class EnterWeights:
    """Shares of the old units' figures, by (from, to); all others stay."""

    reorganisation_id: UUID
    weights: Mapping[tuple[UUID, UUID], str | None]


ReorganisationCommand = Reorganise | EnterWeights


@dataclass(frozen=True)
class RegisterUser:
    """`units_in_force` are those of the grants' units that are there today."""

    user_id: UUID
    grants: tuple[Grant, ...]
    units_in_force: frozenset[UUID]


@dataclass(frozen=True)
class ChangeGrants:
    """`not_before` is the moment from which on old tokens end, if this takes something away."""

    user_id: UUID
    grants: tuple[Grant, ...]
    units_in_force: frozenset[UUID]
    not_before: datetime
    other_administrators: int


@dataclass(frozen=True)
class WithdrawEndedGrants:
    """Grants in units that have ended fall away; those over the whole system don't hang on a unit."""

    user_id: UUID
    ended_units: frozenset[UUID]
    not_before: datetime


@dataclass(frozen=True)
class DisableUser:
    user_id: UUID
    not_before: datetime
    other_administrators: int


@dataclass(frozen=True)
class EnableUser:
    user_id: UUID


@dataclass(frozen=True)
class EndSessions:
    user_id: UUID
    not_before: datetime


UserCommand = RegisterUser | ChangeGrants | WithdrawEndedGrants | DisableUser | EnableUser | EndSessions
