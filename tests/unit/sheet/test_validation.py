"""What is wrong with entered figures, said in Vietnamese with how to mend it."""

from decimal import Decimal

import msgspec
import pytest

from kernel.sheet.evaluation import Calculator
from kernel.sheet.model import NIL, Cell, Column, Limits, Rule, Sheet, Value
from kernel.sheet.validation import check_entry, empty_required, validate

from .forms import health, number

RULES = (
    Rule(key="within_plan", formula="=F8<=E8", message="Thực hiện không vượt kế hoạch", severity="warning", cells=("visits.actual",)),
    Rule(key="beds_needed", formula="=OR(F8=0,F11>0)", message="Có lượt khám thì phải có giường"),
    Rule(key="ratio", formula="=F8/F11<=100", message="Quá 100 lượt một giường"),
    Rule(key="share", formula="=G8<=100.0", message="Quá 100 %"),
)


def form() -> Sheet:
    limits = {
        "beds": Limits(minimum=Decimal(0), maximum=Decimal("1234.5"), decimals=1, jump=Decimal(2)),
        "visits": Limits(minimum=Decimal(0)),
    }
    return msgspec.structs.replace(health(), rules=RULES, limits=limits)


def rules_of(values: dict[str, Value], previous: dict[str, Value] | None = None) -> list[str]:
    return [finding.rule for finding in validate(form(), values, previous)]


GOOD = {"public.plan": number(80), "private.plan": number(20), "public.actual": number(70), "private.actual": NIL, "beds.actual": number(9)}


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("beds.actual", Value(text="chín"), "number-expected"),
        ("beds.actual", number("1.25"), "too-many-decimals"),
        ("beds.actual", number("1234567890123456"), "too-many-digits"),
        ("beds.actual", Value(missing="not-computable"), "bad-missing-reason"),
        ("beds.actual", Value(missing="no such reason"), "bad-missing-reason"),
        ("beds.plan", Value(number=Decimal(5), maximum=Decimal(4), comparator="range"), "bad-range"),
        ("beds.plan", Value(number=Decimal(5), maximum=Decimal("5.55"), comparator="range"), "too-many-decimals"),
        ("note.actual", Value(text="x" * 2001), "text-too-long"),
        ("note.actual", number(1), "text-expected"),
        ("beds.share", number(1), "blocked-cell"),
        ("heading.plan", number(1), "blocked-cell"),
        ("gone.plan", number(1), "unknown-cell"),
        ("visits.actual", number(1), "not-an-input"),
        ("visits.share", number(1), "not-an-input"),
        ("beds.before", number(1), "not-an-input"),
    ],
)
def test_what_may_not_be_saved(key: str, value: Value, rule: str) -> None:
    finding = check_entry(form(), key, value)
    assert finding is not None
    assert (finding.rule, finding.severity, finding.cells) == (rule, "error", (key,))


@pytest.mark.parametrize(
    "value",
    [
        Value(),
        NIL,
        number(0),
        number("1.50"),
        number("99999"),
        Value(missing="not-due"),
        Value(number=Decimal(1), maximum=Decimal(2), comparator="range"),
    ],
)
def test_what_may_be_saved(value: Value) -> None:
    assert check_entry(form(), "beds.actual", value) is None


def test_a_carried_cell_may_be_typed_into_only_while_it_has_no_source() -> None:
    assert check_entry(form(), "beds.before", number(1), typable={"beds.before"}) is None
    assert check_entry(form(), "visits.share", number(1), typable={"visits.share"}) is not None


def test_a_message_names_the_cell_and_writes_figures_as_people_do() -> None:
    (finding,) = validate(form(), {**GOOD, "beds.actual": number("12345.5")})
    assert finding.message == (
        "Ô F11 (Giường bệnh, Thực hiện): 12.345,5 lớn hơn mức cao nhất cho phép 1.234,5. Hãy kiểm tra lại số liệu và đơn vị tính."
    )
    assert finding.parameters == {"number": "12345.5", "minimum": "0", "maximum": "1234.5"}


def test_a_good_form_has_no_findings() -> None:
    assert validate(form(), GOOD) == []
    assert validate(form(), {**GOOD, **Calculator(form()).evaluate(GOOD)}) == []


def test_a_target_is_in_range_with_both_its_ends() -> None:
    assert rules_of({**GOOD, "beds.plan": Value(number=Decimal(5), maximum=Decimal(2000), comparator="range")}) == ["out-of-range"]


