"""The province that is played: its units as the packaged list has them, and the accounts of its people."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import httpx

from contracts.vocabulary import Sector

from ..client import Person
from ..departments_data import OFFICE, departments_of, in_charge_of
from ..units_data import Unit, current_units

PROVINCE = "52"
FIRST_ADMINISTRATOR = "quantri"
PASSWORD = "Gia-Lai.2026-demo"


@dataclass
class Province:
    """Units of one province; `people` signs in as anybody by role and unit code. `communes` may be a part of them, for short plays."""

    http: httpx.AsyncClient
    communes_played: int | None = None
    vouched: Callable[[], dict[str, str]] = dict
    _people: dict[str, Person] = field(default_factory=dict)
    accounts: dict[tuple[str, str], str] = field(default_factory=dict)  # (role, unit code) → user name

    @cached_property
    def root(self) -> Unit:
        return next(unit for unit in current_units() if unit.code == PROVINCE)

    @cached_property
    def communes(self) -> list[Unit]:
        found = [unit for unit in current_units() if unit.level == "commune" and unit.province_code == PROVINCE]
        return found[: self.communes_played]

    @cached_property
    def departments(self) -> list[Unit]:
        return departments_of(self.root)

    @property
    def units(self) -> list[Unit]:
        return [self.root, *self.departments, *self.communes]

    @cached_property
    def by_code(self) -> dict[str, Unit]:
        return {unit.code: unit for unit in self.units}

    def owner_of(self, sector: Sector) -> Unit:
        """The department in charge of a sector; of `general` the provincial office."""
        return self.by_code[f"{PROVINCE}-{in_charge_of(sector).key}"]

    @property
    def office(self) -> Unit:
        return self.by_code[f"{PROVINCE}-{OFFICE}"]

    def person(self, role: str, unit: Unit) -> Person:
        return self.by_name(self.accounts[role, unit.code])

    def by_name(self, username: str, password: str = PASSWORD) -> Person:
        return self._people.setdefault(username, Person(self.http, username, password, self.vouched))

    @property
    def administrator(self) -> Person:
        return self.by_name(FIRST_ADMINISTRATOR)

    @property
    def operator(self) -> Person:
        return self.by_name("vanhanh")

    @property
    def executive(self) -> Person:
        return self.by_name("lanhdaotinh")
