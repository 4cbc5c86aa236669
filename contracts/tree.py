"""How identity's unit contracts become nodes of a service's local tree."""

from typing import Any

from kernel.tree import Node, Succession, Tree

from .identity import UnitChangedV1, UnitRegisteredV1, UnitsReorganisedV1


async def keep_unit(tree: Tree, connection: Any, unit: UnitRegisteredV1) -> None:
    """A unit, or what it is from the day of its change on."""
    valid_from = unit.changed_on if isinstance(unit, UnitChangedV1) else unit.valid_from
    node = Node(
        id=unit.unit_id,
        code=unit.code,
        name=unit.name,
        level=unit.level,
        valid_from=valid_from,
        parent_id=unit.parent_id,
        valid_to=unit.ended_on,
        kind=unit.kind,
        province_code=unit.province_code,
        sectors=unit.sectors,
        latitude=unit.latitude,
        longitude=unit.longitude,
    )
    await tree.put(connection, node)


async def keep_reorganisation(tree: Tree, connection: Any, change: UnitsReorganisedV1) -> None:
    """Ends the ended units and notes who succeeds them."""
    await tree.end(connection, change.ended, change.effective_on)
    for one in change.successions:
        await tree.succeed(connection, Succession(one.from_unit, one.to_unit, change.effective_on, one.whole, one.weight, one.acts))
