"""The indicators of the demonstration as they are defined, and how each one's figures behave; makes no figure itself."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Literal, cast

from contracts.templates import AddingUp, IndicatorDefinedV1
from contracts.vocabulary import OverTime, OverUnits, Sector

TEXT_UNIT = "nội dung"
"""The unit of measure of rows that take words."""

SOURCES = {
    "QD05": "Quyết định 05/2023/QĐ-TTg",
    "CTK": "Báo cáo kinh tế - xã hội tháng, năm của Cục Thống kê tỉnh",
    "NGTK": "Niên giám thống kê tỉnh",
    "GIALAI": "UBND tỉnh Gia Lai giao chỉ tiêu kế hoạch kinh tế - xã hội (QĐ 894/QĐ-UBND, 770/QĐ-UBND)",
    "QDND": "12 chỉ tiêu kinh tế - xã hội chủ yếu (nghị quyết Quốc hội)",
    "BACGIANG": "Hệ thống KTXH tỉnh Bắc Giang (ktxh.khdt.bgo.vn)",
    "YENBAI": "Danh mục chỉ tiêu cấp huyện (QĐ 54/2016/QĐ-TTg)",
    "XA": "Sổ theo dõi, biểu báo cáo cấp xã",
}
_GIA_LAI_FORM = "Biểu tổng hợp kinh tế - xã hội cấp huyện tỉnh Gia Lai"
_PROVINCIAL_LIST = "Danh mục chỉ tiêu kinh tế - xã hội cấp tỉnh"

_DECIMALS_BY_UNIT = {"tỷ đồng": 3, "triệu USD": 3, "triệu đồng": 2, "ha": 1, "tấn": 1, "m3": 1, "km2": 2, "nghìn tấn": 1, "nghìn con": 1}


@dataclass(frozen=True, slots=True)
class Nature:
    """How an indicator's figures behave: its usual size for a commune of average people, and what hangs on what.

    `parts` are what it is the sum of; a figure with `whole` lies between `low` and `high` times the sum of these, times `by`.
    `plan` is the usual target of a rate for a year.
    """

    size: Decimal | None = None
    is_level: bool = False  # the same in a large commune as in a small one
    growth: Decimal = Decimal(0)  # percent a year
    season: str = "flat"
    parts: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(1)
    by: str = ""
    plan: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Known:
    indicator: IndicatorDefinedV1
    nature: Nature


@dataclass(frozen=True, slots=True)
class ProvincialRow:
    """A row of the province's large form as it is printed; `ratio` names output and area of a yield."""

    code: str
    name: str
    unit_of_measure: str
    nature: Literal["flow", "stock", "rate", "ratio", "heading"]
    parts: tuple[str, ...]
    ratio: tuple[str, ...]
    sector: Sector


def row_key(code: str) -> str:
    """The key of the row that measures an indicator, the same in every form: that is how a plan finds its report."""
    return code.lower().replace(".", "_")


@lru_cache(maxsize=1)
def known() -> Mapping[str, Known]:
    """Every indicator by its code."""
    found = {one.indicator.code: one for one in map(_of_sector_form, _records("indicators.csv"))}
    for row in provincial_rows():
        if row.nature != "heading" and row.code not in found:
            found[row.code] = _of_provincial_form(row)
    return found


@lru_cache(maxsize=1)
def provincial_rows() -> tuple[ProvincialRow, ...]:
    """The rows of the large form: the names of a real district form of Gia Lai, and of the provincial list as its annex."""
    return tuple(
        ProvincialRow(
            code=record["code"],
            name=record["name"],
            unit_of_measure=record["unit"],
            nature=cast(Literal["flow", "stock", "rate", "ratio", "heading"], record["nature"]),
            parts=_codes(record["parts"], "+"),
            ratio=_codes(record["ratio"], "/"),
            sector=cast(Sector, record["sector"] or "general"),
        )
        for record in _records("provincial_rows.csv")
    )


def _records(name: str) -> Iterator[dict[str, str]]:
    with files("ktxh.demo.forms").joinpath(name).open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _codes(text: str, separator: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(separator)))


def _number(text: str, default: str | None = None) -> Decimal | None:
    chosen = text or default
    return Decimal(chosen) if chosen else None


def _of_sector_form(record: dict[str, str]) -> Known:
    weight = row_key(record["weight"]) if record["weight"] else None
    adding_up = AddingUp(cast(OverUnits, record["units"]), cast(OverTime, record["time"]), weight)
    indicator = IndicatorDefinedV1(
        code=record["code"],
        name=record["name"],
        unit_of_measure=record["unit"],
        sector=cast(Sector, record["sector"]),
        adding_up=adding_up,
        decimals=int(record["decimals"]),
        minimum=record["minimum"] or None,
        maximum=record["maximum"] or None,
        jump=record["jump"] or None,
        official_code=record["official"],
        source=SOURCES.get(record["source"], _GIA_LAI_FORM),
    )
    return Known(indicator, _nature(record))


def _nature(record: dict[str, str]) -> Nature:
    return Nature(
        size=_number(record["size"]),
        is_level=record["scale"] == "level",
        growth=Decimal(record["growth"] or 0),
        season=record["season"],
        parts=_codes(record["parts"], "+"),
        whole=_codes(record["whole"], "+"),
        low=Decimal(record["low"] or 0),
        high=Decimal(record["high"] or 1),
        by=record["by"],
        plan=_number(record["plan"]),
    )


def _of_provincial_form(row: ProvincialRow) -> Known:
    indicator = IndicatorDefinedV1(
        code=row.code,
        name=row.name,
        unit_of_measure=row.unit_of_measure,
        sector=row.sector,
        adding_up=_ADDING_UP[row.nature],
        decimals=_decimals(row),
        source=_GIA_LAI_FORM if row.code.startswith("GL.") else _PROVINCIAL_LIST,
    )
    return Known(indicator, _provincial_nature(row))


_ADDING_UP = {
    "flow": AddingUp("sum", "sum"),
    "stock": AddingUp("sum", "last"),
    "rate": AddingUp("none", "none"),
    "ratio": AddingUp("none", "none"),
}

_PROVINCIAL_SIZES = {"tỷ đồng": "24", "ha": "45", "tấn": "160", "con": "2600", "%": "62", "người": "900", "tạ/ha": "38", "hộ": "240"}


def _decimals(row: ProvincialRow) -> int:
    if row.nature in ("rate", "ratio"):
        return 2
    return _DECIMALS_BY_UNIT.get(row.unit_of_measure, 0)


def _provincial_nature(row: ProvincialRow) -> Nature:
    if row.ratio:
        return Nature()
    size = Decimal(_PROVINCIAL_SIZES.get(row.unit_of_measure, "12"))
    return Nature(size=None if row.parts else size, is_level=row.nature == "rate", growth=Decimal(4), parts=row.parts)
