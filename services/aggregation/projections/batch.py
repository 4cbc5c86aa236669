"""A batch of the log in one transaction: references, reports and facts, sums by difference, then formulas at the touched nodes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contracts.templates import TemplateV1

from ..calculation.reports import EVENTS
from . import formulas, places, references, reports, rollups
from .fold import Folded, Message, fold
from .memory import Memory
from .messages import name_of

_REACH = """
WITH moments AS (
    INSERT INTO moment SELECT u.seq, max(greatest(u.at, coalesce((SELECT max(at) FROM moment), u.at))) OVER (ORDER BY u.seq)
    FROM unnest($1::bigint[], $2::timestamptz[]) AS u (seq, at) ON CONFLICT DO NOTHING
) UPDATE reach SET seq = greatest(seq, $3), passed = greatest(passed, $3)
"""
_PLACES_OF = "SELECT DISTINCT place_no FROM report_place WHERE report_id = ANY($1)"


@dataclass
class Applied:
    """What a batch did, for those who tell of it."""

    folded: Folded
    places: set[int] = field(default_factory=set)


async def apply(connection: Any, memory: Memory, generation: int, messages: Sequence[Message]) -> Applied:
    """Facts, sums and formulas move together. The transaction is in the generation already."""
    applied = await take_in(connection, memory, generation, messages)
    found = rollups.differences(applied.folded.before, applied.folded.now)
    again, anew = applied.places, _expected_anew(applied.folded)
    if not (found or again or anew):
        return applied
    with_rules = bool(found) and await connection.fetchval("SELECT EXISTS (SELECT FROM rule)")
    await rollups.add(connection, found, with_rules=with_rules)
    await rollups.recompute(connection, again)
    rows = await connection.fetch(_PLACES_OF, list({one.report_id for one in found}))
    touched = {row["place_no"] for row in rows}
    await rollups.tidy(connection, touched, with_rules=with_rules)
    entered = await connection.fetch(_PLACES_OF, anew)
    reported: dict[tuple[str, str], set[UUID]] = defaultdict(set)
    for one in found:
        report = applied.folded.now[one.report_id]
        reported[report.template, report.period].add(report.unit_id)
    moved = touched | again | {row["place_no"] for row in entered}
    await formulas.evaluate(connection, memory, generation, moved, reported=reported)
    await places.remove_empty(connection, again)
    applied.places = touched | again
    return applied


async def take_in(connection: Any, memory: Memory, generation: int, messages: Sequence[Message]) -> Applied:
    """Everything but the sums and what depends on them: `places` of the answer are to be added up anew."""
    seqs = [envelope.ledgerseq for envelope, _ in messages]
    await connection.execute(_REACH, seqs, [envelope.time for envelope, _ in messages], seqs[-1])
    units_changed, published = await references.keep(connection, messages)
    about = [(name_of(envelope.type), payload) for envelope, payload in messages]
    if not units_changed and not any(name in EVENTS for name, _ in about):
        return Applied(Folded({}))
    known = await reports.load(connection, [payload.report_id for name, payload in about if name in EVENTS])
    forms = await _forms(connection, memory, about, known.values())
    tree = await memory.tree(connection)
    folded = fold(messages, known, forms, tree.__contains__)
    codes = {report.template for report in folded.now.values()}
    cells = await (memory.cells if published & codes else memory.keep_cells)(connection, generation, codes)
    again = set(await places.resettle(connection, tree)) if units_changed and await connection.fetchval(_HAS_REPORTS) else set()
    new_forms = await reports.save(connection, folded, cells)
    again |= set(await places.settle(connection, tree, [one for key, one in folded.now.items() if key not in known]))
    again |= await _of_forms(connection, new_forms, folded)
    return Applied(folded, again)


PLACING = ("report_assigned", "report_moved", "history_recorded")
"""Events that say of which form, in which version, a report is."""

_HAS_REPORTS = "SELECT EXISTS (SELECT FROM report)"


async def _forms(
    connection: Any, memory: Memory, about: Sequence[tuple[str, Any]], known: Iterable[Any]
) -> dict[tuple[str, int], TemplateV1]:
    wanted = {(payload.template, payload.version) for name, payload in about if name in PLACING}
    return await memory.templates(connection, wanted | {(report.template, report.version) for report in known})


async def _of_forms(connection: Any, forms: Iterable[tuple[str, str]], folded: Folded) -> set[int]:
    """The nodes of forms that have moved to another version: their formulas are others now."""
    moved = [key for key in forms if any((report.template, report.period) == key for report in folded.before.values())]
    if not moved:
        return set()
    templates, periods = zip(*moved, strict=True)
    rows = await connection.fetch(
        "SELECT no FROM place JOIN unnest($1::text[], $2::text[]) AS w (template, period) USING (template, period)",
        *(list(templates), list(periods)),
    )
    return {row["no"] for row in rows}


def _expected_anew(folded: Folded) -> list[UUID]:
    """Reports that began or ceased to be expected: whether a node has one reporting unit or several hangs on it."""
    return [
        report_id
        for report_id, report in folded.now.items()
        if report.is_expected != (folded.before[report_id].is_expected if report_id in folded.before else False)
    ]
