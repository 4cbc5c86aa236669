"""What a sheet is: rows and columns at fixed places of a spreadsheet, and the values in its cells. Holds no arithmetic."""

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from .formulas import Graph

Role = Literal["input", "formula", "carried"]
Severity = Literal["error", "warning"]
Comparator = Literal["=", ">=", "<=", ">", "<", "range"]
ValueKind = Literal["number", "text"]

MISSING_REASONS = (
    "not-collected",  # exists, but could not be collected
    "not-due",  # its time has not come
    "not-applicable",  # does not concern this subject
    "not-computable",  # a formula gave an error
    "not-additive",  # must not be added up
    "missing-precedent",  # a formula lacks a figure that it needs
    "held",  # withheld by policy
    "no-weight",  # needs a weight that nobody has entered
)
"""Reasons that a missing value may carry; an empty reason means blank, nobody has said why."""


class Value(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One cell's content: a number, nil, text, or missing with a reason. `Value()` is blank.

    `number` is exact and at most 15 significant digits. A nil counts as zero and as given. A target may have
    a `maximum` and a `comparator`; formulas use `number`, its minimum. `of` and `given` mark a partial sum:
    `given` of `of` precedents were there.
    """

    number: Decimal | None = None
    nil: bool = False
    text: str | None = None
    missing: str | None = None
    maximum: Decimal | None = None
    comparator: Comparator | None = None
    given: int | None = None
    of: int | None = None
    needs: str | None = None  # the cell whose absence makes this one missing
    typed: bool = False  # typed by hand into a cell that is otherwise filled from elsewhere
    explained: str | None = None  # SHA-256 of the explanation of a warning, never its text

    @property
    def as_number(self) -> Decimal | None:
        """The number that formulas and sums use; nil is zero, anything else that is no number is None."""
        return Decimal(0) if self.nil else self.number

    @property
    def is_blank(self) -> bool:
        return self.number is None and not self.nil and self.text is None and self.missing is None


BLANK = Value()
NIL = Value(nil=True)


class Carried(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a carried column's figures come from: a column of a sheet (itself, if empty) at a period relative to this one."""

    column: str
    source: str = ""
    offset: Literal["previous", "same-last-year", "year-to-date", "year"] = "previous"


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of the form. `at` is its row number in the spreadsheet, from 1. A row without `subject` is a heading."""

    key: str
    at: int
    label: str
    number: str = ""  # the numbering as printed: I, 1, 1.1
    indent: int = 0
    unit_of_measure: str = ""
    subject: str | None = None  # what the row measures (an indicator's code)
    formula: str | None = None  # A1 formula of the row's cells in columns of role `input`, written for the first such column
    decimals: int | None = None
    kind: ValueKind = "number"


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column of figures. `at` is its column number in the spreadsheet, from 1 (A).

    `formula` holds where the role is `formula`, and is written for the first row that has a subject.
    """

    key: str
    at: int
    header: tuple[str, ...]
    role: Role = "input"
    measure: str = ""
    formula: str | None = None
    carried: Carried | None = None
    decimals: int | None = None
    width: float = 12.0
    unit_of_measure: str = ""  # where the whole column has another one than its rows, as % has


class Cell(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one cell has of its own; whatever is None comes from its column, else its row."""

    role: Role | None = None
    formula: str | None = None
    decimals: int | None = None
    required: bool | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    blocked: bool = False  # crossed out on the form: never holds a figure


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A formula that must be TRUE of a filled sheet; `message` says how to mend it, `cells` which cells it is about."""

    key: str
    formula: str
    message: str
    severity: Severity = "error"
    cells: tuple[str, ...] = ()


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a subject's figures must keep: range, decimals, and the largest ratio to the previous period."""

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    decimals: int = 0
    jump: Decimal | None = None


class Layout(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the parts of the form stand in the spreadsheet; columns from 1 (A), rows from 1. 0 means: not there."""

    header_top: int = 5
    header_bottom: int = 6
    number_column: int = 1
    label_column: int = 2
    unit_column: int = 3
    title_row: int = 1


class CellRef(NamedTuple):
    """A figure's place: its row and column, its key `row.column`, and what holds for it after cell, column and row are joined."""

    key: str
    row: Row
    column: Column
    role: Role
    formula: str | None
    decimals: int
    limits: Limits
    required: bool


class Sheet(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """A form: immutable once published. Cells are named `row_key.column_key`; formulas are A1 formulas of this sheet."""

    title: str
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    cells: dict[str, Cell] = {}
    rules: tuple[Rule, ...] = ()
    limits: dict[str, Limits] = {}  # by subject
    layout: Layout = Layout()

    @cached_property
    def refs(self) -> dict[str, CellRef]:
        """Every figure's place, by its key, in reading order: heading rows and blocked cells have none."""
        return {ref.key: ref for ref in self._each_ref()}

    def _each_ref(self) -> Iterator[CellRef]:
        from .formulas import formula_of

        for row in self.rows:
            if row.subject is None:
                continue
            for column in self.columns:
                key = f"{row.key}.{column.key}"
                cell = self.cells.get(key, NOTHING_OF_ITS_OWN)
                if not cell.blocked:
                    yield self._ref(key, row, column, cell, formula_of(self, row, column, cell))

    def _ref(self, key: str, row: Row, column: Column, cell: Cell, formula: str | None) -> CellRef:
        limits = self.limits.get(row.subject or "", Limits())
        own = (cell.decimals, column.decimals, row.decimals, limits.decimals)
        role = cell.role or ("formula" if formula else "input" if column.role == "formula" else column.role)
        if column.unit_of_measure not in ("", row.unit_of_measure):
            limits = Limits(decimals=limits.decimals)  # a range in people says nothing of a percentage
        limits = msgspec.structs.replace(
            limits,
            minimum=limits.minimum if cell.minimum is None else cell.minimum,
            maximum=limits.maximum if cell.maximum is None else cell.maximum,
        )
        return CellRef(
            key=key,
            row=row,
            column=column,
            role=role,
            formula=formula,
            decimals=next(d for d in own if d is not None),
            limits=limits,
            required=cell.required if cell.required is not None else role == "input" and row.kind == "number",
        )

    @cached_property
    def first_row(self) -> Row | None:
        """The row that column formulas are written for: the first that has a subject."""
        return next((row for row in self.rows if row.subject is not None), None)

    @cached_property
    def first_input_column(self) -> Column | None:
        """The column that row formulas are written for: the first of role `input`."""
        return next((column for column in self.columns if column.role == "input"), None)

    @cached_property
    def extent(self) -> tuple[int, int]:
        """The last spreadsheet row and column that hold a figure; (0, 0) for none."""
        return max((row for row, _ in self.key_at), default=0), max((column for _, column in self.key_at), default=0)

    @cached_property
    def graph(self) -> "Graph":
        """Who reads whom among the cells."""
        from .formulas import graph_of

        return graph_of(self)

    @cached_property
    def key_at(self) -> dict[tuple[int, int], str]:
        """(spreadsheet row, spreadsheet column) → cell key."""
        return {(ref.row.at, ref.column.at): key for key, ref in self.refs.items()}


NOTHING_OF_ITS_OWN = Cell()