def test_a_formula_cell_is_held_to_the_range_of_its_subject() -> None:
    values = {**GOOD, "public.actual": number(-5)}
    assert [(f.rule, f.cells) for f in validate(form(), {**values, **Calculator(form()).evaluate(values)})] == [
        ("out-of-range", ("visits.actual",))
    ]


def test_a_jump_is_a_warning_both_up_and_down() -> None:
    before = {"beds.actual": number(9)}
    assert rules_of({**GOOD, "beds.actual": number(18)}, before) == []
    assert rules_of({**GOOD, "beds.actual": number(19)}, before) == ["jump"]
    assert rules_of({**GOOD, "beds.actual": number(4)}, before) == ["jump"]
    assert rules_of({**GOOD, "beds.actual": number(19)}, {"beds.actual": NIL}) == []
    assert validate(form(), {**GOOD, "beds.actual": number(4)}, before)[0].severity == "warning"


def test_falling_to_nothing_is_a_jump_too() -> None:
    assert "jump" in rules_of({**GOOD, "beds.actual": NIL}, {"beds.actual": number(9)})


def test_a_broken_rule_says_its_own_message_about_its_cells() -> None:
    found = validate(form(), {**GOOD, "public.actual": number(101)})
    assert [(f.rule, f.severity, f.cells, f.message) for f in found] == [
        ("within_plan", "warning", ("visits.actual",), "Thực hiện không vượt kế hoạch"),
        ("share", "error", ("visits.share",), "Quá 100 %"),
    ]


def test_a_rule_that_lacks_a_figure_does_not_speak() -> None:
    values = {key: value for key, value in GOOD.items() if key != "beds.actual"}
    assert rules_of(values) == []
    assert rules_of({**GOOD, "beds.actual": NIL}) == ["beds_needed"]


def test_rules_see_rounded_figures() -> None:
    """100.04 % is shown, and meant, as 100.0 %."""
    values = {
        "public.plan": number(10000),
        "private.plan": NIL,
        "public.actual": number(10004),
        "private.actual": NIL,
        "beds.actual": number(1000),
    }
    assert rules_of(values) == ["within_plan"]


def test_rules_leave_nothing_behind_for_the_next_figures() -> None:
    sheet = form()
    assert [f.rule for f in validate(sheet, {**GOOD, "beds.actual": NIL})] == ["beds_needed"]
    assert validate(sheet, GOOD) == []
    assert validate(sheet, {}) == []


def test_every_wrong_cell_is_told_at_once() -> None:
    wrong = {"gone.x": number(1), "beds.plan": Value(text="a"), "beds.actual": number("1.234"), "public.plan": number("1234567890123456")}
    assert rules_of(wrong) == ["unknown-cell", "too-many-digits", "number-expected", "too-many-decimals"]


def test_a_carried_figure_is_checked_only_where_it_was_typed() -> None:
    assert rules_of({**GOOD, "beds.before": number("5000.55")}) == []
    assert rules_of({**GOOD, "beds.before": Value(number=Decimal("5000.55"), typed=True)}) == ["too-many-decimals"]


def test_blank_required_cells_are_listed_but_nil_and_a_reason_are_answers() -> None:
    values = {**GOOD, "beds.plan": Value(missing="not-due")}
    assert empty_required(form(), values) == []
    assert empty_required(form(), {**values, "public.actual": Value()}) == ["public.actual"]
    assert empty_required(form(), {}) == ["public.plan", "public.actual", "private.plan", "private.actual", "beds.plan", "beds.actual"]


def test_a_note_is_not_required_unless_its_cell_says_so() -> None:
    sheet = msgspec.structs.replace(form(), cells={"beds.share": Cell(blocked=True), "note.actual": Cell(required=True)})
    assert empty_required(sheet, {**GOOD, "beds.plan": NIL}) == ["note.actual"]


def test_a_cell_may_be_required_or_not_by_itself() -> None:
    cells = {"beds.share": Cell(blocked=True), "beds.plan": Cell(required=False), "beds.before": Cell(required=True)}
    sheet = msgspec.structs.replace(form(), cells=cells, columns=(*form().columns[:3], Column(key="extra", at=8, header=())))
    found = empty_required(sheet, GOOD)
    assert "beds.before" in found
    assert "beds.plan" not in found
    assert "beds.extra" in found
