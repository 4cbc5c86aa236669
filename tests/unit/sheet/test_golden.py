"""The golden file: what every implementation of the calculation must give."""

import json
from pathlib import Path
from typing import Any

import pytest

from kernel.sheet.evaluation import Calculator
from kernel.sheet.model import Value

from .forms import key_of, sheet_of_places, value_of

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("golden.json").read_text("utf-8"))["cases"]


def expected_value(written: object) -> Value:
    value = value_of(written)
    return Value(missing=value.missing, needs=key_of(value.needs)) if value.needs else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_the_golden_file_is_computed(case: dict[str, Any]) -> None:
    sheet = sheet_of_places(case["formulas"], case["inputs"], case.get("decimals"))
    values = {key_of(a1): value_of(written) for a1, written in case["inputs"].items()}
    result = Calculator(sheet).evaluate(values, not_additive={key_of(a1) for a1 in case.get("not_additive", ())})
    expected = {key_of(a1): expected_value(written) for a1, written in case["expected"].items()}
    assert {key: result[key] for key in expected} == expected
    assert result.keys() == expected.keys()
    assert {key: str(value.number) for key, value in result.items()} == {key: str(value.number) for key, value in expected.items()}


def test_the_golden_file_has_enough_formulas_and_no_name_twice() -> None:
    assert sum(len(case["formulas"]) for case in CASES) >= 60
    assert len({case["name"] for case in CASES}) == len(CASES)
