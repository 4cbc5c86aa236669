"""What forbids publishing a template."""

from typing import Any

import pytest
from msgspec.structs import replace

from kernel.sheet.model import Carried, Cell, Column
from services.templates.calculation.checks import Surroundings, as_published, crossings_of, problems_of
from services.templates.events import AddingUp, Cutoff, Indicator, RollupPolicy, Step, Template

from .examples import AROUND, COLUMNS, INDICATORS, ROUTE, ROWS, published, sheet, template


def found(draft: Template, around: Surroundings = AROUND) -> list[tuple[str, str]]:
    return [(problem.cell, problem.rule) for problem in problems_of(as_published(draft, around.indicators), around)]


def test_a_sound_template_has_no_problem() -> None:
    assert found(template()) == []


def test_every_problem_is_told_in_words() -> None:
    draft = template(name="", route=(), sector="sức khỏe", kind="plan")
    problems = problems_of(draft, AROUND)
    assert len(problems) >= 4
    assert all(problem.message.endswith(".") for problem in problems)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"name": " "}, "no-name"),
        ({"code": "y tế"}, "bad-code"),
        ({"sector": "sức khỏe"}, "unknown-sector"),
        ({"period_type": "week"}, "unknown-period-type"),
        ({"figure_status": "final"}, "unknown-figure-status"),
        ({"owner_id": None}, "unknown-owner"),
        ({"sheet": sheet(rows=())}, "empty-sheet"),
        ({"cutoff": Cutoff("lunar")}, "unknown-regime"),
        ({"cutoff": Cutoff(due_working_days=-1)}, "bad-cutoff"),
        ({"policy": RollupPolicy("hold", "1.5")}, "bad-policy"),
        ({"policy": RollupPolicy("hold", "nửa")}, "bad-policy"),
        ({"route": ()}, "no-route"),
        ({"route": ROUTE[1:]}, "first-step"),
        ({"route": (Step("send", "leader", "owner"),)}, "first-step"),
        ({"route": (ROUTE[0], Step("send", "leader", "office"), ROUTE[2])}, "sends-twice"),
        ({"route": ROUTE[:2]}, "last-step"),
        ({"route": (ROUTE[0], ROUTE[2], ROUTE[2])}, "last-step"),
        ({"route": (ROUTE[0], Step("approve", "data_entry", "owner"))}, "bad-step"),
        ({"route": (ROUTE[0], Step("approve", "leader", "ministry"))}, "bad-step"),
        ({"kind": "plan"}, "no-giver"),
        ({"giver": "council"}, "giver-of-a-report"),
        ({"kind": "form"}, "unknown-kind"),
    ],
)
def test_the_head_and_the_route_must_be_sound(changes: dict[str, Any], rule: str) -> None:
    assert rule in [name for _, name in found(template(**changes))]


def test_a_given_plan_is_sent_by_the_leader_of_the_unit_that_gives_it() -> None:
    route = (Step("send", "leader", "owner"),)
    assert found(template(kind="plan", giver="committee", route=route)) == []
    assert found(template(kind="plan", giver="own", route=route)) == [("", "first-step")]


def _row(number: int, **changes: Any) -> Template:
    rows = tuple(replace(row, **changes) if n == number else row for n, row in enumerate(ROWS))
    return template(sheet=sheet(rows=rows))


def test_an_input_row_needs_an_indicator() -> None:
    assert found(_row(1, subject=None))[:1] == [("A7", "no-subject")]
    assert ("A7", "unknown-indicator") in found(_row(1, subject="YT.KHONGCO"))


def test_a_row_is_measured_as_its_indicator_is() -> None:
    assert [rule for _, rule in found(_row(1, unit_of_measure="người"))] == ["unit-of-measure"]


