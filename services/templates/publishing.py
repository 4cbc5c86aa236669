"""Stored event → contract; total: a stored type without a contract fails the tests."""

from typing import Any, TypeVar

import msgspec

from contracts.submissions import TextErasedV1
from contracts.templates import (
    AssignmentCancelledV1,
    AssignmentClosedV1,
    AssignmentReopenedV1,
    DueDateChangedV1,
    IndicatorDefinedV1,
    ReportAssignedV1,
    ReportMovedV1,
    TemplatePublishedV1,
    TemplateV1,
)
from kernel.event_store import Recorded

from .events import (
    AssignmentCancelled,
    AssignmentClosed,
    AssignmentReopened,
    DueDateChanged,
    IndicatorDefined,
    ReportAssigned,
    ReportMoved,
    Template,
    TemplatePublished,
    TextErased,
)

PREFIX = "vn.ktxh.templates."

T = TypeVar("T")

_SAME_FIELDS: dict[type, tuple[str, type[msgspec.Struct]]] = {
    ReportAssigned: ("report_assigned", ReportAssignedV1),
    DueDateChanged: ("due_date_changed", DueDateChangedV1),
    AssignmentCancelled: ("assignment_cancelled", AssignmentCancelledV1),
    AssignmentClosed: ("assignment_closed", AssignmentClosedV1),
    AssignmentReopened: ("assignment_reopened", AssignmentReopenedV1),
    ReportMoved: ("report_moved", ReportMovedV1),
    TextErased: ("text_erased", TextErasedV1),
}
"""Contracts that are the stored event with fewer fields."""


def publish(recorded: Recorded) -> tuple[str, Any]:
    """(CloudEvents type, contract)."""
    event = recorded.event
    if isinstance(event, IndicatorDefined):
        return f"{PREFIX}indicator_defined.v1", _as(IndicatorDefinedV1, event.indicator)
    if isinstance(event, TemplatePublished):
        return f"{PREFIX}template_published.v1", TemplatePublishedV1(as_contract(event.template))
    name, contract = _SAME_FIELDS[type(event)]
    return f"{PREFIX}{name}.v1", _as(contract, event)


def as_contract(template: Template) -> TemplateV1:
    """A published template as others know it. Raises msgspec.ValidationError for a draft that names what no vocabulary has."""
    return _as(TemplateV1, template)


def _as(contract: type[T], thing: Any) -> T:
    return msgspec.convert(thing, contract, from_attributes=True)
