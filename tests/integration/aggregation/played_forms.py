"""Small forms to play with: sums, a rate, a weighted mean, text, carried columns, a plan, and one whose rows span sectors."""

from typing import Any

from contracts.templates import AddingUp, IndicatorDefinedV1, RollupPolicy, Step, TemplateV1
from kernel.sheet.model import Carried, Column, Row, Sheet
from tests.integration.aggregation.played_log import unit_id


def indicator(
    code: str, over_units: str = "sum", over_time: str = "sum", *, sector: str = "health", decimals: int = 0, weight: str | None = None
) -> IndicatorDefinedV1:
    rule = AddingUp(over_units, over_time, weight)  # type: ignore[arg-type]
    return IndicatorDefinedV1(code=code, name=f"Chỉ tiêu {code}", unit_of_measure="lượt", sector=sector, adding_up=rule, decimals=decimals)  # type: ignore[arg-type]


def template(code: str, sheet: Sheet, indicators: list[IndicatorDefinedV1], **more: Any) -> TemplateV1:
    settled: dict[str, Any] = {
        "version": 1,
        "name": f"Biểu {code}",
        "sector": "health",
        "kind": "report",
        "period_type": "month",
        "owner_id": unit_id("Sở Y tế"),
        "route": (Step("send", "leader", "own"), Step("approve", "leader", "owner")),
    }
    return TemplateV1(code=code, sheet=sheet, indicators={one.code: one for one in indicators}, **settled | more)


def visits(code: str = "KB", **more: Any) -> TemplateV1:
    """Rows: heading, total (formula), insured, others, share (formula, a rate), doctors (a stock), note (text). One column."""
    rows = (
        Row("h", 6, "I. Khám bệnh"),
        Row("tong", 7, "Tổng số lượt khám", subject="A", formula="=D8+D9", unit_of_measure="lượt"),
        Row("bhyt", 8, "Trong đó: BHYT", subject="B", indent=1, unit_of_measure="lượt"),
        Row("khac", 9, "Khác", subject="C", indent=1, unit_of_measure="lượt"),
        Row("ty_le", 10, "Tỷ lệ BHYT", subject="D", formula="=D8/D7*100", decimals=2, unit_of_measure="%"),
        Row("bac_si", 11, "Số bác sĩ", subject="E", unit_of_measure="người"),
        Row("ghi_chu", 12, "Ghi chú", subject="F", kind="text"),
    )
    sheet = Sheet("Khám bệnh", rows, (Column("th", 4, ("Thực hiện",)),))
    indicators = [
        indicator("A"), indicator("B"), indicator("C"), indicator("D", "none", "none", decimals=2),
        indicator("E", over_time="last"), indicator("F", "none", "none"),
    ]  # fmt: skip
    return template(code, sheet, indicators, **more)


def harvest(code: str = "LUA", **more: Any) -> TemplateV1:
    """Area (sum), yield (weighted by area), output (formula), best and worst yield."""
    rows = (
        Row("dt", 7, "Diện tích", subject="DT", unit_of_measure="ha"),
        Row("ns", 8, "Năng suất", subject="NS", decimals=1, unit_of_measure="tạ/ha"),
        Row("sl", 9, "Sản lượng", subject="SL", formula="=D7*D8/10", decimals=1, unit_of_measure="tấn"),
        Row("cao", 10, "Cao nhất", subject="CAO", unit_of_measure="tạ/ha"),
        Row("thap", 11, "Thấp nhất", subject="THAP", unit_of_measure="tạ/ha"),
    )
    indicators = [
        indicator("DT", sector="agriculture"),
        indicator("NS", "weighted_mean", "mean", sector="agriculture", decimals=1, weight="dt"),
        indicator("SL", sector="agriculture", decimals=1),
        indicator("CAO", "max", "none", sector="agriculture"),
        indicator("THAP", "min", "none", sector="agriculture"),
    ]
    return template(code, Sheet("Lúa", rows, (Column("th", 4, ("Thực hiện",)),)), indicators, sector="agriculture", **more)


def monthly(code: str = "THANG", plan: str = "KH", **more: Any) -> TemplateV1:
    """One flow and one stock with plan, month before, same month last year, year to date and their ratios."""
    columns = (
        Column("ke_hoach", 4, ("Kế hoạch năm",), "carried", "plan", carried=Carried("kh_nam", plan, "year")),
        Column("truoc", 5, ("Tháng trước",), "carried", carried=Carried("th")),
        Column("th", 6, ("Thực hiện",)),
        Column("luy_ke_truoc", 7, ("Lũy kế trước",), "carried", carried=Carried("th", "", "year-to-date")),
        Column("luy_ke", 8, ("Lũy kế",), "formula", formula="=G7+F7"),
        Column("ck_luy_ke", 9, ("Lũy kế cùng kỳ",), "carried", carried=Carried("luy_ke", "", "same-last-year")),
        Column("ss", 10, ("So cùng kỳ (%)",), "formula", formula="=H7/I7*100", decimals=1, unit_of_measure="%"),
    )
    rows = (Row("thu", 7, "Thu ngân sách", subject="THU"), Row("dan", 8, "Dân số", subject="DAN"))
    indicators = [indicator("THU"), indicator("DAN", over_time="last")]
    return template(code, Sheet("Tháng", rows, columns), indicators, **more)


def plan(code: str = "KH", **more: Any) -> TemplateV1:
    rows = (Row("thu", 7, "Thu ngân sách", subject="THU"), Row("dan", 8, "Dân số", subject="DAN"))
    indicators = [indicator("THU"), indicator("DAN", over_time="last")]
    sheet = Sheet("Kế hoạch", rows, (Column("kh_nam", 4, ("Kế hoạch năm",), measure="plan"),))
    return template(code, sheet, indicators, kind="plan", period_type="year", giver="committee", **more)


def mixed(code: str = "TH", **more: Any) -> TemplateV1:
    """A `general` form: a health part and a farming part."""
    rows = (
        Row("h1", 6, "I. Y tế"),
        Row("kham", 7, "Lượt khám", subject="KHAM", indent=1),
        Row("h2", 8, "II. Nông nghiệp"),
        Row("lua", 9, "Diện tích lúa", subject="LUA", indent=1),
    )
    indicators = [indicator("KHAM"), indicator("LUA", sector="agriculture")]
    sheet = Sheet("Tổng hợp", rows, (Column("th", 4, ("Thực hiện",)),))
    return template(code, sheet, indicators, sector="general", owner_id=unit_id("Văn phòng"), **more)


HOLDING = RollupPolicy("hold", "0.8")
