"""Which reports a caller may see, and of which he may see the figures: one predicate for every read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from kernel.auth import GrantClaim, Principal
from kernel.tree import Node, Tree

READERS = ("data_entry", "leader", "verifier", "compiler", "executive")


@dataclass(frozen=True)
class Clause:
    """Reports whose `column` is one of `values`; with `sectors`, of these sectors only."""

    column: str
    values: frozenset[Any]
    sectors: frozenset[str] | None = None

    def covers(self, row: Mapping[str, Any]) -> bool:
        return row[self.column] in self.values and (self.sectors is None or row["sector"] in self.sectors)


@dataclass(frozen=True)
class Scope:
    """What a caller may see: any report that a clause covers. `own` are his units, whose drafts he sees. `all_of_it`: the whole country."""

    own: frozenset[UUID]
    clauses: tuple[Clause, ...]
    all_of_it: bool = False

    def covers(self, row: Mapping[str, Any]) -> bool:
        """Whether the caller may know that this report is there, and its state and lateness."""
        return self.all_of_it or any(clause.covers(row) for clause in self.clauses)

    def sees_drafts(self, row: Mapping[str, Any]) -> bool:
        """Whether it is his own unit's to fill in; of any other he sees figures of sent revisions only."""
        return row["holder"] in self.own

    def sql(self, arguments: list[Any]) -> str:
        """The same as `covers`, as a condition on `report r`; appends its parameters."""
        if self.all_of_it:
            return "true"
        conditions = [_sql(clause, arguments) for clause in self.clauses]
        return f"({' OR '.join(conditions)})" if conditions else "false"


def _sql(clause: Clause, arguments: list[Any]) -> str:
    arguments.append(sorted(clause.values, key=str))
    condition = f"r.{clause.column} = ANY(${len(arguments)})"
    if clause.sectors is None:
        return condition
    arguments.append(sorted(clause.sectors))
    return f"({condition} AND r.sector = ANY(${len(arguments)}))"


def scope_of(principal: Principal, tree: Tree, today: date) -> Scope:
    """The caller's scope by his grants and today's tree. What the tree doesn't know gives nothing beyond the unit itself."""
    grants = [grant for grant in principal.grants if grant.role in READERS and grant.unit_ids]
    own = frozenset(unit for grant in grants for unit in grant.unit_ids)
    clauses = [Clause(column, own) for column in ("holder", "owner_id", "assigned_by")] if own else []
    for grant in grants:
        clauses += _of_grant(grant, tree, today)
    is_national = any(_level(grant, tree) == "country" for grant in grants)
    return Scope(own, tuple(dict.fromkeys(clauses)), is_national)


def _level(grant: GrantClaim, tree: Tree) -> str:
    node = tree.get(grant.unit_ids[0])
    return node.level if node else ""


def _of_grant(grant: GrantClaim, tree: Tree, today: date) -> Iterator[Clause]:
    sectors = frozenset(grant.sectors) or None
    below = {node.id for unit in grant.unit_ids for node in tree.subtree(unit, today)} | set(grant.unit_ids)
    yield Clause("unit_id", frozenset(below), sectors)
    home = tree.get(grant.unit_ids[0])
    if home is None:
        return
    province = frozenset({home.province_code or home.code})
    if home.level in ("office", "province") or grant.role == "executive":
        yield Clause("province", province, sectors)
    elif home.level == "department":
        yield Clause("province", province, _sectors_in_charge(grant, home))


def _sectors_in_charge(grant: GrantClaim, home: Node) -> frozenset[str]:
    """A form of sector `general` is its owner's and the office's only."""
    return (frozenset(grant.sectors) or frozenset(home.sectors)) - {"general"}
