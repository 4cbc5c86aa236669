"""Which figures carried cells come from, and what they make."""

from decimal import Decimal
from uuid import UUID

import pytest

from kernel.sheet.model import NIL, Carried, Column, Row, Sheet, Value
from services.submissions.calculation.carried import CarriedCells, SourceFigures, fill, periods_of, wanted_sources
from services.submissions.events import Source


def number(text: str) -> Value:
    return Value(number=Decimal(text))


def sheet(offset: str, source: str = "") -> Sheet:
    columns = (Column("month", 4, ("Tháng",)), Column("from", 5, ("Trước",), role="carried", carried=Carried("month", source, offset)))  # type: ignore[arg-type]
    return Sheet("x", (Row("births", 7, "Sinh", subject="births"),), columns)


def filled(offset: str, found: dict[str, Value], period: str = "2026-04", how: str = "sum") -> CarriedCells:
    figures = {
        ("t", period_id): SourceFigures(Source(UUID(int=n), 1), {"births.month": value})
        for n, (period_id, value) in enumerate(found.items(), 1)
    }
    return fill(sheet(offset), "t", period, figures, lambda code, cell: how, lambda code, ref: [ref.row.key])


@pytest.mark.parametrize(
    ("offset", "period", "sources"),
    [
        ("previous", "2026-01", ["2025-12"]),
        ("previous", "2026-Q1", ["2025-Q4"]),
        ("same-last-year", "2026-03", ["2025-03"]),
        ("year-to-date", "2026-04", ["2026-01", "2026-02", "2026-03"]),
        ("year-to-date", "2026-01", []),
        ("year", "2026-03", ["2026"]),
        ("year", "2026-Q2", ["2026"]),
        ("year", "2026-2027", ["2026"]),
    ],
)
def test_which_periods_are_read(offset: str, period: str, sources: list[str]) -> None:
    assert periods_of(offset, period) == sources
    assert wanted_sources(sheet(offset, "plan"), "t", period) == {("plan", one) for one in sources}


def test_the_year_so_far_is_added_up() -> None:
    carried = filled("year-to-date", {"2026-01": number("1"), "2026-02": NIL, "2026-03": number("2.5")})
    assert carried.values == {"births.from": number("3.5")}
    assert carried.sources["births.from"].report_id == UUID(int=3)
    assert carried.typable == frozenset()


def test_with_a_month_missing_the_sum_is_marked_partial() -> None:
    carried = filled("year-to-date", {"2026-01": number("1"), "2026-03": number("2")})
    assert carried.values == {"births.from": Value(number=Decimal(3), given=2, of=3)}


def test_a_stock_takes_the_last_and_a_mean_the_mean() -> None:
    months = {"2026-01": number("10"), "2026-02": number("11")}
    assert filled("year-to-date", months, "2026-03", "last").values == {"births.from": number("11")}
    assert filled("year-to-date", months, "2026-03", "mean").values == {"births.from": number("11")}  # 10.5, away from zero


def test_what_is_not_added_over_time_is_missing_and_typable() -> None:
    carried = filled("year-to-date", {"2026-01": number("10")}, "2026-02", "none")
    assert carried.typable == {"births.from"}
    assert carried.sources == {}


def test_without_a_source_the_cell_is_missing_and_typable() -> None:
    carried = filled("previous", {})
    assert carried.values["births.from"].is_blank
    assert carried.typable == {"births.from"}


def test_a_missing_figure_of_the_source_is_no_source() -> None:
    assert filled("previous", {"2026-03": Value(missing="not-collected")}).typable == {"births.from"}


def test_a_target_is_carried_with_its_comparator_but_not_how_it_came_about() -> None:
    target = Value(number=Decimal("8.5"), maximum=Decimal(9), comparator="range", typed=True, explained="ab", given=1, of=2)
    carried = filled("previous", {"2026-03": target})
    assert carried.values["births.from"] == Value(number=Decimal("8.5"), maximum=Decimal(9), comparator="range")
