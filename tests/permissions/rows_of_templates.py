"""Rows of templates: everybody reads what is published, who is in charge of a form designs and assigns it; lists are administrators'."""

import io
from uuid import uuid4

import openpyxl

from . import places
from .asking import Ask, ask
from .places import HEALTH_FORM, OWN
from .province import Province
from .rows_of_operating import operating
from .table import ADMINISTRATOR, COMPILERS, IN_CHARGE, PEOPLE, READERS, SEEING, STRANGERS, Service

TABLE = Service("templates")
row = TABLE.row


def _new_draft(province: Province) -> Ask:
    return ask(body={"template": places.as_json(places.health_form(code=f"THU-{uuid4().hex[:8].upper()}"))})


def _excel_form(province: Province) -> Ask:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for line in (["BÁO CÁO THỬ"], ["STT", "Chỉ tiêu", "Đơn vị tính", "Thực hiện"], [1, "Số trẻ em sinh ra", "Người", None]):
        page.append(line)
    written = io.BytesIO()
    book.save(written)
    return ask(file=written.getvalue())


def _new_indicator(province: Province) -> Ask:
    return ask(body={"indicators": [places.as_json(places.indicator(f"THU.{uuid4().hex[:8]}", "Số trẻ em tiêm chủng", "health"))]})


def _to_assign(province: Province) -> Ask:
    return Ask(body={"template": HEALTH_FORM, "period": places.UNTOUCHED, "units": {"ids": [str(OWN)]}, "due_on": "2026-04-20"})


def _to_schedule(province: Province) -> Ask:
    return Ask(body={"template": HEALTH_FORM, "units": {"ids": [str(OWN)]}, "first_period": "2026-11"})


row("GET /indicators", PEOPLE)
row("GET /indicators/{code}", PEOPLE, asks=lambda it: ask(code=places.BIRTHS.code))
row(
    "POST /indicators",
    f"{IN_CHARGE} elsewhere.compiler",  # the list is the whole country's: any provincial office keeps it
    asks=_new_indicator,
)
row("GET /templates", PEOPLE)
row("POST /templates", IN_CHARGE, COMPILERS, _new_draft)
row("GET /templates/{code}", PEOPLE, asks=lambda it: ask(code=HEALTH_FORM))
row("GET /templates/{code}/versions", PEOPLE, asks=lambda it: ask(code=HEALTH_FORM))
row("GET /templates/{code}/versions/{version}", PEOPLE, asks=lambda it: ask(code=HEALTH_FORM, version=1))
row("GET /templates/{code}/versions/{version}/compare/{other}", PEOPLE, asks=lambda it: ask(code=HEALTH_FORM, version=1, other=1))
row("GET /templates/{code}/draft", IN_CHARGE, COMPILERS, lambda it: ask(code=HEALTH_FORM))
row(
    "PUT /templates/{code}/draft",
    IN_CHARGE,
    COMPILERS,
    lambda it: Ask(path={"code": HEALTH_FORM}, body={"template": places.as_json(places.health_form())}, seen=1),
)
row("POST /templates/{code}/check", IN_CHARGE, COMPILERS, lambda it: ask(code=HEALTH_FORM))
row(
    "POST /templates/{code}/check",
    IN_CHARGE,
    COMPILERS,
    lambda it: Ask(path={"code": HEALTH_FORM}, body={"template": places.as_json(places.health_form())}),
    case="with a draft of its own",
)
row("POST /templates/{code}/publish", IN_CHARGE, COMPILERS, lambda it: ask(code=HEALTH_FORM))
row("POST /templates/{code}/try", IN_CHARGE, COMPILERS, lambda it: ask(code=HEALTH_FORM, body={"cells": {"births.month": "3"}}))
row("POST /templates/import", COMPILERS, asks=_excel_form)

row("POST /assignments", IN_CHARGE, COMPILERS, _to_assign)
row("GET /assignments", READERS)
row("GET /assignments/{assignment_id}", SEEING, STRANGERS, lambda it: ask(assignment_id=it.made["assignment assigned"]))
row(
    "PUT /assignments/{assignment_id}/due-date",
    IN_CHARGE,
    COMPILERS,
    lambda it: ask(assignment_id=it.made["assignment assigned"], body={"due_on": "2026-04-23", "reason": "Mưa lũ"}),
)
row("POST /assignments/{assignment_id}/close", IN_CHARGE, COMPILERS, lambda it: ask(assignment_id=it.made["assignment assigned"], body={}))
row(
    "POST /assignments/{assignment_id}/reopen",
    IN_CHARGE,
    COMPILERS,
    lambda it: ask(assignment_id=it.made["assignment assigned"], body={"reason": "Mở lại"}),
)
row(
    "POST /assignments/{assignment_id}/cancel",
    IN_CHARGE,
    COMPILERS,
    lambda it: ask(assignment_id=it.made["assignment assigned"], body={"reason": "Giao nhầm"}),
)
row(
    "POST /templates/{code}/periods/{period}/move",
    IN_CHARGE,
    COMPILERS,
    lambda it: Ask(path={"code": HEALTH_FORM, "period": places.PERIODS["typed"]}, body={"version": 1}),
)
row("GET /schedules", "*.leader *.verifier *.compiler *.executive")
row("POST /schedules", IN_CHARGE, COMPILERS, _to_schedule)
row("POST /schedules/{schedule_id}/stop", IN_CHARGE, COMPILERS, lambda it: ask(schedule_id=it.made["schedule"], body={}))

row("GET /holidays", PEOPLE)
row("PUT /holidays", ADMINISTRATOR, asks=lambda it: ask(body={"holidays": []}, seen=0), well=(200, 412))
row("GET /working-days", PEOPLE, asks=lambda it: ask(query={"from": "2026-04-10", "n": 3}))
row("GET /groups", f"*.leader *.verifier *.compiler *.executive {ADMINISTRATOR}")
row("POST /groups", ADMINISTRATOR, asks=lambda it: ask(body={"name": f"Nhóm {uuid4().hex[:6]}", "units": [str(OWN)]}))
row("PUT /groups/{group_id}", ADMINISTRATOR, asks=lambda it: ask(group_id=it.made["group"], body={"name": "Nhóm", "units": [str(OWN)]}))
row("GET /texts", READERS, asks=lambda it: ask(query={"events": it.made["assignment text"]}))
row("DELETE /texts/{event_id}", ADMINISTRATOR, asks=lambda it: ask(event_id=it.made["assignment text"], body={"reason": "Có tên người"}))
operating(TABLE)
