"""Which reports a caller may know of here: one predicate for every read and before every command."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from kernel.auth import GrantClaim, Principal
from kernel.tree import Tree

READERS = ("data_entry", "leader", "verifier", "compiler", "executive")


@dataclass(frozen=True)
class Scope:
    """`own`: the caller's units. `below`: everything under them. `provinces`: seen whole. `charges`: (province, sector) pairs."""

    own: frozenset[UUID] = frozenset()
    below: frozenset[UUID] = frozenset()
    provinces: frozenset[str] = frozenset()
    charges: frozenset[tuple[str, str]] = frozenset()
    is_national: bool = False

    def covers(self, row: Mapping[str, Any]) -> bool:
        """Whether the caller may know that this report is there; `row` is of the table `item`."""
        return (
            self.is_national
            or row["unit_id"] in self.below
            or row["province"] in self.provinces
            or (row["province"], row["sector"]) in self.charges
            or bool(self.own & {row["owner_id"], row["assigned_by"], row["entered_by"], *row["route_units"]})
        )

    def is_of_the_unit(self, row: Mapping[str, Any]) -> bool:
        """Whether the caller belongs to the unit that reports or enters it: what it keeps to itself is the caller's too."""
        return bool(self.own & {row["unit_id"], row["entered_by"]})


def scope_of(principal: Principal, tree: Tree, today: date) -> Scope:
    """By the caller's grants and today's tree. What the tree doesn't know gives nothing beyond the unit itself."""
    grants = [grant for grant in principal.grants if grant.role in READERS and grant.unit_ids]
    own = frozenset(unit for grant in grants for unit in grant.unit_ids)
    levels = {grant: _level(grant, tree) for grant in grants}
    if "country" in levels.values():
        return Scope(own, is_national=True)
    return Scope(
        own=own,
        below=own | {node.id for unit in own for node in tree.subtree(unit, today)},
        provinces=frozenset(
            _province(grant, tree) for grant, level in levels.items() if level in ("office", "province") or grant.role == "executive"
        )
        - {""},
        charges=frozenset(
            (_province(grant, tree), sector)
            for grant, level in levels.items()
            if level == "department"
            for sector in _sectors_in_charge(grant, tree)
        ),
    )


def _level(grant: GrantClaim, tree: Tree) -> str:
    home = tree.get(grant.unit_ids[0])
    return home.level if home else ""


def _province(grant: GrantClaim, tree: Tree) -> str:
    home = tree.get(grant.unit_ids[0])
    return (home.province_code or home.code) if home else ""


def _sectors_in_charge(grant: GrantClaim, tree: Tree) -> frozenset[str]:
    """A form of sector `general` is its owner's and the office's only."""
    home = tree.get(grant.unit_ids[0])
    return frozenset(grant.sectors or (home.sectors if home else ())) - {"general"}
