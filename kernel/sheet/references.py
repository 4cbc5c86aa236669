"""Reads A1 formulas into their references and moves them to another place; computes nothing and knows no sheet."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from openpyxl.utils import column_index_from_string, get_column_letter

LAST_ROW = 1_048_576
LAST_COLUMN = 16_384
DEEPEST_NESTING = 64
"""Excel's own limit."""
LONGEST_FORMULA = 8_192

_CELL = r"(\$?)([A-Za-z]{1,3})(\$?)([1-9][0-9]{0,6})"
_AREA = re.compile(f"{_CELL}(?::{_CELL})?")
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>"(?:[^"]|"")*")
    |(?P<unbounded>\$?[0-9]+:\$?[0-9]+|\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}(?![A-Za-z0-9_.($]))
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.$!]))
    |(?P<function>[A-Za-z_][A-Za-z0-9_.]*\()
    |(?P<outside>'(?:[^']|'')*'![$A-Za-z0-9:]*|[^\W\d][\w.]*![$A-Za-z0-9:]*|\w*\[[^\]]*\][$\w!:]*|\#[A-Z0-9/]+[!?]?)
    |(?P<operand>[$\w\\][$\w.\\]*(?::[$\w.]+)?)
    |(?P<operator><=|>=|<>|[-+*/^&=<>])
    |(?P<percent>%)
    |(?P<bracket>\()
    |(?P<close>\))
    |(?P<comma>,)""",
    re.VERBOSE,
)
_CONSTANTS = ("TRUE", "FALSE")
_ONE_STEP_OF_A_SUM = re.compile(r"S[cr](?:,[cr])*\)|\(c\)|c\+c|pc")


class Place(NamedTuple):
    """A reference to one cell; `…_fixed` where the formula writes `$`."""

    row: int
    column: int
    row_fixed: bool = False
    column_fixed: bool = False

    def moved(self, rows: int, columns: int) -> "Place":
        return self._replace(
            row=self.row if self.row_fixed else self.row + rows,
            column=self.column if self.column_fixed else self.column + columns,
        )

    @property
    def exists(self) -> bool:
        return 1 <= self.row <= LAST_ROW and 1 <= self.column <= LAST_COLUMN

    def __str__(self) -> str:
        return f"{'$' * self.column_fixed}{get_column_letter(self.column)}{'$' * self.row_fixed}{self.row}"


class Area(NamedTuple):
    """A cell (`last` is None) or a rectangle of cells, corners as written."""

    first: Place
    last: Place | None = None

    def moved(self, rows: int, columns: int) -> "Area | str":
        first = self.first.moved(rows, columns)
        last = self.last.moved(rows, columns) if self.last else None
        if not first.exists or (last is not None and not last.exists):
            return "#REF!"
        return Area(first, last)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Top, left, bottom, right."""
        last = self.last or self.first
        rows, columns = sorted((self.first.row, last.row)), sorted((self.first.column, last.column))
        return rows[0], columns[0], rows[1], columns[1]

    def __str__(self) -> str:
        return f"{self.first}:{self.last}" if self.last else str(self.first)


@dataclass(frozen=True)
class Parsed:
    """A formula taken apart. `parts` joined give it back; `is_sound` is false where its grammar is wrong."""

    parts: tuple[str | Area, ...]
    functions: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    unbounded: tuple[str, ...] = ()
    is_sum: bool = False
    is_sound: bool = True
    weight: int = 1  # brackets and operators: how deep the engine recurses into it at most

    @property
    def is_closed(self) -> bool:
        """Whether it is well-formed and reads nothing but cells and bounded ranges of its own sheet."""
        return self.is_sound and not (self.names or self.outside or self.unbounded)

    @property
    def areas(self) -> list[Area]:
        return [part for part in self.parts if isinstance(part, Area)]

    def moved(self, rows: int, columns: int) -> str:
        return "".join(part if isinstance(part, str) else str(part.moved(rows, columns)) for part in self.parts)


def canonical(formula: str) -> str:
    """The formula with one leading `=` and no space around it."""
    return "=" + formula.strip().removeprefix("=").strip()


