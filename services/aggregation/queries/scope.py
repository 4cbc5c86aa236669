"""Whose figures a caller may see: the own unit and all under it, a department its sectors in its province, the office everything there."""

from dataclasses import dataclass
from uuid import UUID

from contracts.templates import TemplateV1
from kernel.auth import Principal
from kernel.errors import NotFound
from kernel.tree import Node, Tree

from ..calculation.visibility import rows_of_sectors

SEES_FIGURES = ("data_entry", "leader", "verifier", "compiler", "executive")


@dataclass(frozen=True)
class Scope:
    """`units`: own ones, ended ones that they succeed included. `provinces`: of which everything may be seen. `sectors`: by province."""

    tree: Tree
    units: frozenset[UUID]
    provinces: frozenset[UUID]
    sectors: dict[UUID, frozenset[str]]

    def rows(self, template: TemplateV1, node_id: UUID) -> frozenset[str] | None:
        """The rows of the form that may be seen at the node; None: all. Raises NotFound where there are none."""
        if self.sees_whole(template.sector, template.owner_id, node_id):
            return None
        if template.sector == "general":
            rows = rows_of_sectors(template, self._sectors_over(node_id))
            if rows:
                return rows
        raise NotFound()

    def sees_whole(self, sector: str, owner_id: UUID, node_id: UUID) -> bool:
        """Whether all of a form of this sector and owner may be seen at the node: the condition for reports and their progress."""
        if self._is_under(node_id, self.units) or self._is_under(node_id, self.provinces):
            return True
        over = self._sectors_over(node_id)
        return bool(over) and ((sector != "general" and sector in over) or owner_id in self.units)

    def is_in_sight(self, node_id: UUID) -> bool:
        """Whether anything at all may be seen there."""
        return self._is_under(node_id, self.units | self.provinces) or bool(self._sectors_over(node_id))

    def _sectors_over(self, node_id: UUID) -> frozenset[str]:
        return frozenset(sector for province, sectors in self.sectors.items() if self._is_under(node_id, {province}) for sector in sectors)

    def _is_under(self, node_id: UUID, above: frozenset[UUID] | set[UUID]) -> bool:
        """By today's tree; an ended unit lies where its successor lies."""
        if not above:
            return False
        if self.tree.is_under(node_id, above):
            return True
        successor = self.tree.successor(node_id)
        return successor is not None and self.tree.is_under(successor, above)


def scope_of(principal: Principal, tree: Tree) -> Scope:
    units, provinces, sectors = set[UUID](), set[UUID](), dict[UUID, frozenset[str]]()
    for grant in principal.grants:
        if grant.role not in SEES_FIGURES:
            continue
        units.update(grant.unit_ids)
        for unit in grant.unit_ids:
            node = tree.get(unit)
            province = province_of(tree, unit)
            if node is None or province is None:
                continue
            if node.level == "department":
                sectors[province.id] = sectors.get(province.id, frozenset()) | frozenset(grant.sectors or node.sectors)
            elif node.level == "office" or grant.role == "executive":
                provinces.add(province.id)
    return Scope(tree, frozenset(units), frozenset(provinces), sectors)


def province_of(tree: Tree, unit: UUID) -> Node | None:
    """The province that a unit is or lies in."""
    node = tree.get(unit)
    if node is not None and node.level in ("province", "country"):
        return node
    return next((above for above in tree.ancestors(unit) if above.level == "province"), None)
