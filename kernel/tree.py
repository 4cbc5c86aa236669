"""A service's local copy of the dated tree: who lies under whom on a day, and who succeeded whom. Decides no permission."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from .vietnamese import fold, sort_key


@dataclass(frozen=True)
class Node:
    """A node as it was from `valid_from` until the day before `valid_to`."""

    id: UUID
    code: str
    name: str
    level: str
    valid_from: date
    parent_id: UUID | None = None
    valid_to: date | None = None
    kind: str = ""
    province_code: str = ""
    sectors: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None

    def is_in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


@dataclass(frozen=True)
class Succession:
    """`from_node` went into `to_node`; `acts`: the people of `to_node` act for it."""

    from_node: UUID
    to_node: UUID
    effective_on: date
    whole: bool
    weight: str | None = None
    acts: bool = True


class Tree:
    """The whole tree in memory (some thousand nodes), loaded at start and kept up with by `put`, `end` and `succeed`."""

    def __init__(self) -> None:
        self._versions: dict[UUID, list[Node]] = defaultdict(list)
        self._children: dict[UUID | None, set[UUID]] = defaultdict(set)  # over all time; the day is checked on reading
        self.successions: list[Succession] = []

    async def load(self, connection: Any) -> None:
        for row in await connection.fetch("SELECT * FROM tree_node ORDER BY node_id, valid_from"):
            self._add(_node(row))
        for row in await connection.fetch("SELECT * FROM tree_succession"):
            weight = None if row["weight"] is None else str(row["weight"])
            self.successions.append(Succession(row["from_node"], row["to_node"], row["effective_on"], row["whole"], weight, row["acts"]))

    def __contains__(self, node_id: UUID) -> bool:
        return node_id in self._versions

    def __len__(self) -> int:
        return len(self._versions)

    def get(self, node_id: UUID, on: date | None = None) -> Node | None:
        """The node on that day, or as it last was; None if it wasn't there."""
        versions = self._versions.get(node_id)
        if not versions:
            return None
        if on is None:
            return versions[-1]
        return next((node for node in reversed(versions) if node.is_in_force(on)), None)

    def life(self, node_id: UUID) -> tuple[date, date | None] | None:
        """The node's first day and the first day on which it no longer is; None for an unknown node."""
        versions = self._versions.get(node_id)
        return (versions[0].valid_from, versions[-1].valid_to) if versions else None

    def known(self) -> list[UUID]:
        """Every node that there ever was."""
        return list(self._versions)

    def find(self, code: str, on: date) -> Node | None:
        """The node that has this code on that day."""
        return next((node for node in self.all(on) if node.code == code), None)

    def all(self, on: date) -> Iterator[Node]:
        for node_id in self._versions:
            node = self.get(node_id, on)
            if node is not None:
                yield node

    def children(self, node_id: UUID | None, on: date) -> list[Node]:
        found = (self.get(child, on) for child in self._children.get(node_id, ()))
        return [node for node in found if node is not None and node.parent_id == node_id]

    def ancestors(self, node_id: UUID, on: date | None = None) -> list[Node]:
        """From the parent up to the root."""
        result: list[Node] = []
        node = self.get(node_id, on)
        while node is not None and node.parent_id is not None:
            node = self.get(node.parent_id, on)
            if node is None or any(node.id == seen.id for seen in result):
                break
            result.append(node)
        return result

    def subtree(self, node_id: UUID, on: date) -> list[Node]:
        """The node itself and everything under it on that day."""
        root = self.get(node_id, on)
        if root is None:
            return []
        result, waiting = [root], [root]
        while waiting:
            children = self.children(waiting.pop().id, on)
            result.extend(children)
            waiting.extend(children)
        return result

    def is_under(self, node_id: UUID, ancestor_ids: Iterable[UUID], on: date | None = None) -> bool:
        """Whether the node is one of these or lies under one of them. An unknown node is under nothing."""
        wanted = set(ancestor_ids)
        if node_id not in self._versions or not wanted:
            return False
        return node_id in wanted or any(node.id in wanted for node in self.ancestors(node_id, on))

    def successor(self, node_id: UUID) -> UUID | None:
        """Who acts for an ended node today, followed to its end; None if nobody does."""
        seen = {node_id}
        current = node_id
        while True:
            following = [s.to_node for s in self.successions if s.from_node == current and s.acts and s.to_node not in seen]
            if not following:
                return None if current == node_id else current
            current = following[0]
            seen.add(current)

    async def put(self, connection: Any, node: Node) -> None:
        """Adds a node, or a new version of it from `valid_from` on; the version before ends there."""
        await connection.execute(
            "UPDATE tree_node SET valid_to = $2 WHERE node_id = $1 AND valid_from < $2 AND (valid_to IS NULL OR valid_to > $2)",
            *(node.id, node.valid_from),
        )
        await connection.execute(
            "INSERT INTO tree_node VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
            " ON CONFLICT (node_id, valid_from) DO UPDATE SET valid_to = excluded.valid_to, parent_id = excluded.parent_id,"
            " code = excluded.code, name = excluded.name, sort_key = excluded.sort_key, folded = excluded.folded,"
            " level = excluded.level, kind = excluded.kind, province_code = excluded.province_code, sectors = excluded.sectors,"
            " latitude = excluded.latitude, longitude = excluded.longitude",
            *(node.id, node.valid_from, node.valid_to, node.parent_id, node.code, node.name, sort_key(node.name), fold(node.name)),
            *(node.level, node.kind, node.province_code, list(node.sectors), node.latitude, node.longitude),
        )
        self._add(node)

    async def end(self, connection: Any, node_ids: Sequence[UUID], on: date) -> None:
        """These nodes exist no longer from `on` on."""
        await connection.execute(
            "UPDATE tree_node SET valid_to = $2 WHERE node_id = ANY($1) AND (valid_to IS NULL OR valid_to > $2)", list(node_ids), on
        )
        for node_id in node_ids:
            self._versions[node_id] = [_ended(node, on) for node in self._versions[node_id]]

    async def succeed(self, connection: Any, succession: Succession) -> None:
        await connection.execute(
            "INSERT INTO tree_succession VALUES ($1, $2, $3, $4, $5::text::numeric, $6) ON CONFLICT (from_node, to_node) DO UPDATE"
            " SET effective_on = excluded.effective_on, whole = excluded.whole, weight = excluded.weight, acts = excluded.acts",
            *(succession.from_node, succession.to_node, succession.effective_on, succession.whole, succession.weight, succession.acts),
        )
        kept = [s for s in self.successions if (s.from_node, s.to_node) != (succession.from_node, succession.to_node)]
        self.successions = [*kept, succession]

    def _add(self, node: Node) -> None:
        earlier = [_ended(version, node.valid_from) for version in self._versions[node.id] if version.valid_from != node.valid_from]
        self._versions[node.id] = sorted([*earlier, node], key=lambda version: version.valid_from)
        self._children[node.parent_id].add(node.id)


def _ended(node: Node, on: date) -> Node:
    from dataclasses import replace

    if node.valid_from >= on or (node.valid_to is not None and node.valid_to <= on):
        return node
    return replace(node, valid_to=on)


def _node(row: Any) -> Node:
    return Node(
        id=row["node_id"],
        code=row["code"],
        name=row["name"],
        level=row["level"],
        valid_from=row["valid_from"],
        parent_id=row["parent_id"],
        valid_to=row["valid_to"],
        kind=row["kind"],
        province_code=row["province_code"],
        sectors=tuple(row["sectors"]),
        latitude=row["latitude"],
        longitude=row["longitude"],
    )
