"""Which unit each step of a route lies in for a reporting unit, and where nobody is there to take it. Freezes nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from contracts.vocabulary import ROLE_WORDS
from kernel.tree import Node, Tree

from ..events import Step, Template
from .checks import is_given_plan

ACTION_WORDS = {"enter": "nhập liệu", "send": "gửi", "verify": "thẩm định", "approve": "duyệt"}


class Place(NamedTuple):
    """A step of one unit's report: who does what, where. Step 0 is entering the figures."""

    step: int
    action: str
    role: str
    unit_id: UUID


class Eligible(NamedTuple):
    """Somebody who holds a role in a unit; no sectors: all of the unit's."""

    role: str
    unit_id: UUID
    sectors: frozenset[str]


class Ground(NamedTuple):
    """Where steps are looked up: the tree on a day, the unit that gives a plan, the provincial office."""

    tree: Tree
    on: date
    given_by: UUID
    office: UUID | None


def places_of(template: Template, node: Node, ground: Ground) -> Iterator[Place]:
    """Entering and every step that exists for this unit; a step whose unit doesn't exist, or that repeats the one before, is left out."""
    given_by = ground.given_by
    yield Place(0, "enter", "data_entry", given_by if is_given_plan(template) else node.id)
    before: tuple[str, UUID] | None = None
    for number, step in enumerate(template.route, start=1):
        unit_id = unit_of(step, template, node, ground)
        if unit_id is None or before == (step.role, unit_id) or (number > 1 and unit_id == node.id):
            continue
        before = (step.role, unit_id)
        yield Place(number, step.action, step.role, unit_id)


def unit_of(step: Step, template: Template, node: Node, ground: Ground) -> UUID | None:
    """The unit that a step names relative to the reporting one; None where there is none."""
    match step.at:
        case "own":
            return node.id
        case "owner":
            return ground.given_by if is_given_plan(template) else template.owner_id
        case "district":
            return next((above.id for above in ground.tree.ancestors(node.id, ground.on) if above.level == "district"), None)
        case _:
            return ground.office


def office_of(province: str, tree: Tree, on: date) -> UUID | None:
    """The provincial office."""
    return next((node.id for node in tree.all(on) if node.level == "office" and node.province_code == province), None)


def warnings(template: Template, nodes: Iterable[Node], ground: Ground, who: Collection[Eligible]) -> list[dict[str, Any]]:
    """Steps that nobody may take, each with the units whose reports it stops."""
    held = defaultdict[tuple[str, UUID], list[frozenset[str]]](list)
    for one in who:
        held[one.role, one.unit_id].append(one.sectors)
    stopped = defaultdict[Place, list[UUID]](list)
    for node in nodes:
        for place in places_of(template, node, ground):
            if not any(not sectors or template.sector in sectors for sectors in held.get((place.role, place.unit_id), ())):
                stopped[place].append(node.id)
    return [_warning(place, units, ground.tree) for place, units in stopped.items()]


def _warning(place: Place, units: list[UUID], tree: Tree) -> dict[str, Any]:
    node = tree.get(place.unit_id)
    name = f"{node.kind} {node.name}".strip() if node else "đơn vị chưa rõ"
    role, action = ROLE_WORDS.get(place.role, place.role), ACTION_WORDS[place.action]
    return {
        "rule": "nobody-eligible",
        "step": place.step,
        "action": place.action,
        "role": place.role,
        "unit_id": place.unit_id,
        "units": units,
        "message": f"{name} chưa có tài khoản “{role}” để {action}; {len(units)} báo cáo sẽ dừng ở bước này.",
    }
