"""Units, forms and indicators from the log as rows: what figures depend on beside the figures. Copies; no events of its own."""

from collections.abc import Sequence
from typing import Any

import msgspec

from contracts.templates import TemplateV1

from .fold import Message
from .memory import KINDS
from .messages import name_of

_UNITS = "INSERT INTO unit_event SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING"
_TEMPLATE = "INSERT INTO template VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING"
_CELLS = """
INSERT INTO cell (template, key) SELECT $1, k FROM unnest($2::text[]) WITH ORDINALITY AS u (k, place) ORDER BY place ON CONFLICT DO NOTHING
"""
_RULE = """
INSERT INTO rule SELECT $1, $2, c.no, r.kind, w.no
FROM unnest($3::text[], $4::text[], $5::text[]) AS r (key, kind, weight) JOIN cell c ON c.template = $1 AND c.key = r.key
    LEFT JOIN cell w ON w.template = $1 AND w.key = r.weight
ON CONFLICT DO NOTHING
"""
_INDICATOR = "INSERT INTO indicator VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"


async def keep(connection: Any, messages: Sequence[Message]) -> tuple[bool, set[str]]:
    """Writes what the messages say of units, forms and indicators: (whether units changed, codes of forms published)."""
    units: list[tuple[int, str, str]] = []
    published: set[str] = set()
    for envelope, payload in messages:
        name = name_of(envelope.type)
        if name in KINDS:
            units.append((envelope.ledgerseq, name, msgspec.json.encode(payload).decode()))
        elif name == "template_published":
            await _publish(connection, envelope.ledgerseq, payload.template)
            published.add(payload.template.code)
        elif name == "indicator_defined":
            await connection.execute(_INDICATOR, payload.code, envelope.ledgerseq, msgspec.json.encode(payload).decode())
    if units:
        await connection.execute(_UNITS, *(list(column) for column in zip(*units, strict=True)))
    return bool(units), published


async def _publish(connection: Any, seq: int, template: TemplateV1) -> None:
    body = msgspec.json.encode(template).decode()
    words = (template.sector, template.name, template.kind, template.period_type, template.source_of_record, template.owner_id, body)
    await connection.execute(_TEMPLATE, template.code, template.version, seq, *words)
    await connection.execute(_CELLS, template.code, list(template.sheet.refs))
    by_cell = {key: template.adding_up(key) for key in template.sheet.refs}
    rules = [(key, rule.over_units, _weight(key, rule.weight)) for key, rule in by_cell.items()]
    special = [rule for rule in rules if rule[1] in ("weighted_mean", "min", "max")]
    if special:
        keys, kinds, weights = zip(*special, strict=True)
        await connection.execute(_RULE, template.code, template.version, list(keys), list(kinds), list(weights))


def _weight(key: str, row: str | None) -> str | None:
    """The weight's cell: that row, same column."""
    return None if row is None else f"{row}.{key.split('.', 1)[1]}"
