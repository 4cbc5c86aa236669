"""A form at a node: its formulas over what was added up and carried there, and what must not be shown. Pure."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from contracts.templates import RollupPolicy, TemplateV1
from kernel.sheet.evaluation import calculator_for
from kernel.sheet.formulas import dependents
from kernel.sheet.model import Value

from .nodes import Sums, for_engine, plain, shown

CONTAGIOUS = ("held", "no-weight")
"""Reasons that a formula takes over from any cell that it depends on."""


def form_at_node(template: TemplateV1, inputs: Mapping[str, Value], carried: Mapping[str, Value]) -> dict[str, Value]:
    """Every cell that has something to say: inputs rounded for reading, carried ones, and formulas computed over the exact figures."""
    sheet = template.sheet
    given = {**carried, **inputs}
    lost = [key for key, value in given.items() if value.missing == "not-additive"]
    computed = calculator_for(sheet).evaluate({key: for_engine(value) for key, value in given.items()}, not_additive=lost)
    values = {key: shown(template, sheet.refs[key], value) for key, value in given.items() if not value.is_blank}
    return with_contagion(template, values | {key: _plain(value) for key, value in computed.items()})


def _plain(value: Value) -> Value:
    return value if value.number is None else Value(number=plain(value.number), given=value.given, of=value.of)


def with_contagion(template: TemplateV1, values: dict[str, Value]) -> dict[str, Value]:
    """What is computed from a figure that is held back, or lacks a weight, is missing for the same reason."""
    for reason in CONTAGIOUS:
        ill = [key for key, value in values.items() if value.missing == reason]
        for key in dependents(template.sheet, ill) if ill else ():
            values[key] = Value(missing=reason)
    return values


def closure(template: TemplateV1, cells: Collection[str]) -> set[str]:
    """The cells themselves and all that they are computed from, in this form."""
    precedents, found, waiting = template.sheet.graph.precedents, set[str](), [key for key in cells if key in template.sheet.refs]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting.extend(precedents.get(key, ()))
    return found


def is_short(policy: RollupPolicy, covered: int, expected: int) -> bool:
    """Whether a figure is below the policy's share of what is expected."""
    return covered < expected and Decimal(covered) < Decimal(policy.share) * expected


def held(policy: RollupPolicy, inputs: Mapping[str, Value], sums: Mapping[str, Sums], expected: int) -> dict[str, Value]:
    """The inputs with those held back that too few units have given."""
    if policy.mode != "hold":
        return dict(inputs)
    return {key: Value(missing="held") if is_short(policy, sums[key].covered, expected) else value for key, value in inputs.items()}


def is_marked(policy: RollupPolicy, covered: int, expected: int) -> bool:
    """Whether a figure is to be marked as incomplete. What is shown as it is, is never marked."""
    return policy.mode == "mark" and is_short(policy, covered, expected)


def carried_cells(template: TemplateV1, only: Collection[str] | None = None) -> Iterable[str]:
    return (key for key, ref in template.sheet.refs.items() if ref.role == "carried" and (only is None or key in only))
