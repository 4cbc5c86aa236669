"""Who decides a revision: the steps of the form's route with the units that they mean for one report. Reads no table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from kernel.tree import Node, Tree

from ..events import Step


class WantedStep(Protocol):
    """A step as the form says it: `at` is own, district, owner or office."""

    @property
    def action(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def at(self) -> str: ...


@dataclass(frozen=True)
class Place:
    """What a route is resolved for: the unit that fills in, the reporting one, the one that owns the form or gave the plan, the day.

    The two first differ for a given plan only: its first step is with the leader of those who give it.
    """

    holder: UUID
    unit_id: UUID
    owner_id: UUID
    on: date


def resolve(steps: Sequence[WantedStep], place: Place, tree: Tree) -> tuple[Step, ...]:
    """The steps with units. Left out: where no unit is meant; a repetition of the step before; later ones in the unit itself.

    The last of several always approves: whoever is left at the end has nobody behind him.
    """
    kept: list[Step] = []
    for wanted in steps:
        unit_id = _unit(wanted.at, place, tree)
        if unit_id is None or (kept and (kept[-1].unit_id, kept[-1].role) == (unit_id, wanted.role)):
            continue
        if kept and unit_id == place.holder:
            continue
        kept.append(Step(wanted.action, wanted.role, unit_id))
    if len(kept) > 1 and kept[-1].action == "verify":
        kept[-1] = Step("approve", kept[-1].role, kept[-1].unit_id)
    return tuple(kept)


def _unit(at: str, place: Place, tree: Tree) -> UUID | None:
    meant: dict[str, Callable[[], UUID | None]] = {
        "own": lambda: place.holder,
        "district": lambda: _district(place, tree),
        "owner": lambda: _in_force(place.owner_id, place.on, tree),
        "office": lambda: _office(place, tree),
    }
    return meant[at]()


def _district(place: Place, tree: Tree) -> UUID | None:
    return next((node.id for node in tree.ancestors(place.unit_id, place.on) if node.level == "district"), None)


def _in_force(unit_id: UUID, on: date, tree: Tree) -> UUID | None:
    """The unit, or who acts for it since it ended."""
    return unit_id if tree.get(unit_id, on) is not None else tree.successor(unit_id)


def _office(place: Place, tree: Tree) -> UUID | None:
    own = tree.get(place.unit_id)
    if own is None:
        return None
    return min((node.id for node in offices(own.province_code, place.on, tree)), key=str, default=None)


def offices(province_code: str, on: date, tree: Tree) -> list[Node]:
    """The provincial offices of a province: one, where the tree is in order."""
    return [node for node in tree.all(on) if node.level == "office" and node.province_code == province_code]
