"""How much of an ended unit's figures lies under a node of today: whole, none, a weighed share, or nobody knows. Adds nothing up."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from kernel.tree import Succession, Tree

UNKNOWN = None
"""A share that needs a weight which nobody has entered."""


def share_under(tree: Tree, unit: UUID, since: date, is_under: Callable[[UUID], bool]) -> Decimal | None:
    """The share, 0..1, of `unit`'s figures that belongs under a node today; None where a weight is missing.

    `since` is the last day of the figures' period: only reorganisations after it move them.
    """
    later = [one for one in tree.successions if one.from_node == unit and one.effective_on > since]
    if not later:
        return Decimal(1) if is_under(unit) else Decimal(0)
    parts = [(one, share_under(tree, one.to_node, one.effective_on, is_under)) for one in later]
    known = {share for _, share in parts}
    if len(known) == 1 and known <= {Decimal(0), Decimal(1)}:
        return known.pop()  # all of it goes the same way, whatever the weights are
    return _weighed(parts)


def _weighed(parts: Sequence[tuple[Succession, Decimal | None]]) -> Decimal | None:
    total = Decimal(0)
    for succession, share in parts:
        if share == 0:
            continue
        if share is None or (succession.weight is None and not succession.whole):
            return UNKNOWN
        total += share * (Decimal(1) if succession.weight is None else Decimal(succession.weight))
    return total
