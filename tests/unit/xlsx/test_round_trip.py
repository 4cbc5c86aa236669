"""What is written comes back: values of every kind, several sheets, renamed and re-saved worksheets."""

import unicodedata
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.sheet.model import BLANK, NIL, Value
from kernel.sheet.xlsx_identity import SheetIdentity
from kernel.sheet.xlsx_read import Expected, identify
from kernel.sheet.xlsx_values import exact
from kernel.sheet.xlsx_write import FilledSheet, worksheet_names, write_workbook
from tests.unit.xlsx.forms import CROPS, LABELS, SECRET, VALUES, edited, filled, parse_here, read, workbook

INPUTS = {key: ref for key, ref in CROPS.refs.items() if ref.role == "input"}

a_reason = st.sampled_from(["not-collected", "not-due", "not-applicable"]).map(lambda reason: Value(missing=reason))
a_text = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zs", "Zl", "Zp"]), min_size=3, max_size=40).filter(
    lambda text: text != "..."
)


@st.composite
def values_of_the_form(draw: st.DrawFn) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for key, ref in INPUTS.items():
        if ref.row.kind == "text":
            own = a_text.map(lambda text: Value(text=text))
        else:
            most = ref.limits.maximum or Decimal("9999999999999.9")
            own = st.decimals(0, most, places=ref.decimals).map(lambda number: Value(number=number))
        found[key] = draw(st.one_of(st.just(BLANK), st.just(NIL), a_reason, own))
    return found


@settings(max_examples=60, deadline=None)
@given(values_of_the_form())
def test_every_value_that_may_be_typed_comes_back_as_it_was_written(values: dict[str, Value]) -> None:
    reading = read(workbook(filled(values)))

    assert reading.errors == ()
    assert {key: value for key, value in reading.sheets[0].values.items() if key in INPUTS} == _composed(values)


def _composed(values: dict[str, Value]) -> dict[str, Value]:
    return {
        key: msgspec.structs.replace(value, text=unicodedata.normalize("NFC", value.text)) if value.text else value
        for key, value in values.items()
    }


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 14))
def test_a_number_of_fifteen_digits_survives_the_doubles_of_the_file(digits: int, places: int) -> None:
    number = Decimal(digits).scaleb(-places)

    assert exact(repr(float(number))) == number
    assert exact(f"{float(number):.17g}") == number


def test_a_target_keeps_its_sign_and_its_upper_end() -> None:
    values = {
        "rice.plan": Value(number=Decimal("8.2"), maximum=Decimal("8.6"), comparator="range"),
        "rice.month": Value(number=Decimal(5), comparator=">="),
    }

    back = read(workbook(filled(values))).sheets[0].values

    assert back["rice.plan"] == values["rice.plan"]
    assert back["rice.month"] == values["rice.month"]


def test_every_cell_that_can_be_typed_into_is_told_blank_ones_too() -> None:
    assert read(workbook(filled({}))).sheets[0].values == dict.fromkeys(INPUTS, BLANK)


def test_formula_and_carried_cells_are_not_read() -> None:
    data = edited(workbook(), lambda sheet: sheet.__setitem__("F8", 77))

    assert set(read(data).sheets[0].values) == INPUTS.keys()


def test_a_carried_cell_that_may_be_typed_into_is_read_and_marked_as_typed() -> None:
    data = edited(workbook(), lambda sheet: sheet.__setitem__("F8", 77))

    reading = read(data, k1=Expected(CROPS, LABELS, typable=frozenset({"rice.before"})))

    assert reading.sheets[0].values["rice.before"] == Value(number=Decimal(77), typed=True)


def test_several_forms_in_one_workbook_come_back_by_their_keys() -> None:
    second = {"rice.plan": Value(number=Decimal(2))}
    data = workbook(filled(key="k1"), filled(second, key="k2"), filled({}, key="k3"))

    reading = read(data, k1=Expected(CROPS), k2=Expected(CROPS), k3=Expected(CROPS))

    assert reading.errors == ()
    assert [(sheet.key, sheet.values["rice.plan"]) for sheet in reading.sheets] == [
        ("k1", VALUES["rice.plan"]),
        ("k2", second["rice.plan"]),
        ("k3", BLANK),
    ]


def test_the_file_says_which_forms_it_holds_before_anybody_knows() -> None:
    told = identify(parse_here(workbook(filled(key="k1"), filled(key="k2"))), SECRET)

    assert [(one.key, one.labels) for one in told.sheets] == [("k1", LABELS), ("k2", LABELS)]
    assert told.errors == ()


def test_a_worksheet_that_was_renamed_is_still_known() -> None:
    raw = parse_here(workbook())
    renamed = [msgspec.structs.replace(sheet, name="Tên mới") if "_ktxh_1" in sheet.anchors else sheet for sheet in raw]

    assert read(renamed).errors == ()


def test_a_worksheet_of_ones_own_is_ignored_and_named() -> None:
    data = edited(workbook(), lambda sheet: sheet.parent.create_sheet("Nháp").append([1, 2]))

    reading = read(data)

    assert reading.errors == ()
    assert reading.ignored == ("Nháp",)


def test_a_file_for_reading_only_has_no_identity() -> None:
    data = write_workbook([FilledSheet(sheet=CROPS, values=VALUES, name="A")], secret=None)

    assert [sheet.name for sheet in parse_here(data)] == ["A"]


def test_a_form_to_be_read_back_needs_an_identity_of_its_own() -> None:
    with pytest.raises(ValueError, match="identity"):
        write_workbook([filled(), filled()], secret=SECRET)
    with pytest.raises(ValueError, match="identity"):
        write_workbook([FilledSheet(sheet=CROPS, values={}, name="A")], secret=SECRET)


def test_a_text_too_long_for_a_cell_is_never_cut_off_silently() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        workbook(filled({"remark.month": Value(text="x" * 40_000)}))


def test_worksheet_names_are_made_fit_and_unlike() -> None:
    names = worksheet_names(["Y tế: tháng 3/2026 [xã]", "a" * 40, "A" * 40, "''", "_KTXH"])

    assert names == ["Y tế tháng 3 2026 xã", "a" * 31, "A" * 27 + " (2)", "Sheet", "_KTXH (2)"]


def test_hidden_words_longer_than_a_cell_are_kept_in_pieces() -> None:
    labels = {f"label {n}": "dài " * 100 for n in range(200)}
    sheet = FilledSheet(sheet=CROPS, values=VALUES, name="A", identity=SheetIdentity("k1", labels))

    told = identify(parse_here(write_workbook([sheet], secret=SECRET)), SECRET)

    assert told.sheets[0].labels == labels
