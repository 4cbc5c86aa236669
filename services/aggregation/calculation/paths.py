"""Which nodes a unit's report is added up in: those above it on the last day of the period. Knows no figures."""

from datetime import date, timedelta
from uuid import UUID

from kernel.tree import Tree


def day_in_life(tree: Tree, unit: UUID, day: date) -> date:
    """`day`, or the nearest one on which the unit was there: figures of its territory from before it was made are its own."""
    life = tree.life(unit)
    if life is None:
        return day
    first, ended = life
    return max(first, day) if ended is None else min(max(first, day), ended - timedelta(days=1))


def nodes_above(tree: Tree, unit: UUID, last_day: date) -> tuple[UUID, ...]:
    """The nodes above the unit on that day, nearest first; the unit itself is not among them."""
    return tuple(node.id for node in tree.ancestors(unit, day_in_life(tree, unit, last_day)))
