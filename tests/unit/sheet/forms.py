"""Forms for the tests of the calculation: small ones by hand, and any from A1 places."""

from collections.abc import Mapping
from decimal import Decimal

from kernel.sheet.model import BLANK, NIL, Cell, Column, Row, Sheet, Value
from kernel.sheet.references import Place, parse


def number(text: str | int) -> Value:
    return Value(number=Decimal(text))


def place(a1: str) -> tuple[int, int]:
    """(row, column) of a place such as D7."""
    area = parse(a1).areas[0]
    return area.first.row, area.first.column


def key_of(a1: str) -> str:
    row, column = place(a1)
    return f"r{row}.c{column}"


def sheet_of_places(formulas: Mapping[str, str], inputs: Mapping[str, object], decimals: Mapping[str, int] | None = None) -> Sheet:
    """A sheet whose figures are these places and no others; `r7.c4` is D7."""
    figures = {place(a1) for a1 in (*formulas, *inputs)}
    rows, columns = sorted({row for row, _ in figures}), sorted({column for _, column in figures})
    cells = {f"r{row}.c{column}": Cell(blocked=True) for row in rows for column in columns if (row, column) not in figures}
    cells |= {key_of(a1): Cell(formula=formula, decimals=(decimals or {}).get(a1, 0)) for a1, formula in formulas.items()}
    return Sheet(
        title="",
        rows=tuple(Row(key=f"r{row}", at=row, label="", subject="x", decimals=9) for row in rows),
        columns=tuple(Column(key=f"c{column}", at=column, header=(str(Place(1, column)),)) for column in columns),
        cells=cells,
    )


def value_of(written: object) -> Value:
    """A value as the golden file writes it."""
    match written:
        case None:
            return BLANK
        case "-":
            return NIL
        case str():
            return number(written)
        case {"number": str(text), **rest}:
            maximum = rest.pop("maximum", None)
            return Value(number=Decimal(text), maximum=Decimal(str(maximum)) if maximum else None, **rest)  # type: ignore[arg-type]
        case {**rest}:
            return Value(**{"needs": None, **rest})  # type: ignore[arg-type]
    raise ValueError(written)


def health() -> Sheet:
    """A form with headings, sums of nested rows, a percentage, a carried column, a crossed-out cell and a row of text."""
    return Sheet(
        title="Y tế",
        rows=(
            Row(key="heading", at=7, label="I. Khám chữa bệnh"),
            Row(key="visits", at=8, label="Lượt khám bệnh", subject="visits", unit_of_measure="Lượt", formula="=E9+E10"),
            Row(key="public", at=9, label="Công lập", subject="visits_public", unit_of_measure="Lượt", indent=1),
            Row(key="private", at=10, label="Ngoài công lập", subject="visits_private", unit_of_measure="Lượt", indent=1),
            Row(key="beds", at=11, label="Giường bệnh", subject="beds", unit_of_measure="Giường"),
            Row(key="note", at=12, label="Nguyên nhân", subject="note", kind="text"),
        ),
        columns=(
            Column(key="before", at=4, header=("Kỳ trước",), role="carried"),
            Column(key="plan", at=5, header=("Kế hoạch",)),
            Column(key="actual", at=6, header=("Thực hiện",)),
            Column(
                key="share",
                at=7,
                header=("So sánh", "Thực hiện/kế hoạch"),
                role="formula",
                formula="=F8/E8*100",
                decimals=1,
                unit_of_measure="%",
            ),
        ),
        cells={"beds.share": Cell(blocked=True)},
    )
