"""The province's large form: 500 rows of figures and the 14 columns of provincial reporting.

The row names are real (see `provincial_rows.csv`: GL.* from a district form of Gia Lai, the annex from the provincial list);
one of its units of measure is put right: the sown area, GL.120, is in ha and not in tonnes. The columns and their keys are
those of the system that provinces report with today. What its `gc_` columns mean is not on record; they are kept, optional,
under that name.
"""

import re

from kernel.sheet.model import Carried

from ..indicators import ProvincialRow, provincial_rows
from .building import ColumnPlan, Line, indicators_of, sheet
from .columns import NUMBERS, percent_of
from .form import TWO_STEPS, Form

_NUMBERED = re.compile(r"(?P<number>[IVX]+|\d+|[a-d])\. (?P<label>.+)")
_WITH_CONTEXT = re.compile(r"(?P<label>.+?) \((?:\d+|[a-d])\. .+\)")


def _line(row: ProvincialRow) -> Line:
    """The row as printed: without what the name says twice, its number in the column of numbers, set in by its number's kind."""
    context = _WITH_CONTEXT.fullmatch(row.name)
    printed = context["label"] if context else row.name
    numbered = _NUMBERED.fullmatch(printed)
    number, label = (numbered["number"], numbered["label"]) if numbered else ("", printed)
    formula = "{{{}}}/{{{}}}*10".format(*row.ratio) if row.ratio else ""
    code = "" if row.nature == "heading" else row.code
    is_typed_total = bool(code) and not row.parts
    return Line(code, number, label, _indent(number), formula, optional=True, as_input=is_typed_total)


def _indent(number: str) -> int:
    if not number:
        return 3
    return 0 if number[0] in "IVX" else 1 if number.isdigit() else 2


def _carried(key: str, header: tuple[str, ...], of: str, *, last_year: bool) -> ColumnPlan:
    source = Carried(of, offset="same-last-year" if last_year else "previous")
    measure = "same_period_last_year" if last_year else "previous"
    return ColumnPlan(key, header, "carried", measure, carried=source, holds=NUMBERS)


def _compared(key: str, header: tuple[str, ...], of: str, base: str) -> ColumnPlan:
    return percent_of(key, header, of, base, NUMBERS, "% so sánh")


COLUMNS = (
    ColumnPlan("th_nam_truoc", ("Năm", "Thực hiện năm trước"), measure="last_year"),
    ColumnPlan("kh_nam", ("Năm", "Kế hoạch năm"), measure="plan"),
    _carried("th_thang_truoc", ("Thực hiện", "Tháng trước"), "th_thang", last_year=False),
    _carried("gc_th_thang_truoc", ("Thực hiện", "Tháng trước (gc)"), "gc_th_thang", last_year=False),
    ColumnPlan("th_thang", ("Thực hiện", "Tháng báo cáo")),
    ColumnPlan("gc_th_thang", ("Thực hiện", "Tháng báo cáo (gc)")),
    ColumnPlan("luy_ke", ("Thực hiện", "Lũy kế"), measure="year_to_date"),
    _carried("ck_th_thang", ("Cùng kỳ năm trước", "Tháng"), "th_thang", last_year=True),
    _carried("ck_gc_th_thang", ("Cùng kỳ năm trước", "Tháng (gc)"), "gc_th_thang", last_year=True),
    _carried("ck_luy_ke", ("Cùng kỳ năm trước", "Lũy kế"), "luy_ke", last_year=True),
    _compared("ss_th_thang_sck", ("So sánh (%)", "Tháng với cùng kỳ"), "th_thang", "ck_th_thang"),
    _compared("ss_th_thang_skh", ("So sánh (%)", "Tháng với kế hoạch"), "th_thang", "kh_nam"),
    _compared("ss_luy_ke_sck", ("So sánh (%)", "Lũy kế với cùng kỳ"), "luy_ke", "ck_luy_ke"),
    _compared("ss_luy_ke_skh", ("So sánh (%)", "Lũy kế với kế hoạch"), "luy_ke", "kh_nam"),
)


def month() -> Form:
    lines = tuple(map(_line, provincial_rows()))
    return Form(
        code="TH-THANG",
        name="Tổng hợp kinh tế - xã hội - báo cáo tháng",
        sector="general",
        owner_sector="general",
        period_type="month",
        sheet=sheet("Biểu tổng hợp chỉ tiêu kinh tế - xã hội tháng", lines, COLUMNS),
        indicators=indicators_of(lines),
        form_number="00-TH/T",
        legal_document="Biểu tổng hợp kinh tế - xã hội cấp huyện tỉnh Gia Lai",
        route=TWO_STEPS,
        figure_status="estimate",
        source_of_record=False,
        audience="some-communes",
        kinds={"th_nam_truoc": "last_year", "kh_nam": "plan", "gc_th_thang": "constant_price", "luy_ke": "to_date"},
    )
