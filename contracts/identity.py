"""What identity says: units and their changes, and who may do what. No names of people, ever."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from .vocabulary import Role, Sector, UnitLevel


class UnitRegisteredV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """A unit exists from `valid_from` on. `unit_id` survives renaming and re-parenting; `code` is official and may be reused later."""

    unit_id: UUID
    code: str
    name: str
    level: UnitLevel
    kind: str  # as in its full name: Phường, Xã, Tỉnh, Sở
    valid_from: date
    parent_id: UUID | None = None
    province_code: str = ""
    sectors: tuple[Sector, ...] = ()  # that a department is in charge of
    latitude: float | None = None
    longitude: float | None = None
    legal_document: str = ""
    ended_on: date | None = None  # the first day on which it no longer exists


class UnitChangedV1(UnitRegisteredV1, frozen=True, omit_defaults=True):
    """A unit was renamed, moved, or changed its status on `changed_on`. Carries the whole unit as it is from then on."""

    changed_on: date = msgspec.field(default_factory=lambda: date(1900, 1, 1))


class Succession(msgspec.Struct, frozen=True, omit_defaults=True):
    """`from_unit` went into `to_unit`, whole or in part. Without a weight a restated figure is missing, reason `no-weight`."""

    from_unit: UUID
    to_unit: UUID
    whole: bool
    weight: str | None = None  # a decimal share, 0..1
    acts: bool = True  # the people of to_unit act for the reports of from_unit


class UnitsReorganisedV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """Merges and splits that take effect together. Units named as ended exist no longer from `effective_on` on."""

    reorganisation_id: UUID
    effective_on: date
    legal_document: str
    ended: tuple[UUID, ...]
    successions: tuple[Succession, ...]


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """A role in a unit; `sectors` narrows it where the unit has several."""

    role: Role
    unit_id: UUID
    sectors: tuple[Sector, ...] = ()


class UserRegisteredV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """There is a user, with these grants. Who it is stays in identity."""

    user_id: UUID
    grants: tuple[Grant, ...]


class UserChangedV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """The user's grants from now on. Tokens issued before `not_before` end at once, if it is set."""

    user_id: UUID
    grants: tuple[Grant, ...]
    not_before: datetime | None = None


class UserDisabledV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """The user may do nothing any more; tokens issued before `not_before` end at once."""

    user_id: UUID
    not_before: datetime
