"""The sheet engine alone: what evaluating and normalising a large form costs in this process, and reading one back from Excel."""

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal

from kernel.sheet.evaluation import Calculator, calculator_for, differences
from kernel.sheet.model import Sheet, Value
from kernel.sheet.validation import validate
from kernel.sheet.xlsx_identity import SheetIdentity
from kernel.sheet.xlsx_read import Expected, read_back
from kernel.sheet.xlsx_untrusted import read_untrusted
from kernel.sheet.xlsx_write import FilledSheet, write_workbook
from ktxh.demo.figures import figures
from ktxh.demo.forms import Form, provincial

from .forms import form, size_of, typed_values
from .measuring import Bench, Figure, times

SECRET = b"of the measurement"


async def measure(bench: Bench) -> list[Figure]:
    repetitions = bench.pick(15, 3)
    large, largest = provincial.month(), form("DO-12000", 500, 16, 8)
    engine = [
        *_engine("500 × 14", large.sheet, [_as_reported(large, seed) for seed in (1, 2)], repetitions),
        *_engine("12,000 cells", largest.sheet, [typed_values(largest.sheet, seed) for seed in (1, 2)], repetitions),
    ]
    typed = _as_reported(large, 1)
    return [*engine, await _read_back(large.sheet, typed, bench.pick(9, 3)), _export(large.sheet, typed, bench.pick(5, 2))]


def _as_reported(form: Form, seed: int) -> dict[str, Value]:
    """What a unit would type; of the demonstration's forms, whose figures keep their limits."""
    return dict(figures(form, "2026-03", "21609", seed))


def _engine(name: str, sheet: Sheet, reports: Sequence[Mapping[str, Value]], repetitions: int) -> list[Figure]:
    size, calculator = size_of(sheet), calculator_for(sheet)
    turn = [_with_carried(sheet, report, seed) for seed, report in enumerate(reports)]
    first = dict(turn[0])

    def evaluate() -> None:  # every input another one each time: the engine keeps what it was given last
        turn.reverse()
        calculator.evaluate(turn[0])

    def normalise_after_one_change() -> None:
        key = next(key for key in first if first[key].number is not None)
        first[key] = Value(number=(first[key].number or Decimal(0)) + 1)
        differences(sheet, first, {})

    complete = {**first, **calculator.evaluate(first)}
    return [
        Figure(f"engine: load a form, {name}", "ms", times(min(repetitions, 5), lambda: Calculator(sheet)), under=size),
        Figure(f"engine: evaluate, {name}", "ms", times(repetitions, evaluate), under=f"{size}; every input changed"),
        Figure(f"engine: normalise, {name}", "ms", times(repetitions, normalise_after_one_change), under=f"{size}; one input changed"),
        Figure(f"engine: validate, {name}", "ms", times(repetitions, lambda: validate(sheet, complete)), under=size),
    ]


def _with_carried(sheet: Sheet, typed: Mapping[str, Value], seed: int) -> dict[str, Value]:
    """Carried cells too, so that no formula is missing for want of them."""
    carried = [key for key, ref in sheet.refs.items() if ref.role == "carried"]
    return {**typed, **{key: Value(number=Decimal((seed + n) % 900 + 100)) for n, key in enumerate(carried)}}


async def _read_back(sheet: Sheet, typed: Mapping[str, Value], repetitions: int) -> Figure:
    """From the file's bytes to values, findings and recomputed formulas; the reading happens in a child process."""
    labels = {"unit": "21609", "period": "2026-03"}
    data = write_workbook([_page(sheet, typed, labels)], secret=SECRET)
    samples = []
    for n in range(repetitions + 1):
        began = time.perf_counter()
        reading = read_back(await read_untrusted(data), {"report": Expected(sheet, labels)}, SECRET)
        values = dict(reading.sheets[0].values)
        validate(sheet, values | calculator_for(sheet).evaluate(values))
        if n:
            samples.append((time.perf_counter() - began) * 1000)
        assert reading.errors == (), reading.errors[:3]
    return Figure(
        "read a file back, 500 × 14", "ms", samples, under=f"{size_of(sheet)}; file of {len(data) // 1024} KiB, in a child process, checked"
    )


def _export(sheet: Sheet, typed: Mapping[str, Value], repetitions: int) -> Figure:
    samples = times(repetitions, lambda: write_workbook([_page(sheet, typed, {})], secret=SECRET), uncounted=0)
    return Figure("  writing that file", "ms", samples, under=size_of(sheet))


def _page(sheet: Sheet, typed: Mapping[str, Value], labels: dict[str, str]) -> FilledSheet:
    return FilledSheet(sheet, {**typed, **calculator_for(sheet).evaluate(typed)}, "Biểu", identity=SheetIdentity("report", labels))
