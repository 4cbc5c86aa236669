"""Two tiny provinces, their people, and two forms: data that the permission tests begin from. Starts nothing."""

from datetime import date
from typing import Any
from uuid import UUID, uuid5

import msgspec

from contracts.identity import UnitRegisteredV1
from contracts.templates import AddingUp, IndicatorDefinedV1, Step, TemplateV1
from contracts.vocabulary import Sector, UnitLevel
from kernel.event_store import NAMESPACE
from kernel.sheet.model import Column, Row, Sheet

SINCE = date(2010, 1, 1)


def unit_id(code: str) -> UUID:
    return uuid5(NAMESPACE, f"permission table/{code}")


def _unit(code: str, name: str, level: UnitLevel, kind: str, province: str, *sectors: Sector) -> UnitRegisteredV1:
    parent = None if code == province else unit_id(province)
    return UnitRegisteredV1(unit_id(code), code, name, level, kind, SINCE, parent, province, sectors)


PROVINCE, OFFICE, HEALTH, EDUCATION = (unit_id(code) for code in ("52", "52-VP", "52-SYT", "52-SGDDT"))
OWN, OTHER = unit_id("21550"), unit_id("23563")
SPARE, ENDED, HEIR, MERGED = (unit_id(code) for code in ("52901", "52902", "52903", "52905"))
ELSEWHERE, ELSEWHERE_OFFICE, ELSEWHERE_HEALTH, ELSEWHERE_COMMUNE = (unit_id(code) for code in ("48", "48-VP", "48-SYT", "20194"))

UNITS = (
    _unit("52", "Gia Lai", "province", "Tỉnh", "52"),
    _unit("52-VP", "Văn phòng Ủy ban nhân dân tỉnh", "office", "Văn phòng", "52", "general"),
    _unit("52-SYT", "Sở Y tế", "department", "Sở", "52", "health", "social_security"),
    _unit("52-SGDDT", "Sở Giáo dục và Đào tạo", "department", "Sở", "52", "education"),
    _unit("21550", "Quy Nhơn", "commune", "Phường", "52"),
    _unit("23563", "Pleiku", "commune", "Phường", "52"),
    _unit("52901", "Thử Một", "commune", "Xã", "52"),
    _unit("52902", "Thử Hai", "commune", "Xã", "52"),
    _unit("52903", "Thử Ba", "commune", "Xã", "52"),
    _unit("52905", "Thử Năm", "commune", "Xã", "52"),
    _unit("48", "Đà Nẵng", "province", "Thành phố", "48"),
    _unit("48-VP", "Văn phòng Ủy ban nhân dân thành phố", "office", "Văn phòng", "48", "general"),
    _unit("48-SYT", "Sở Y tế Đà Nẵng", "department", "Sở", "48", "health"),
    _unit("20194", "Hải Châu", "commune", "Phường", "48"),
)


def indicator(code: str, name: str, sector: Sector) -> IndicatorDefinedV1:
    return IndicatorDefinedV1(code, name, "Người", sector, AddingUp(), minimum="0", maximum="100000")


BIRTHS = indicator("YT.SINH", "Số trẻ em sinh ra", "health")
DEATHS = indicator("YT.TU", "Số người chết", "health")
CHANGE = IndicatorDefinedV1("YT.TANG", "Tăng tự nhiên", "Người", "health", AddingUp())
VISITS = indicator("YT.KHAM", "Số lượt khám bệnh", "health")
PUPILS = indicator("GD.HOCSINH", "Số học sinh", "education")
INDICATORS = (BIRTHS, DEATHS, CHANGE, VISITS, PUPILS)

HEALTH_FORM, GENERAL_FORM = "YT-T", "TH-T"
BIRTHS_CELL, DEATHS_CELL, CHANGE_CELL = "births.month", "deaths.month", "change.month"
BIRTHS_AT, DEATHS_AT = "D7", "D8"


def health_form(**changes: Any) -> TemplateV1:
    """Births, deaths and what births exceed deaths by; the department verifies and approves."""
    rows = (
        Row("births", 7, "Số trẻ em sinh ra", subject=BIRTHS.code, unit_of_measure="Người"),
        Row("deaths", 8, "Số người chết", subject=DEATHS.code, unit_of_measure="Người"),
        Row("change", 9, "Tăng tự nhiên", subject=CHANGE.code, unit_of_measure="Người", formula="=D7-D8"),
    )
    sheet = Sheet("BÁO CÁO Y TẾ THÁNG", rows, (Column("month", 4, ("Trong tháng",), measure="actual"),))
    route = (Step("send", "leader", "own"), Step("verify", "verifier", "owner"), Step("approve", "leader", "owner"))
    fields: dict[str, Any] = {"code": HEALTH_FORM, "version": 1, "name": "Y tế – báo cáo tháng", "sector": "health", "sheet": sheet}
    return TemplateV1(**{"kind": "report", "period_type": "month", "owner_id": HEALTH, "route": route, **fields, **changes})


def general_form() -> TemplateV1:
    """One row of health and one of education under their headings; the office's own."""
    rows = (
        Row("health", 7, "Y tế"),
        Row("visits", 8, "Số lượt khám bệnh", subject=VISITS.code, unit_of_measure="Người", indent=1),
        Row("education", 9, "Giáo dục"),
        Row("pupils", 10, "Số học sinh", subject=PUPILS.code, unit_of_measure="Người", indent=1),
    )
    sheet = Sheet("BÁO CÁO TỔNG HỢP THÁNG", rows, (Column("month", 4, ("Trong tháng",), measure="actual"),))
    route = (Step("send", "leader", "own"), Step("approve", "leader", "owner"))
    name = "Tổng hợp – báo cáo tháng"
    return TemplateV1(GENERAL_FORM, 1, name, "general", "report", "month", OFFICE, sheet, route)


def as_json(one: Any) -> Any:
    return msgspec.to_builtins(one)


PERIODS = {
    "draft": "2026-03",
    "waiting": "2026-02",
    "sent": "2026-01",
    "verified": "2025-12",
    "approved": "2025-11",
    "asked": "2025-10",
    "assigned": "2025-09",
    "typed": "2025-08",
    "to_submit": "2025-07",
    "to_nil": "2025-06",
    "to_drop": "2025-05",
    "to_withdraw": "2025-04",
    "to_send": "2025-03",
    "to_verify": "2025-02",
    "to_approve": "2025-01",
    "to_reopen": "2024-12",
    "to_start": "2024-11",
    "to_refuse": "2024-10",
    "to_withdraw_sent": "2024-09",
    "rejected": "2024-06",
}
"""The months of the own commune's health report, by what they are there for: the first six to be looked at, the others to be changed."""

OTHERS_DRAFT, UNTOUCHED = "2024-08", "2024-07"
"""A month of the other commune alone; a month that nobody is asked for."""
