"""What a person sees first: what waits in the own unit, and how the sectors in sight stand. Made of progress and coverage."""

from typing import Any
from uuid import UUID

from kernel.auth import Principal

from ..calculation.visibility import is_visible
from ..projections import formulas, stored
from . import progress
from .figures import LENS, cells_words, form_words, unit_words
from .look import Look
from .scope import Scope, scope_of
from .stored_figures import may_hold

MOST_FORMS = 40


async def dashboard(look: Look, caller: Principal, period: str | None) -> dict[str, Any]:
    """`mine`: the own units' reports; `sectors`: forms in sight with progress; `figures`: the province's figures of these forms."""
    scope = scope_of(caller, look.tree)
    everything = await progress.lines(look, scope, None, period, None)
    mine = [line for line in everything if line.unit_id in scope.units]
    others = [line for line in everything if line.unit_id not in scope.units]
    shown = progress.forms(others)[:MOST_FORMS]
    units = [node for unit in sorted(scope.units, key=str) if (node := look.tree.get(unit)) is not None]
    return {
        "seq": look.head,
        "units": [unit_words(unit) for unit in units],
        "mine": {"counts": progress.counts(mine), "reports": [line.words() for line in mine if line.is_expected]},
        "sectors": {"counts": progress.counts(others), "forms": shown},
        "late": [
            {"unit": unit_words(unit), **line.words()}
            for line in others
            if line.lateness == "overdue" and (unit := look.tree.get(line.unit_id)) is not None
        ][:200],
        "figures": await _key_figures(look, scope, {(form["template"], form["period"]) for form in shown}),
    }


async def _key_figures(look: Look, scope: Scope, wanted: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """The first row of each form at the caller's highest node: what the form is about, in brief."""
    top = _top(scope)
    existing = await formulas.forms(look.connection, look.memory, wanted)
    open_ = {key: template for key, template in existing.items() if not await may_hold(look, template, key[1])}
    if top is None or not open_:
        return []
    cells = {
        key: [
            cell
            for cell, ref in template.sheet.refs.items()
            if template.sheet.first_row is not None and ref.row.key == template.sheet.first_row.key
        ]
        for key, template in open_.items()
    }
    found = await stored.read(look.connection, look.memory, look.generation, open_, [top], [LENS["approved"]], cells)
    node = look.tree.get(top)
    return [
        {
            "unit": unit_words(node) if node else None,
            "row": {"key": first.key, "label": first.label, "unit_of_measure": first.unit_of_measure},
            **form_words(figures, None),
            "cells": {cell: words for cell, words in cells_words(figures, None).items() if is_visible(cell, frozenset({first.key}))},
        }
        for figures in found.values()
        if figures.node_id == top and (first := figures.template.sheet.first_row) is not None
    ]


def _top(scope: Scope) -> UUID | None:
    """The province that is in sight as a whole or by sector; else the first own unit."""
    return next(iter((*sorted(scope.provinces, key=str), *scope.sectors, *sorted(scope.units, key=str))), None)
