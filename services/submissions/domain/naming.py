"""The four words with which every event of a report begins."""

from typing import Any

from ..commands import ReportKey


def of(key: ReportKey) -> dict[str, Any]:
    """The fields of `OfReport`."""
    return {"report_id": key.report_id, "template": key.template, "period": key.period, "unit_id": key.unit_id}
