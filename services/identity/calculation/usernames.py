"""Account names by rule: the folded full name of the unit and a word for the role. Asks no database."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel.vietnamese import slug_of_name

ROLE_SUFFIXES = {
    "data_entry": "nhaplieu",
    "leader": "lanhdao",
    "verifier": "thamdinh",
    "compiler": "tonghop",
    "administrator": "quantri",
    "executive": "lanhdaotinh",
    "operator": "vanhanh",
}

USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,98})[a-z0-9]")


@dataclass(frozen=True)
class NamedUnit:
    """`name_bearers`: how many units there are today whose full name folds to the same letters."""

    unit_id: UUID
    code: str
    full_name: str
    name_bearers: int = 1


@dataclass(frozen=True)
class Proposal:
    username: str
    name: str
    role: str
    unit: NamedUnit


def tidy_username(text: str) -> str:
    return text.strip().casefold()


def proposals(units: Iterable[NamedUnit], roles: Sequence[str], role_words: dict[str, str]) -> list[Proposal]:
    """One account per unit and role, the same at every call for the same units."""
    listed = list(units)
    bearers = Counter(slug_of_name(unit.full_name) for unit in listed)
    found = []
    for unit in listed:
        slug = slug_of_name(unit.full_name)
        is_alone = max(bearers[slug], unit.name_bearers) == 1
        stem = slug if is_alone else f"{slug}-{slug_of_name(unit.code)}"
        found += [Proposal(f"{stem}.{ROLE_SUFFIXES[role]}", f"{role_words[role]} – {unit.full_name}", role, unit) for role in roles]
    return found