@pytest.mark.parametrize(
    ("formula", "rule"),
    [("=D9*2", "cycle"), ("=GIAVANG", "unknown-name"), ("=RAND()", "volatile"), ("=SUM(D:D)", "unbounded"), ("=Sheet2!A1", "outside")],
)
def test_a_formula_that_cannot_stand_is_named_at_its_cell(formula: str, rule: str) -> None:
    assert ("ty_le.th", rule) in found(_row(3, formula=formula))


def _weighted(weight: str | None) -> Surroundings:
    mean = replace(INDICATORS["YT.NHAPVIEN"], adding_up=AddingUp("weighted_mean", "last", weight))
    return replace_indicator(mean)


def replace_indicator(indicator: Indicator) -> Surroundings:
    return Surroundings({**INDICATORS, indicator.code: indicator}, AROUND.columns_of, AROUND.units)


@pytest.mark.parametrize("weight", ["muc", None, "x"])
def test_a_weighted_mean_names_a_row_that_weighs(weight: str | None) -> None:
    assert found(template(), _weighted("kham")) == []
    assert found(template(), _weighted(weight)) == [("nhap_vien.th", "no-weight-row")]


def test_a_weight_must_have_a_cell_in_the_same_column() -> None:
    blocked = template(sheet=sheet(cells={"kham.th": Cell(blocked=True)}, rows=ROWS[:3]))
    assert found(blocked, _weighted("kham")) == [("nhap_vien.th", "no-weight-row")]


def test_an_input_column_of_another_unit_needs_its_own_adding_up() -> None:
    share = Column("tl", 5, ("Tỷ lệ",), unit_of_measure="%", measure="share")
    two = template(sheet=sheet(rows=ROWS[:3], columns=(*COLUMNS, share)))
    assert found(two) == [("kham.tl", "no-adding-up"), ("nhap_vien.tl", "no-adding-up")]
    assert found(replace(two, adding_up_columns={"tl": AddingUp("weighted_mean", "last", "kham")})) == []
    assert found(replace(two, adding_up_columns={"tl": AddingUp("average", "last")}))[0] == ("kham.tl", "unknown-adding-up")


def test_adding_up_speaks_of_cells_and_columns_that_are_there() -> None:
    draft = template(adding_up_cells={"x.y": AddingUp()}, adding_up_columns={"z": AddingUp()})
    assert found(draft) == [("x.y", "unknown-cell"), ("z", "unknown-column")]


@pytest.mark.parametrize(
    ("carried", "problems"),
    [
        (Carried("th"), []),
        (Carried("th", "YT-T"), []),
        (Carried("kh_nam", "KH", "year"), []),
        (Carried("x"), [("truoc", "unknown-source-column")]),
        (Carried("x", "KH", "year"), [("truoc", "unknown-source-column")]),
        (Carried("th", "CHUA-CO"), [("truoc", "unknown-source")]),
    ],
)
def test_a_carried_column_names_a_source_that_is_published(carried: Carried, problems: list[tuple[str, str]]) -> None:
    column = Column("truoc", 5, ("Kỳ trước",), role="carried", carried=carried)
    assert found(template(sheet=sheet(columns=(*COLUMNS, column)))) == problems


def test_publishing_takes_the_snapshot_of_the_indicators_that_are_used() -> None:
    done = as_published(template(sheet=sheet(rows=ROWS[:2])), INDICATORS)
    assert done.indicators == {"YT.KHAM": INDICATORS["YT.KHAM"]}
    assert done.sheet.limits["YT.KHAM"].minimum == 0


def test_crossings_of_row_and_column_formulas_are_listed() -> None:
    both = Column("gap", 5, ("Gấp",), role="formula", formula="=D7*2")
    found_crossings = crossings_of(published(sheet=sheet(columns=(*COLUMNS, both))).sheet)
    assert [(one["cell"], one["winner"]) for one in found_crossings] == [("ty_le.gap", "column")]


def test_wrong_keys_are_told_before_anything_that_names_cells() -> None:
    assert [rule for _, rule in found(_row(1, key="Khám"))] == ["bad-key"]
