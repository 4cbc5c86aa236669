"""Lineage, series, comparison, exports: one figure looked at from several sides."""

import io
from datetime import date
from typing import Any

from openpyxl import load_workbook

from tests.integration.aggregation.conftest import Aggregation
from tests.integration.aggregation.played_forms import HOLDING, mixed, monthly, plan, visits
from tests.integration.aggregation.played_log import unit_id


async def test_a_figure_leads_to_its_formula_its_units_their_reports_events_and_people(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(4, districts=("Huyện A", "Huyện B"))
    log.published(visits())
    for number in range(1, 5):
        log.done("KB", "2026-03", f"Xã {number}", {"bhyt.th": number, "khac.th": 1})
    await aggregation.hear()
    path = f"/rollups/KB/2026-03/{unit_id('Gia Lai')}/lineage"

    total = (await aggregation.get(path, cell="tong.th")).json()
    assert total["formula"] == "=D8+D9"
    assert [(one["cell"], one["value"]["number"]) for one in total["precedents"]] == [("bhyt.th", "10"), ("khac.th", "4")]

    insured = (await aggregation.get(path, cell="bhyt.th")).json()
    assert [(child["unit"]["name"], child["value"]["number"]) for child in insured["children"]] == [("Huyện A", "4"), ("Huyện B", "6")]
    first = insured["reports"][0]
    assert (first["unit"]["name"], first["revision"], first["value"]) == ("Xã 1", 1, {"number": "1"})
    assert [event["name"] for event in first["events"]] == ["report_submitted_to_leader", "report_sent", "report_approved"]
    assert all(event["event_id"] and event["actor"] and event["at"] for event in first["events"])


async def test_a_carried_figure_leads_to_the_period_that_it_comes_from(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(2)
    log.published(plan())
    log.published(monthly())
    for commune in ("Xã 1", "Xã 2"):
        log.done("THANG", "2026-01", commune, {"thu.th": 4})
        log.done("THANG", "2026-02", commune, {"thu.th": 5})
    await aggregation.hear()

    found = (await aggregation.get(f"/rollups/THANG/2026-02/{unit_id('Gia Lai')}/lineage", cell="thu.truoc")).json()

    assert found["value"] == {"number": "8"}
    assert found["carried_from"] == [{"template": "THANG", "period": "2026-01", "cell": "thu.th", "value": {"number": "8"}}]


async def test_a_series_marks_the_points_that_lack_units(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(2)
    log.published(visits())
    for month in ("2026-01", "2026-02"):
        log.done("KB", month, "Xã 1", {"bhyt.th": 4, "khac.th": 4})
    log.done("KB", "2026-01", "Xã 2", {"bhyt.th": 6, "khac.th": 4})
    log.assigned("KB", "2026-02", "Xã 2")
    await aggregation.hear()
    asked: dict[str, Any] = {"template": "KB", "row": "bhyt", "column": "th", "from": "2025-12", "to": "2026-02"}

    province = (await aggregation.get("/series", unit=str(unit_id("Gia Lai")), **asked)).json()["points"]
    commune = (await aggregation.get("/series", unit=str(unit_id("Xã 1")), **asked)).json()["points"]

    assert [(one["period"], one["value"]["number"], one["complete"]) for one in province] == [
        ("2026-01", "10", True),
        ("2026-02", "4", False),
    ]
    assert province[1]["note"] == "chưa đủ"
    assert [one["value"]["number"] for one in commune] == ["4", "4"]
    rate = await aggregation.get("/series", unit=str(unit_id("Gia Lai")), **{**asked, "row": "ty_le"})
    assert [one["value"]["number"] for one in rate.json()["points"]] == ["55.56", "50"]
    quarters: dict[str, Any] = {**asked, "from": "2026-Q1", "to": "2026-Q1"}
    quarter = (await aggregation.get("/series", unit=str(unit_id("Gia Lai")), **quarters)).json()["points"]
    assert quarter[0]["value"] == {"number": "14", "given": 2, "of": 3}


async def test_units_are_compared_over_the_same_units_on_both_sides(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(3)
    log.published(visits())
    log.history("KB", "2025-03", "Xã 1", {"bhyt.th": 4})
    log.history("KB", "2025-03", "Xã 2", {"bhyt.th": 10})
    for number, figure in ((1, 5), (2, 12), (3, 7)):
        log.done("KB", "2026-03", f"Xã {number}", {"bhyt.th": figure})
    await aggregation.hear()

    asked: dict[str, Any] = {"template": "KB", "period": "2026-03", "cell": "bhyt.th", "parent": str(unit_id("Gia Lai"))}
    found = (await aggregation.get("/compare", **asked)).json()["items"]
    province = (await aggregation.get("/compare", level="province", **asked)).json()["items"]

    assert [(one["unit"]["name"], one["value"]["number"], one.get("growth"), one["complete"]) for one in found] == [
        ("Xã 2", "12", "20", True),
        ("Xã 3", "7", None, False),
        ("Xã 1", "5", "25", True),
    ]
    assert province[0]["note"] == "chưa đủ"  # the third commune is on one side only


async def test_comparing_figures_that_are_held_compares_nothing(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(4, districts=("Huyện A", "Huyện B"))
    log.published(visits(policy=HOLDING))
    for number in (1, 2, 3):
        log.done("KB", "2026-03", f"Xã {number}", {"bhyt.th": 1})
    log.assigned("KB", "2026-03", "Xã 4")
    await aggregation.hear()

    asked: dict[str, Any] = {
        "template": "KB",
        "period": "2026-03",
        "cell": "bhyt.th",
        "parent": str(unit_id("Gia Lai")),
        "level": "district",
    }
    found = (await aggregation.get("/compare", **asked)).json()["items"]

    assert [(one["unit"]["name"], one["value"]) for one in found] == [
        ("Huyện A", {"number": "2"}),
        ("Huyện B", {"missing": "held"}),
    ]


async def test_an_exported_rollup_looks_like_the_form_and_says_how_far_it_goes(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(3)
    log.published(visits())
    for number in (1, 2):
        log.done("KB", "2026-03", f"Xã {number}", {"bhyt.th": 10, "khac.th": 1})
    log.assigned("KB", "2026-03", "Xã 3")
    await aggregation.hear()

    response = await aggregation.get("/exports/rollup.xlsx", template="KB", period="2026-03", unit=str(unit_id("Gia Lai")))

    sheet = load_workbook(io.BytesIO(response.content)).worksheets[0]
    assert sheet["B8"].value == "Trong đó: BHYT"
    assert (sheet["D7"].value, sheet["D8"].value) == (22, 20)
    words = " ".join(str(cell.value) for row in sheet.iter_rows(max_row=5) for cell in row if cell.value)
    assert "Số liệu đã duyệt" in words
    assert "2/3 đơn vị đã có số liệu (chưa đủ)" in words
    assert f"Nhật ký số {log.seq}" in words


async def test_a_department_exports_only_its_rows_and_never_the_report(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(2)
    log.published(mixed())
    report = log.done("TH", "2026-03", "Xã 1", {"kham.th": 5, "lua.th": 7})
    log.done("TH", "2026-03", "Xã 2", {"kham.th": 5, "lua.th": 7})
    await aggregation.hear()
    health = ("verifier", "Sở Y tế")

    response = await aggregation.get("/exports/rollup.xlsx", health, template="TH", period="2026-03", unit=str(unit_id("Gia Lai")))

    found = {cell.value for row in load_workbook(io.BytesIO(response.content)).worksheets[0].iter_rows() for cell in row}
    assert 10 in found
    assert "Diện tích lúa" not in found
    assert 14 not in found
    assert (await aggregation.get("/exports/report.xlsx", health, report=str(report))).status_code == 404


async def test_a_report_that_was_never_sent_is_exported_to_nobody(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(1)
    log.published(visits())
    report = log.assigned("KB", "2026-03", "Xã 1", due_on=date(2026, 4, 17))
    log.submitted(report, {"bhyt.th": 5})
    await aggregation.hear()
    assert (await aggregation.get("/exports/report.xlsx", report=str(report))).status_code == 404

    log.sent(report)
    await aggregation.hear()
    assert (await aggregation.get("/exports/report.xlsx", report=str(report))).status_code == 200
    assert (await aggregation.get("/exports/report.xlsx", report=str(report), lens="approved")).status_code == 404
