"""Who may design and assign what, and whose assignments somebody sees; read off the token and the tree, never off a name."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kernel.auth import Principal
from kernel.tree import Node, Tree

READERS = ("data_entry", "leader", "verifier", "compiler", "executive")


def designing_unit(principal: Principal, tree: Tree, owner_id: UUID | None, sector: str) -> UUID | None:
    """The unit in which the caller may design and assign this owner's templates of this sector; None where in none.

    A department those of its sectors, `general` never; the provincial office all of its province. A draft may lack a sector yet.
    """
    owner = tree.get(owner_id) if owner_id else None
    compiles = principal.units_of("compiler")
    if owner is not None and owner.id in compiles and _is_in_charge(principal, owner, sector):
        return owner.id
    offices = [node for unit in compiles if (node := tree.get(unit)) is not None and node.level == "office"]
    return next((office.id for office in offices if owner is None or owner.province_code == office.province_code), None)


def _is_in_charge(principal: Principal, owner: Node, sector: str) -> bool:
    if owner.level == "office":
        return True
    return not sector or (sector in owner.sectors and principal.holds("compiler", owner.id, sector))


def sectors_of_compiler(principal: Principal, tree: Tree) -> frozenset[str] | None:
    """The sectors whose indicators the caller may define; None: every one."""
    nodes = [node for unit in principal.units_of("compiler") if (node := tree.get(unit)) is not None]
    if any(node.level == "office" for node in nodes):
        return None
    return frozenset(sector for node in nodes for sector in node.sectors if principal.holds("compiler", node.id, sector))


def provinces_of(principal: Principal, tree: Tree) -> list[str]:
    """The provinces of the caller's units."""
    units = {unit for grant in principal.grants for unit in grant.unit_ids}
    return sorted({node.province_code for unit in units if (node := tree.get(unit)) is not None})


@dataclass(frozen=True)
class AssignmentScope:
    """`provinces` whose assignments are all visible; those of `owners` and `charges` (`52/health`); else only the reports of `units`."""

    provinces: list[str]
    owners: list[UUID]
    charges: list[str]
    units: list[UUID]


def assignment_scope(principal: Principal, tree: Tree, today: date) -> AssignmentScope:
    units = principal.units_of(*READERS)
    nodes = [node for unit in units if (node := tree.get(unit)) is not None]
    executives = principal.units_of("executive")
    whole = sorted({node.province_code for node in nodes if node.level == "office" or node.id in executives})
    departments = [node for node in nodes if node.level == "department"]
    charges = sorted({f"{node.province_code}/{sector}" for node in departments for sector in node.sectors if sector != "general"})
    own = sorted({below.id for node in nodes for below in tree.subtree(node.id, today)} | units)
    return AssignmentScope(whole, [node.id for node in departments], charges, own)
