"""A form's figures at a node as a caller gets them: from what is stored or from facts, in scope, with coverage and marks."""

from typing import Any
from uuid import UUID

from kernel.auth import Principal
from kernel.calendar import parse_period
from kernel.errors import NotFound
from kernel.sheet.model import Value
from kernel.tree import Node

from ..calculation.evaluating import is_marked
from ..calculation.nodes import Sums
from ..calculation.reports import APPROVED, SENT
from ..calculation.visibility import is_visible
from ..projections.stored import NodeFigures
from .look import Look
from .past import Past
from .scope import Scope, scope_of
from .stored_figures import at_head

LENS = {"approved": APPROVED, "sent": SENT}
LENS_WORDS = {APPROVED: "Số liệu đã duyệt", SENT: "Số liệu đã gửi (chưa duyệt)"}
FROM_UNITS = "cộng từ các đơn vị"


async def figures_at(look: Look, code: str, period: str, node: UUID, lens: int, seq: int, *, restated: bool = False) -> NodeFigures:
    """Policy applied; with no reports at all the form's figures are empty. Raises NotFound for an unknown form, Malformed for no period."""
    await look.form(code, period)
    if seq == look.head and not restated:
        found = await at_head(look, code, period, node, lens)
        if found is not None:
            return found
    computed = await Past(look, seq, lens, restated=restated).node(code, period, node)
    return computed or NodeFigures(await look.form(code, period), period, node, lens, 0, 0)


async def report_at(look: Look, report: UUID, lens: int, seq: int) -> NodeFigures:
    """One report's figures of the revision that counted at the point. Raises NotFound where none did: it had never been sent."""
    row = await look.connection.fetchrow("SELECT template, period, unit_id FROM report WHERE id = $1", report)
    found = await Past(look, seq, lens).of_report(row["template"], row["period"], report) if row is not None else None
    if found is None:
        raise NotFound("Báo cáo chưa có số liệu đã gửi")
    return found


async def seen(look: Look, principal: Principal, code: str, period: str, node: UUID) -> tuple[Scope, Node, frozenset[str] | None]:
    """(scope, node, rows that may be seen) for a caller. Raises NotFound for what is unknown and for what is not his."""
    scope = scope_of(principal, look.tree)
    unit = look.tree.get(node)
    if unit is None or not scope.is_in_sight(node):
        raise NotFound()
    return scope, unit, scope.rows(await look.form(code, period), node)


def unit_words(unit: Node) -> dict[str, Any]:
    return {
        "id": unit.id,
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind,
        "level": unit.level,
        "province_code": unit.province_code,
    }


def given_of(figures: NodeFigures, cell: str) -> int:
    return figures.sums.get(cell, Sums()).given


def cell_words(figures: NodeFigures, cell: str, value: Value) -> dict[str, Any]:
    """One cell of the answer: its value, how many units gave it of how many expected, its mark and label."""
    sums = figures.sums.get(cell, Sums())
    words: dict[str, Any] = {"value": value, "given": sums.given, "expected": figures.expected}
    role = figures.template.sheet.refs[cell].role
    if figures.report_id is None and is_marked(
        figures.template.policy, sums.covered if role == "input" else figures.reported, figures.expected
    ):
        words["marked"] = True
    if figures.template.kind == "plan" and figures.report_id is None and cell not in figures.own and role == "input":
        words["label"] = FROM_UNITS
    return words


def cells_words(figures: NodeFigures, rows: frozenset[str] | None) -> dict[str, Any]:
    refs = figures.template.sheet.refs
    return {
        cell: cell_words(figures, cell, value)
        for cell, value in figures.values.items()
        if cell in refs and is_visible(cell, rows) and not value.is_blank
    }


def form_words(figures: NodeFigures, rows: frozenset[str] | None) -> dict[str, Any]:
    """What every answer says of the form, its period, coverage and policy."""
    template, lens = figures.template, figures.lens
    return {
        "lens": "approved" if lens == APPROVED else "sent",
        "lens_word": LENS_WORDS[lens],
        "template": template.code,
        "version": template.version,
        "name": template.name,
        "sector": template.sector,
        "period": figures.period,
        "period_title": parse_period(figures.period).title,
        "coverage": {"reported": figures.reported, "expected": figures.expected},
        "policy": {"mode": template.policy.mode, "share": template.policy.share},
        "rows": None if rows is None else sorted(rows),
    }


def source_words(figures: NodeFigures) -> dict[str, Any]:
    """What the figures are made of."""
    if figures.report_id is not None:
        return {"kind": "report", "report_id": figures.report_id, "revision": figures.revision}
    if parse_period(figures.period).type != figures.template.period_type:
        return {"kind": "periods", "period_type": figures.template.period_type}
    return {"kind": "units", "own_plan": bool(figures.own)}


async def waiting_reports(look: Look, code: str, period: str, node: UUID) -> list[UUID]:
    """Reports added up there of which the log has more than could be taken in: their figures are not up to date."""
    rows = await look.connection.fetch(
        "SELECT DISTINCT r.id FROM public.parked k JOIN report r ON 'report/' || r.id = k.subject"
        " WHERE k.ended_at IS NULL AND k.publisher = 'submissions' AND r.template = $1 AND r.period = $2 AND (r.unit_id = $3 OR EXISTS"
        " (SELECT FROM report_place l JOIN place p ON p.no = l.place_no WHERE l.report_id = r.id AND p.node_id = $3))",
        *(code, period, node),
    )
    return [row["id"] for row in rows]