@lru_cache(maxsize=16_384)
def parse(formula: str) -> Parsed:
    """Take a formula apart, with or without its leading `=`. Never raises: a wrong one is not `is_sound`."""
    text = canonical(formula)
    tokens = _tokens(text) if len(text) <= LONGEST_FORMULA else None
    if tokens is None:
        return Parsed((text,), is_sound=False)
    return Parsed(
        parts=_joined(["=", *(token.part for token in tokens)]),
        functions=frozenset(str(token.part)[:-1].upper() for token in tokens if token.kind == "function"),
        names=tuple(str(token.part) for token in tokens if token.kind == "name"),
        outside=tuple(str(token.part) for token in tokens if token.kind == "outside"),
        unbounded=tuple(str(token.part) for token in tokens if token.kind == "unbounded"),
        is_sum=_is_sum(tokens),
        is_sound=_is_sound(tokens),
        weight=1 + sum(token.kind in ("function", "bracket", "prefix", "operator", "percent") for token in tokens),
    )


class _Token(NamedTuple):
    kind: str
    part: str | Area


_OPERANDS = ("text", "number", "constant", "cell", "range", "name", "outside", "unbounded")
_ENDS_AN_OPERAND = (*_OPERANDS, "percent", "close")


def _tokens(text: str) -> list[_Token] | None:
    """None where something stands in the formula that belongs in none: `;`, `{`, `@`, an open quotation."""
    tokens, at, before = list[_Token](), 1, "start"
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        token = _token(str(found.lastgroup), found.group(), before)
        tokens.append(token)
        before = before if token.kind == "space" else token.kind
        at = found.end()
    return tokens


def _token(kind: str, text: str, before: str) -> _Token:
    if kind == "operator" and text in "+-" and before not in _ENDS_AN_OPERAND:
        return _Token("prefix", text)
    if kind != "operand":
        return _Token(kind, text)
    if text.upper() in _CONSTANTS:
        return _Token("constant", text)
    area = _area(text)
    if area is None:
        return _Token("name", text)
    return _Token("range" if area.last else "cell", area)


def _area(text: str) -> Area | None:
    found = _AREA.fullmatch(text)
    if found is None:
        return None
    groups = found.groups()
    area = Area(_place(*groups[:4]), _place(*groups[4:]) if groups[5] else None)
    return area if area.first.exists and (area.last is None or area.last.exists) else None


def _place(column_mark: str, letters: str, row_mark: str, digits: str) -> Place:
    return Place(int(digits), column_index_from_string(letters.upper()), bool(row_mark), bool(column_mark))


def _joined(parts: list[str | Area]) -> tuple[str | Area, ...]:
    joined: list[str | Area] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)


def _is_sum(tokens: list[_Token]) -> bool:
    """Whether only cells, SUM and + occur, by rewriting the formula's shape until nothing but one cell is left."""
    shape = "".join(_letter(token) for token in tokens)
    while True:
        reduced = _ONE_STEP_OF_A_SUM.sub("c", shape)
        if reduced == shape:
            return shape == "c"
        shape = reduced


def _letter(token: _Token) -> str:
    match token.kind, str(token.part).upper():
        case (("cell" | "range"), _):
            return token.kind[0]
        case "space", _:
            return ""
        case "prefix", "+":
            return "p"
        case "function", "SUM(":
            return "S"
        case (("operator" | "bracket" | "close" | "comma"), ("+" | "(" | ")" | ",") as mark):
            return mark
        case _:
            return "x"


def _is_sound(tokens: list[_Token]) -> bool:
    """Whether operands, operators and brackets alternate as they must: the engine itself takes `=A1)` and `=A1 B1`."""
    before, opened = "start", list[str]()
    for kind in (token.kind for token in tokens if token.kind != "space"):
        after_operand = before in _ENDS_AN_OPERAND
        if kind in ("operator", "percent"):
            fits = after_operand
        elif kind == "comma":
            fits = opened[-1:] == ["function"] and (after_operand or before in ("function", "comma"))
        elif kind == "close":
            innermost = opened.pop() if opened else ""
            fits = bool(innermost) and (after_operand or (innermost == "function" and before in ("function", "comma")))
        else:
            fits = not after_operand
        if kind in ("function", "bracket"):
            opened.append(kind)
        if not fits or len(opened) > DEEPEST_NESTING:
            return False
        before = kind
    return before in _ENDS_AN_OPERAND and not opened
