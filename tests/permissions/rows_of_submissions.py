"""Rows of submissions: the officer fills in, who sees the report reads it, the office enters history, operators prove the log."""

from .asking import Ask, ask
from .places import BIRTHS_CELL
from .province import Province
from .rows_of_operating import operating
from .table import (
    ADMINISTRATOR,
    MACHINES,
    OPERATOR,
    READERS,
    SEEING,
    SERVICES,
    STRANGE_OFFICERS,
    STRANGERS,
    Service,
)

TABLE = Service("submissions")
row = TABLE.row
OFFICER = "commune.data_entry"


async def _changing(province: Province, name: str, **more: object) -> Ask:
    report = province.reports[name]
    return ask(report_id=report, seen=await province.version(report), **more)  # type: ignore[arg-type]


async def _filled_in(province: Province) -> Ask:
    """Figures stand in every input; what is asked computes the rest."""
    report = province.reports["to_submit"]
    seen = await province.version(report)
    cells = {BIRTHS_CELL: "5", "deaths.month": "2"}
    saved = await province.ask(OFFICER, "PATCH", f"submissions/reports/{report}/cells", json={"cells": cells}, seen=seen)
    assert saved.status_code in (200, 409), saved.text
    return ask(report_id=report, seen=await province.version(report), body={"normalise": True})


def _past(province: Province) -> Ask:
    figure = {"template": "YT-T", "period": "2024-03", "unit_code": "23563", "row": "births", "column": "month", "value": "9"}
    return ask(body={"rows": [{**figure, "source": "Niên giám"}]})


def _several(kind: str) -> object:
    return lambda it: Ask(body={"reports": [str(it.reports["approved"])], "kind": kind}, named=str(it.reports["approved"]))


row("GET /reports", READERS)
for state in ("draft", "waiting", "sent", "approved"):
    row("GET /reports/{report_id}", SEEING, STRANGERS, lambda it, state=state: ask(report_id=it.reports[state]), case=state)  # type: ignore[misc]
row(
    "GET /reports/{report_id}",
    "commune.* office.* province.*",
    f"department.* {STRANGERS}",
    lambda it: ask(report_id=it.reports["general"]),
    case="general",
)
row("GET /reports/{report_id}/history", SEEING, STRANGERS, lambda it: ask(report_id=it.reports["draft"]))
row(
    "GET /reports/{report_id}/cells/{key}/history",
    SEEING,
    STRANGERS,
    lambda it: Ask(path={"report_id": str(it.reports["draft"]), "key": BIRTHS_CELL}, named=str(it.reports["draft"])),
)
row(
    "GET /reports/{report_id}/revisions/{number}",
    SEEING,
    STRANGERS,
    lambda it: Ask(path={"report_id": str(it.reports["sent"]), "number": "1"}, named=str(it.reports["sent"])),
    case="sent",
)
row(
    "GET /reports/{report_id}/revisions/{number}",
    "commune.*",
    f"department.* office.* province.* {STRANGERS}",
    lambda it: Ask(path={"report_id": str(it.reports["waiting"]), "number": "1"}),
    case="not sent yet",
)

row("PATCH /reports/{report_id}/cells", OFFICER, STRANGE_OFFICERS, lambda it: _changing(it, "typed", body={"cells": {BIRTHS_CELL: "5"}}))
row("POST /reports/{report_id}/clear", OFFICER, STRANGE_OFFICERS, lambda it: _changing(it, "typed", body={"cells": [BIRTHS_CELL]}))
row("POST /reports/{report_id}/copy-previous", OFFICER, STRANGE_OFFICERS, lambda it: _changing(it, "typed", body={}))
row("POST /reports/{report_id}/normalise", OFFICER, STRANGE_OFFICERS, lambda it: _changing(it, "typed", body={}))
row(
    "POST /reports/{report_id}/normalise",
    OFFICER,
    STRANGE_OFFICERS,
    lambda it: ask(report_id=it.reports["draft"], query={"dry_run": "true"}, body={}),
    case="only to see",
)
row("POST /reports/{report_id}/drop-correction", OFFICER, STRANGE_OFFICERS, lambda it: _changing(it, "to_drop", body={}))
row("POST /reports/{report_id}/nil", OFFICER, STRANGE_OFFICERS, lambda it: _changing(it, "to_nil", body={"submit": False}))
row(
    "POST /reports/{report_id}/nil", OFFICER, STRANGE_OFFICERS, lambda it: _changing(it, "to_nil", body={"submit": True}), case="and submit"
)
row("POST /reports/{report_id}/submit", OFFICER, STRANGE_OFFICERS, _filled_in, case="to the leader")

row(
    "GET /reports/{report_id}/workbook.xlsx",
    SEEING,
    STRANGERS,
    lambda it: ask(report_id=it.reports["draft"], query={"kind": "figures"}),
    case="to read",
)
row("GET /reports/{report_id}/workbook.xlsx", "commune.*", STRANGERS, lambda it: ask(report_id=it.reports["draft"]), case="to fill in")
row("POST /workbooks", SEEING, STRANGERS, _several("figures"), case="to read")  # type: ignore[arg-type]
row("POST /workbooks", "commune.*", STRANGERS, _several("template"), case="to fill in")  # type: ignore[arg-type]
row("POST /reports/{report_id}/import", OFFICER, STRANGE_OFFICERS, lambda it: _changing(it, "typed", file=it.made["workbook"]))
row(
    "POST /reports/{report_id}/import",
    OFFICER,
    STRANGE_OFFICERS,
    lambda it: ask(report_id=it.reports["typed"], file=it.made["workbook"], query={"dry_run": "true"}),
    case="only to see",
)
row("POST /workbooks/import", OFFICER, STRANGE_OFFICERS, lambda it: ask(file=it.made["workbook"]))
row(
    "POST /workbooks/import",
    OFFICER,
    STRANGE_OFFICERS,
    lambda it: ask(file=it.made["workbook"], query={"dry_run": "true"}),
    case="only to see",
)
row("GET /imports/{token}/marked.xlsx", OFFICER, "*.data_entry", lambda it: ask(token=it.made["refused file"]), case="by its sender")

row("POST /history", f"office.compiler elsewhere.compiler {OPERATOR}", asks=_past, case="the other province's: see the tests of content")
row("GET /texts", READERS, asks=lambda it: ask(query={"events": it.made["submission text"]}))
row("DELETE /texts/{event_id}", ADMINISTRATOR, asks=lambda it: ask(event_id=it.made["submission text"], body={"reason": "Có tên người"}))
row("GET /log/verify", f"{OPERATOR} {SERVICES}")
row("GET /log/{seq}/proof", f"{OPERATOR} {SERVICES}", asks=lambda it: ask(seq=1))
operating(TABLE, f"{OPERATOR} {MACHINES}")
