"""What differs between two versions of a template: rows, columns, formulas and the rest. Judges nothing."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from kernel.sheet.model import Sheet

from ..events import Template

_HEAD = ("name", "sector", "owner_id", "route", "form_number", "legal_document", "giver", "figure_status", "policy", "cutoff")


def compare(before: Template, after: Template) -> dict[str, Any]:
    """Added, removed and changed rows, columns, rules and own cells; formulas in force by cell; changed particulars; JSON-able."""
    was, now = before.sheet, after.sheet
    return {
        "rows": _by_key({row.key: row for row in was.rows}, {row.key: row for row in now.rows}),
        "columns": _by_key({column.key: column for column in was.columns}, {column.key: column for column in now.columns}),
        "formulas": _by_key(_formulas(was), _formulas(now)),
        "rules": _by_key({rule.key: rule for rule in was.rules}, {rule.key: rule for rule in now.rules}),
        "cells": _by_key(dict(was.cells), dict(now.cells)),
        "adding_up": _by_key(_adding_up(before), _adding_up(after)),
        "head": {
            field: {"before": msgspec.to_builtins(getattr(before, field)), "after": msgspec.to_builtins(getattr(after, field))}
            for field in _HEAD
            if getattr(before, field) != getattr(after, field)
        },
        "moved_rows": dict(after.moved_rows),
        "only_labels": only_labels_differ(before, after),
    }


def only_labels_differ(one: Template, other: Template) -> bool:
    """Whether every figure, formula, key, limit, route and rule is the same, so that a report of one is a report of the other."""
    return _without_labels(one) == _without_labels(other)


def _by_key(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "added": [{"key": key, "after": msgspec.to_builtins(after[key])} for key in after if key not in before],
        "removed": [{"key": key, "before": msgspec.to_builtins(before[key])} for key in before if key not in after],
        "changed": [
            {"key": key, "before": msgspec.to_builtins(before[key]), "after": msgspec.to_builtins(after[key])}
            for key in after
            if key in before and before[key] != after[key]
        ],
    }


def _formulas(sheet: Sheet) -> dict[str, str]:
    return {key: ref.formula for key, ref in sheet.refs.items() if ref.formula is not None}


def _adding_up(template: Template) -> dict[str, Any]:
    return {**template.adding_up_columns, **template.adding_up_cells}


def _without_labels(template: Template) -> Template:
    sheet = replace(
        template.sheet,
        title="",
        rows=tuple(replace(row, label="", number="", indent=0) for row in template.sheet.rows),
        columns=tuple(replace(column, header=(), width=0) for column in template.sheet.columns),
        rules=tuple(replace(rule, message="") for rule in template.sheet.rules),
    )
    indicators = {code: replace(one, name="", source="", official_code="") for code, one in template.indicators.items()}
    return replace(template, version=0, name="", form_number="", legal_document="", sheet=sheet, indicators=indicators)
