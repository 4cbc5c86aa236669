"""A health form, its indicators and a small tree, for the tests of the rules."""

from datetime import date
from typing import Any
from uuid import UUID, uuid5

from msgspec.structs import replace

from kernel.event_store import NAMESPACE
from kernel.sheet.model import Column, Layout, Row, Sheet
from kernel.tree import Node, Tree
from services.templates.calculation.checks import Surroundings, as_published
from services.templates.events import AddingUp, Indicator, Step, Template

SINCE = date(2025, 7, 1)


def an_id(name: str) -> UUID:
    return uuid5(NAMESPACE, f"templates of tests/{name}")


PROVINCE, DISTRICT, OFFICE, HEALTH = (an_id(name) for name in ("tỉnh", "huyện", "văn phòng", "sở y tế"))
NORTH, SOUTH, EAST = (an_id(name) for name in ("bắc", "nam", "đông"))

INDICATORS = {
    "YT.KHAM": Indicator("YT.KHAM", "Số lượt khám", "lượt", "health", minimum="0"),
    "YT.NHAPVIEN": Indicator("YT.NHAPVIEN", "Số lượt nhập viện", "lượt", "health"),
    "YT.TYLE": Indicator("YT.TYLE", "Tỷ lệ nhập viện", "%", "health", AddingUp("none", "none"), decimals=2),
}
ROWS = (
    Row("muc", 6, "Khám, chữa bệnh"),
    Row("kham", 7, "Số lượt khám", unit_of_measure="lượt", subject="YT.KHAM"),
    Row("nhap_vien", 8, "Số lượt nhập viện", unit_of_measure="lượt", subject="YT.NHAPVIEN"),
    Row("ty_le", 9, "Tỷ lệ", unit_of_measure="%", subject="YT.TYLE", formula="=D8/D7*100"),
)
COLUMNS = (Column("th", 4, ("Thực hiện",), measure="actual"),)
ROUTE = (Step("send", "leader", "own"), Step("verify", "verifier", "owner"), Step("approve", "leader", "owner"))
AROUND = Surroundings(INDICATORS, {"KH": frozenset({"kh_nam"})}, frozenset({HEALTH}))


def sheet(rows: tuple[Row, ...] = ROWS, columns: tuple[Column, ...] = COLUMNS, **more: Any) -> Sheet:
    return Sheet(title="Báo cáo", rows=rows, columns=columns, layout=Layout(header_top=4, header_bottom=5), **more)


def template(**changes: Any) -> Template:
    """The form as a draft without problems; `changes` replace fields."""
    base = Template("YT-T", name="Y tế", sector="health", owner_id=HEALTH, sheet=sheet(), route=ROUTE)
    return replace(base, **changes)


def published(**changes: Any) -> Template:
    """The form as it is published."""
    return as_published(template(**changes), INDICATORS)


def tree() -> Tree:
    """A province with its office, a department, a district with one commune, and two communes of its own."""
    made = Tree()
    for node in (
        Node(PROVINCE, "52", "Gia Lai", "province", SINCE, kind="Tỉnh", province_code="52"),
        Node(OFFICE, "52-VP", "Văn phòng", "office", SINCE, PROVINCE, province_code="52"),
        Node(HEALTH, "52-YT", "Y tế", "department", SINCE, PROVINCE, kind="Sở", province_code="52", sectors=("health",)),
        Node(DISTRICT, "540", "Phía Bắc", "district", SINCE, PROVINCE, kind="Huyện", province_code="52"),
        Node(NORTH, "23601", "Bắc", "commune", SINCE, DISTRICT, kind="Xã", province_code="52"),
        Node(SOUTH, "23602", "Nam", "commune", SINCE, PROVINCE, kind="Xã", province_code="52"),
        Node(EAST, "23603", "Đông", "commune", date(2026, 4, 1), PROVINCE, kind="Xã", province_code="52"),
        Node(an_id("Biên Hòa"), "26068", "Biên Hòa", "commune", SINCE, None, kind="Phường", province_code="75"),
    ):
        made._add(node)
    return made
