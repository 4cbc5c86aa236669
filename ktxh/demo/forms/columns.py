"""The sets of columns that the forms share: this period, the one before, the same last year, so far, the plan, and their ratios."""

from kernel.sheet.model import Carried

from .building import ColumnPlan, Nature

NUMBERS: frozenset[Nature] = frozenset({"flow", "stock", "mean", "ratio", "index"})
EVERYTHING: frozenset[Nature] = NUMBERS | {"text"}
ADDED_OVER_TIME: frozenset[Nature] = frozenset({"flow"})
COMPARED: frozenset[Nature] = frozenset({"flow", "stock"})

PLAN_GIVEN = "KH-GIAO"
"""The template of the targets that the province gives; the forms' plan columns come from it."""


def this_period(key: str, header: tuple[str, ...]) -> ColumnPlan:
    return ColumnPlan(key, header, holds=EVERYTHING)


def period_before(key: str, header: tuple[str, ...], of: str) -> ColumnPlan:
    return ColumnPlan(key, header, "carried", "previous", carried=Carried(of, offset="previous"), holds=NUMBERS)


def same_last_year(key: str, header: tuple[str, ...], of: str, holds: frozenset[Nature] = NUMBERS) -> ColumnPlan:
    return ColumnPlan(key, header, "carried", "same_period_last_year", carried=Carried(of, offset="same-last-year"), holds=holds)


def so_far(key: str, header: tuple[str, ...], of: str) -> ColumnPlan:
    """The year's earlier periods together, before this one."""
    return ColumnPlan(key, header, "carried", "year_to_date_before", carried=Carried(of, offset="year-to-date"), holds=ADDED_OVER_TIME)


def to_date(key: str, header: tuple[str, ...], before: str, now: str) -> ColumnPlan:
    return ColumnPlan(key, header, "formula", "year_to_date", f"{{{before}}}+{{{now}}}", holds=ADDED_OVER_TIME, of_ratios=True)


def plan_of_year(header: tuple[str, ...]) -> ColumnPlan:
    return ColumnPlan("kh_nam", header, "carried", "plan", carried=Carried("kh_nam", PLAN_GIVEN, "year"), holds=COMPARED, planned_only=True)


def share_of_plan(key: str, header: tuple[str, ...], of: str) -> ColumnPlan:
    return ColumnPlan(
        key, header, "formula", "plan_share", f"{{{of}}}/{{kh_nam}}*100", holds=COMPARED, planned_only=True, decimals=2, unit_of_measure="%"
    )


def percent_of(
    key: str, header: tuple[str, ...], of: str, base: str, holds: frozenset[Nature] = COMPARED, unit_of_measure: str = "%"
) -> ColumnPlan:
    """One figure in percent of another. A unit of its own keeps the range of a rate in percent from being asked of the ratio of two."""
    return ColumnPlan(key, header, "formula", "ratio", f"{{{of}}}/{{{base}}}*100", holds=holds, decimals=2, unit_of_measure=unit_of_measure)


def growth(key: str, header: tuple[str, ...], of: str, base: str, holds: frozenset[Nature] = COMPARED) -> ColumnPlan:
    """Growth in percent. The difference is rounded to a millionth: a binary fraction's error in it would tip what lies on a half."""
    formula = f"ROUND({{{of}}}-{{{base}}},6)/{{{base}}}*100"
    return ColumnPlan(key, header, "formula", "growth", formula, holds=holds, decimals=2, unit_of_measure="%")


def monthly() -> tuple[ColumnPlan, ...]:
    """Month before, this month, same month last year, year to date, against the month before and growth."""
    return (
        period_before("th_thang_truoc", ("Thực hiện", "Tháng trước"), "th_thang"),
        this_period("th_thang", ("Thực hiện", "Tháng báo cáo")),
        same_last_year("ck_th_thang", ("Thực hiện", "Cùng kỳ năm trước"), "th_thang"),
        so_far("luy_ke_truoc", ("Lũy kế từ đầu năm", "Đến hết tháng trước"), "th_thang"),
        to_date("luy_ke", ("Lũy kế từ đầu năm", "Đến hết tháng báo cáo"), "luy_ke_truoc", "th_thang"),
        percent_of("ss_thang_truoc", ("So sánh (%)", "So với tháng trước"), "th_thang", "th_thang_truoc"),
        growth("ss_ck", ("So sánh (%)", "Tăng, giảm so với cùng kỳ"), "th_thang", "ck_th_thang"),
    )


def monthly_with_plan() -> tuple[ColumnPlan, ...]:
    """The same against the year's plan; the header has three levels."""
    return (
        plan_of_year(("Kế hoạch năm",)),
        period_before("th_thang_truoc", ("Thực hiện", "Trong tháng", "Tháng trước"), "th_thang"),
        this_period("th_thang", ("Thực hiện", "Trong tháng", "Tháng báo cáo")),
        so_far("luy_ke_truoc", ("Thực hiện", "Lũy kế", "Đến hết tháng trước"), "th_thang"),
        to_date("luy_ke", ("Thực hiện", "Lũy kế", "Đến hết tháng báo cáo"), "luy_ke_truoc", "th_thang"),
        same_last_year("ck_th_thang", ("Cùng kỳ năm trước", "Tháng"), "th_thang"),
        same_last_year("ck_luy_ke", ("Cùng kỳ năm trước", "Lũy kế"), "luy_ke", ADDED_OVER_TIME),
        share_of_plan("ss_luy_ke_skh", ("So sánh (%)", "Lũy kế so với kế hoạch"), "luy_ke"),
        growth("ss_th_thang_sck", ("So sánh (%)", "Tháng tăng, giảm so với cùng kỳ"), "th_thang", "ck_th_thang"),
        growth("ss_luy_ke_sck", ("So sánh (%)", "Lũy kế tăng, giảm so với cùng kỳ"), "luy_ke", "ck_luy_ke", ADDED_OVER_TIME),
    )


def shorter_period(word: str, key: str) -> tuple[ColumnPlan, ...]:
    """The columns of a quarterly or half-yearly form; `word` is how its period is called."""
    return (
        same_last_year(f"ck_{key}", ("Cùng kỳ năm trước",), key),
        this_period(key, (f"Thực hiện {word} báo cáo",)),
        so_far("luy_ke_truoc", ("Lũy kế từ đầu năm", f"Đến hết {word} trước"), key),
        to_date("luy_ke", ("Lũy kế từ đầu năm", f"Đến hết {word} báo cáo"), "luy_ke_truoc", key),
        growth("ss_ck", ("Tăng, giảm so với cùng kỳ (%)",), key, f"ck_{key}"),
    )
