"""Which units a rule means on a day: named ones, those of a level under a unit, or a group's."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import msgspec

from kernel.errors import Malformed
from kernel.tree import Node, Tree


class UnknownUnit(Malformed):
    title = "Có đơn vị không tồn tại, đã ngừng hoạt động hoặc không thuộc tỉnh của bạn"


class UnitsAreUnclear(Malformed):
    title = "Cần chọn đơn vị theo đúng một cách: danh sách, cấp dưới của một đơn vị, hoặc nhóm đơn vị"


class UnitsRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """Exactly one of `ids`, `under` (with `level`, else every unit below that reports) and `group`."""

    ids: tuple[UUID, ...] = ()
    under: UUID | None = None
    level: str | None = None
    group: UUID | None = None

    @property
    def is_clear(self) -> bool:
        return sum((bool(self.ids), self.under is not None, self.group is not None)) == 1


def units_meant(rule: UnitsRule, tree: Tree, on: date, province: str, grouped: Iterable[UUID]) -> list[Node]:
    """The units of the province that the rule means on that day, by code. `grouped` are the group's.

    Named units that don't exist then are refused; of a group they are left out, for a group outlives its units.
    """
    if not rule.is_clear:
        raise UnitsAreUnclear()
    if rule.under is not None:
        found = _below(rule.under, rule.level, tree, on, province)
    elif rule.group is not None:
        found = [node for unit in grouped if (node := tree.get(unit, on)) is not None and node.province_code == province]
    else:
        found = _named(rule.ids, tree, on, province)
    return sorted({node.id: node for node in found}.values(), key=lambda node: node.code)


def _named(ids: Iterable[UUID], tree: Tree, on: date, province: str) -> list[Node]:
    nodes = {unit: tree.get(unit, on) for unit in ids}
    unknown = [unit for unit, node in nodes.items() if node is None or node.province_code != province]
    if unknown:
        raise UnknownUnit(units=unknown)
    return [node for node in nodes.values() if node is not None]


def _below(under: UUID, level: str | None, tree: Tree, on: date, province: str) -> list[Node]:
    root = tree.get(under, on)
    if root is None or root.province_code != province:
        raise UnknownUnit(units=[under])
    below = tree.subtree(under, on)
    if level is not None:
        return [node for node in below if node.level == level]
    return [node for node in below if node.id != under and node.level in ("commune", "district")] or [root]
