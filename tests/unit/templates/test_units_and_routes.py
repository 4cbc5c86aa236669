"""Which units a rule means, and which unit takes which step."""

from datetime import date
from uuid import UUID

import pytest

from kernel.auth import GrantClaim, Principal
from services.templates.calculation.route import Eligible, Ground, places_of, warnings
from services.templates.calculation.units import UnitsAreUnclear, UnitsRule, UnknownUnit, units_meant
from services.templates.events import Step
from services.templates.queries.scope import assignment_scope, designing_unit, sectors_of_compiler

from .examples import DISTRICT, EAST, HEALTH, NORTH, OFFICE, PROVINCE, ROUTE, SOUTH, an_id, template, tree

MARCH, APRIL = date(2026, 3, 10), date(2026, 4, 10)


def meant(rule: UnitsRule, on: date = MARCH, grouped: tuple[UUID, ...] = ()) -> list[UUID]:
    return [node.id for node in units_meant(rule, tree(), on, "52", grouped)]


def test_units_of_a_level_are_those_of_the_day() -> None:
    rule = UnitsRule(under=PROVINCE, level="commune")
    assert meant(rule) == [NORTH, SOUTH]
    assert meant(rule, APRIL) == [NORTH, SOUTH, EAST]
    assert meant(UnitsRule(under=DISTRICT, level="commune"), APRIL) == [NORTH]


def test_named_units_must_exist_on_the_day_and_in_the_province() -> None:
    assert meant(UnitsRule(ids=(SOUTH, NORTH, SOUTH))) == [NORTH, SOUTH]
    for unknown in (EAST, an_id("nơi khác"), an_id("Biên Hòa")):
        with pytest.raises(UnknownUnit) as failure:
            meant(UnitsRule(ids=(NORTH, unknown)))
        assert failure.value.parameters["units"] == [unknown]


def test_a_group_outlives_its_units() -> None:
    assert meant(UnitsRule(group=an_id("nhóm")), grouped=(SOUTH, EAST)) == [SOUTH]


@pytest.mark.parametrize("rule", [UnitsRule(), UnitsRule(ids=(NORTH,), under=PROVINCE), UnitsRule(under=PROVINCE, group=an_id("nhóm"))])
def test_a_rule_says_its_units_in_one_way_only(rule: UnitsRule) -> None:
    with pytest.raises(UnitsAreUnclear):
        meant(rule)


def ground(given_by: UUID = HEALTH) -> Ground:
    return Ground(tree(), APRIL, given_by, OFFICE)


def _places(unit: UUID, **changes: object) -> list[tuple[int, str, UUID]]:
    node = tree().get(unit)
    assert node is not None
    return [(one.step, one.action, one.unit_id) for one in places_of(template(**changes), node, ground())]


def test_the_usual_route_goes_from_the_unit_to_the_owner() -> None:
    assert _places(SOUTH) == [(0, "enter", SOUTH), (1, "send", SOUTH), (2, "verify", HEALTH), (3, "approve", HEALTH)]


def test_a_step_whose_unit_does_not_exist_is_left_out() -> None:
    route = (ROUTE[0], Step("verify", "verifier", "district"), Step("approve", "leader", "office"))
    assert _places(NORTH, route=route)[2:] == [(2, "verify", DISTRICT), (3, "approve", OFFICE)]
    assert _places(SOUTH, route=route)[2:] == [(3, "approve", OFFICE)]


def test_later_steps_in_the_reporting_unit_fall_away() -> None:
    assert _places(HEALTH) == [(0, "enter", HEALTH), (1, "send", HEALTH)]


def test_a_given_plan_is_entered_and_sent_by_its_giver() -> None:
    route = (Step("send", "leader", "owner"),)
    assert _places(SOUTH, kind="plan", giver="committee", route=route) == [(0, "enter", HEALTH), (1, "send", HEALTH)]


def test_a_step_is_warned_of_where_nobody_holds_its_role_for_the_sector() -> None:
    nodes = [node for unit in (NORTH, SOUTH) if (node := tree().get(unit))]
    who = [
        Eligible("data_entry", NORTH, frozenset()),
        Eligible("leader", NORTH, frozenset()),
        Eligible("data_entry", SOUTH, frozenset({"trade"})),
        Eligible("leader", SOUTH, frozenset({"health"})),
        Eligible("verifier", HEALTH, frozenset()),
        Eligible("leader", HEALTH, frozenset()),
    ]
    found = warnings(template(), nodes, ground(), who)
    assert [(one["action"], one["unit_id"], one["units"]) for one in found] == [("enter", SOUTH, [SOUTH])]
    assert found[0]["message"].startswith("Xã Nam chưa có tài khoản")


def person(role: str, unit: UUID, *sectors: str) -> Principal:
    return Principal("ai đó", "user", (GrantClaim(role, (unit,), sectors),))


def test_a_department_designs_templates_of_its_sectors_only() -> None:
    known = tree()
    assert designing_unit(person("compiler", HEALTH), known, HEALTH, "health") == HEALTH
    assert designing_unit(person("compiler", HEALTH), known, HEALTH, "trade") is None
    assert designing_unit(person("compiler", HEALTH), known, HEALTH, "general") is None
    assert designing_unit(person("compiler", HEALTH, "population"), known, HEALTH, "health") is None
    assert designing_unit(person("leader", HEALTH), known, HEALTH, "health") is None


def test_the_office_designs_everything_of_its_province() -> None:
    known = tree()
    assert designing_unit(person("compiler", OFFICE), known, HEALTH, "health") == OFFICE
    assert designing_unit(person("compiler", OFFICE), known, OFFICE, "general") == OFFICE
    assert designing_unit(person("compiler", OFFICE), known, an_id("Biên Hòa"), "health") is None
    assert sectors_of_compiler(person("compiler", OFFICE), known) is None
    assert sectors_of_compiler(person("compiler", HEALTH), known) == frozenset({"health"})


def test_who_looks_at_assignments_sees_the_own_scope() -> None:
    known = tree()
    assert assignment_scope(person("compiler", OFFICE), known, APRIL).provinces == ["52"]
    assert assignment_scope(person("executive", PROVINCE), known, APRIL).provinces == ["52"]
    of_department = assignment_scope(person("verifier", HEALTH), known, APRIL)
    assert (of_department.provinces, of_department.owners, of_department.charges) == ([], [HEALTH], ["52/health"])
    assert set(assignment_scope(person("verifier", DISTRICT), known, APRIL).units) == {DISTRICT, NORTH}
    assert assignment_scope(person("administrator", PROVINCE), known, APRIL).units == []
