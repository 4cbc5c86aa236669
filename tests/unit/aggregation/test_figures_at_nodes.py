"""Adding up, carrying, holding and restating: the arithmetic of a node."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.lateness import lateness
from contracts.templates import RollupPolicy
from kernel.calendar import parse_period
from kernel.sheet.model import NIL, Value
from kernel.tree import Node, Succession, Tree
from services.aggregation.calculation.carrying import carried_value, over_periods, periods_after, periods_before, source_cell
from services.aggregation.calculation.evaluating import closure, form_at_node, held, is_marked, is_short
from services.aggregation.calculation.nodes import Sums, added_up, inputs_at_node, plain
from services.aggregation.calculation.paths import nodes_above
from services.aggregation.calculation.restating import share_under
from services.aggregation.calculation.visibility import narrowed, rows_of_sectors
from tests.integration.aggregation.played_forms import harvest, mixed, monthly, plan, visits

PERIODS = ["2026-01", "2026-03", "2026-12", "2026-Q1", "2026-Q4", "2026-H1", "2026-9M", "2026"]


def number(text: str) -> Value:
    return Value(number=Decimal(text))


def test_nils_only_stay_a_nil_and_missing_only_stays_missing() -> None:
    form = visits()
    ref = form.sheet.refs["bhyt.th"]
    assert added_up(form, ref, Sums(given=2, nils=2)) == NIL
    assert added_up(form, ref, Sums(given=2, nils=1, total=Decimal("5.0"))) == number("5")
    assert added_up(form, ref, Sums()).is_blank
    assert added_up(form, ref, Sums(excused=3)) == Value(missing="not-applicable")


def test_a_weighted_mean_without_weight_cannot_be_computed() -> None:
    form = harvest()
    assert added_up(form, form.sheet.refs["ns.th"], Sums(given=1, total=Decimal(5))) == Value(missing="not-computable")


def test_a_formula_at_a_node_reads_the_exact_mean_and_the_page_shows_it_rounded() -> None:
    form = harvest()
    sums = {
        "dt.th": Sums(given=2, total=Decimal(30000)),
        "ns.th": Sums(given=2, total=Decimal(99), weight=Decimal(30000), weighted=Decimal(1_000_001)),
    }
    found = form_at_node(form, inputs_at_node(form, sums), {})
    assert found["ns.th"] == number("33.3")
    assert found["sl.th"] == number("100000.1")


@given(st.lists(st.decimals(min_value=-(10**12), max_value=10**12, places=3), min_size=1, max_size=60), st.randoms())
def test_sums_do_not_depend_on_order_and_taking_one_away_is_as_if_it_had_never_been(figures: list[Decimal], chance: object) -> None:
    total = sum(figures, Decimal(0))
    shuffled = list(figures)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plain(sum(shuffled, Decimal(0))) == plain(total)
    assert plain(total - figures[0]) == plain(sum(figures[1:], Decimal(0)))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40, places=6))
def test_a_plain_number_is_the_same_number_without_exponent_or_trailing_zeros(figure: Decimal) -> None:
    found = plain(figure)
    assert found == figure
    assert "E" not in str(found)
    assert not ("." in str(found) and str(found).endswith("0"))


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("offset", ["previous", "same-last-year", "year-to-date", "year"])
def test_what_carries_from_a_period_is_found_again_from_that_period(period: str, offset: str) -> None:
    at = parse_period(period)
    for before in periods_before(offset, at):
        assert at in periods_after(offset, before, at.type)


def test_the_year_to_date_of_the_first_period_is_zero_and_with_a_gap_it_is_partial() -> None:
    assert carried_value("year-to-date", "sum", [], 0) == number("0")
    assert carried_value("year-to-date", "sum", [number("3")], 2) == Value(number=Decimal(3), given=1, of=2)
    assert carried_value("year-to-date", "last", [number("3"), number("4")], 2) == number("4")
    assert carried_value("previous", "sum", [], 1).is_blank


@pytest.mark.parametrize("reason", ["held", "no-weight", "not-additive"])
def test_a_figure_that_may_not_be_shown_makes_the_whole_so(reason: str) -> None:
    assert over_periods("sum", [number("3"), Value(missing=reason)], 2) == Value(missing=reason)


def test_over_time_a_stock_is_its_last_a_mean_needs_all_and_none_is_never_added() -> None:
    three = [number("1"), number("2"), number("6")]
    assert over_periods("last", three, 3) == number("6")
    assert over_periods("last", three[:2], 3) == number("2")
    assert over_periods("mean", three, 3) == number("3")
    assert over_periods("mean", three[:2], 3) == number("1.5")
    assert over_periods("none", three, 3) == Value(missing="not-additive")


def test_a_carried_cell_finds_its_row_in_another_form_by_what_it_measures() -> None:
    form = monthly()
    assert source_cell(form, form.sheet.refs["thu.ke_hoach"], plan()) == "thu.kh_nam"
    assert source_cell(form, form.sheet.refs["thu.truoc"], form) == "thu.th"
    assert source_cell(form, form.sheet.refs["thu.truoc"], harvest()) is None


def test_the_policy_holds_below_its_share_and_marks_below_it() -> None:
    holding, marking = RollupPolicy("hold", "0.8"), RollupPolicy("mark", "1")
    inputs, sums = {"bhyt.th": number("5")}, {"bhyt.th": Sums(given=7, excused=1)}
    assert held(holding, inputs, sums, 10) == inputs
    assert held(holding, inputs, sums, 11) == {"bhyt.th": Value(missing="held")}
    assert held(marking, inputs, sums, 100) == inputs
    assert is_marked(marking, 9, 10)
    assert not is_marked(RollupPolicy("show"), 1, 10)
    assert not is_short(holding, 0, 0)


def test_what_is_computed_from_a_held_figure_is_held_too_even_a_sum() -> None:
    found = form_at_node(visits(), {"bhyt.th": Value(missing="held"), "khac.th": number("1")}, {})
    assert {found[cell].missing for cell in ("tong.th", "ty_le.th")} == {"held"}


def test_the_closure_of_a_cell_is_all_that_it_is_computed_from() -> None:
    assert closure(visits(), ["ty_le.th"]) == {"ty_le.th", "tong.th", "bhyt.th", "khac.th"}


def test_a_department_sees_its_rows_with_the_headings_above_them() -> None:
    form = mixed()
    assert rows_of_sectors(form, {"agriculture"}) == {"h2", "lua"}
    assert [row.key for row in narrowed(form.sheet, frozenset({"h2", "lua"})).rows] == ["h2", "lua"]


NOW = datetime(2026, 4, 17, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due_on", "sent_at", "expected"),
    [
        (date(2026, 4, 17), datetime(2026, 4, 17, 16, 59, tzinfo=UTC), "on-time"),
        (date(2026, 4, 17), datetime(2026, 4, 17, 17, 1, tzinfo=UTC), "late"),
        (date(2026, 4, 16), None, "overdue"),
        (date(2026, 4, 17), None, "due-soon"),
        (date(2026, 5, 1), None, "not-due"),
        (None, None, "not-due"),
    ],
)
def test_a_day_ends_at_midnight_in_vietnam(due_on: date | None, sent_at: datetime | None, expected: str) -> None:
    assert lateness(due_on, sent_at, NOW) == expected


A, B, C, TOP = (UUID(int=place) for place in range(1, 5))
SINCE = date(2025, 7, 1)


class Nowhere:
    async def execute(self, *_: object) -> None:
        pass


async def a_tree(*successions: Succession) -> Tree:
    tree = Tree()
    await tree.put(Nowhere(), Node(TOP, "T", "T", "province", SINCE))
    for node in (A, B, C):
        await tree.put(Nowhere(), Node(node, str(node), str(node), "commune", SINCE, TOP))
    for one in successions:
        await tree.succeed(Nowhere(), one)
    return tree


@pytest.mark.parametrize(
    ("weights", "share"),
    [((None, None), None), (("0.3", "0.7"), Decimal("0.3")), (("0.3", None), Decimal("0.3"))],
)
async def test_a_split_needs_the_weight_of_the_part_that_is_asked_for(
    weights: tuple[str | None, str | None], share: Decimal | None
) -> None:
    on = date(2026, 3, 1)
    tree = await a_tree(Succession(A, B, on, False, weights[0]), Succession(A, C, on, False, weights[1]))
    assert share_under(tree, A, date(2026, 1, 14), lambda unit: unit == B) == share
    assert share_under(tree, A, date(2026, 1, 14), lambda unit: tree.is_under(unit, [TOP])) == 1
    assert share_under(tree, A, date(2026, 3, 14), lambda unit: unit == A) == 1


async def test_a_unit_has_its_place_in_the_tree_for_days_before_and_after_its_life_too() -> None:
    tree = await a_tree()
    await tree.end(Nowhere(), [A], date(2026, 1, 1))
    for day in (SINCE - timedelta(days=400), SINCE, date(2026, 5, 1)):
        assert nodes_above(tree, A, day) == (TOP,)
    assert nodes_above(tree, UUID(int=99), SINCE) == ()
