"""Earlier figures are enough for the first month's carried columns, and are written as the importer reads them."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from kernel.calendar import parse_period, year_to_date
from ktxh.demo.figures import figures
from ktxh.demo.forms import Form, all_forms, monthly_forms
from ktxh.demo.history import COLUMNS, book_of_history, history, source_periods, source_plans, write_history_csv
from ktxh.demo.oracle import Book, Oracle
from ktxh.demo.periods import earlier_in_year, previous, same_last_year, shifted

UNIT, SEED = "23584", 3


def form_named(code: str) -> Form:
    return next(form for form in all_forms() if form.code == code)


def test_a_months_sources_are_the_year_so_far_and_last_year_up_to_the_same_month() -> None:
    assert source_periods(form_named("TM-THANG"), "2026-03") == ("2025-01", "2025-02", "2025-03", "2026-01", "2026-02")
    assert source_plans(form_named("TM-THANG"), "2026-03") == (("KH-GIAO", "2026"),)


def test_in_january_the_month_before_lies_in_the_year_before() -> None:
    assert source_periods(form_named("DS-THANG"), "2026-01") == ("2025-01", "2025-12")


@pytest.mark.parametrize("form", monthly_forms(), ids=lambda form: form.code)
def test_with_its_history_no_carried_cell_of_a_required_row_is_missing(form: Form) -> None:
    book = book_of_history([form], [UNIT], "2026-03", SEED)
    book[form.code, "2026-03"] = {UNIT: figures(form, "2026-03", UNIT, SEED)}
    shown = Oracle(Book(book)).report(form.code, "2026-03", UNIT)
    optional = {key.partition(".")[0] for key in form.inputs if not form.sheet.refs[key].required}
    carried = [key for key, ref in form.sheet.refs.items() if ref.role == "carried" and key.partition(".")[0] not in optional]
    plain = [key for key in carried if "/" not in (form.sheet.refs[key].row.formula or "")]
    assert plain
    assert [key for key in plain if shown[key].number is None] == []


def test_history_holds_typed_cells_and_the_computed_ones_that_are_carried_later() -> None:
    form = form_named("TM-THANG")
    rows = {f"{row.row}.{row.column}": row for row in history(form, UNIT, ["2025-03"], SEED)}
    filled = {key for key, value in figures(form, "2025-03", UNIT, SEED).items() if not value.is_blank and not value.missing}
    assert filled <= rows.keys()
    assert {"tm_tmbl.th_thang", "tm_tmbl.luy_ke"} <= rows.keys()
    assert not any(key.endswith(".ck_th_thang") for key in rows)


def test_what_was_so_far_then_is_the_sum_of_its_months() -> None:
    form = form_named("TM-THANG")
    months = ["2025-01", "2025-02", "2025-03"]
    rows = {(row.period, row.row, row.column): row.value for row in history(form, UNIT, months, SEED)}
    total = sum((Decimal(rows[month, "tm_tmbl", "th_thang"]) for month in months), Decimal(0))
    assert Decimal(rows["2025-03", "tm_tmbl", "luy_ke"]) == total


def test_the_written_file_has_the_importers_columns_and_a_dash_for_nil(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    rows = [row for form in monthly_forms() for row in history(form, UNIT, ["2026-01", "2026-02"], SEED)]
    assert write_history_csv(file, rows) == len(rows)
    with file.open(encoding="utf-8", newline="") as lines:
        read = list(csv.DictReader(lines))
    assert tuple(read[0]) == COLUMNS
    assert len(read) == len(rows)
    assert any(row["value"] == "-" for row in read)
    assert not any("E" in row["value"] for row in read if row["value"].replace(".", "").isdigit())


def test_fourteen_months_back_can_be_asked_for() -> None:
    months = [shifted("2026-03", -back) for back in range(14, 0, -1)]
    assert months[0] == "2025-01"
    assert {row.period for row in history(form_named("YT-THANG"), UNIT, months, SEED)} == set(months)


def test_the_steps_between_periods_are_those_of_the_calendar() -> None:
    for period in ("2026-01", "2026-12", "2026-Q1", "2026-Q4", "2025-H2", "2026"):
        known = parse_period(period)
        assert previous(period) == known.previous().id
        assert same_last_year(period) == known.same_last_year().id
        assert [*earlier_in_year(period), period] == [one.id for one in year_to_date(known)]
