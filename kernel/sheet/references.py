"""Reads A1 formulas into their references and moves them to another place; computes nothing and knows no sheet."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from openpyxl.formula.tokenizer import Token, Tokenizer, TokenizerError
from openpyxl.utils import column_index_from_string, get_column_letter

LAST_ROW = 1_048_576
LAST_COLUMN = 16_384
DEEPEST_NESTING = 64
"""Excel's own limit; the engine's parser recurses, so an unlimited one would end the process."""
LONGEST_FORMULA = 8_192

_CELL = r"(\$?)([A-Za-z]{1,3})(\$?)([1-9][0-9]{0,6})"
_AREA = re.compile(f"{_CELL}(?::{_CELL})?")
_WHOLE_LINES = re.compile(r"\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}|\$?[0-9]+:\$?[0-9]+")
_OUTSIDE = re.compile(r"[!\[\]]")
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
    if len(text) > LONGEST_FORMULA:
        return Parsed((text,), is_sound=False)
    try:
        tokens = Tokenizer(text).items
    except (TokenizerError, IndexError):  # the tokenizer pops an empty stack on a stray bracket
        return Parsed((text,), is_sound=False)
    return _of_tokens(tokens)


def _of_tokens(tokens: list[Token]) -> Parsed:
    parts: list[str | Area] = ["="]
    others: dict[str, list[str]] = {"names": [], "outside": [], "unbounded": []}
    for token in tokens:
        part = _area(token)
        parts.append(part)
        if isinstance(part, str) and token.type == Token.OPERAND and token.subtype in (Token.RANGE, Token.ERROR):
            others[_kind_of(part)].append(part)
    return Parsed(
        parts=_joined(parts),
        functions=frozenset(t.value[:-1].upper() for t in tokens if t.type == Token.FUNC and t.subtype == Token.OPEN),
        names=tuple(others["names"]),
        outside=tuple(others["outside"]),
        unbounded=tuple(others["unbounded"]),
        is_sum=_is_sum(tokens),
        is_sound=_is_sound(tokens),
    )


def _area(token: Token) -> str | Area:
    found = _AREA.fullmatch(token.value) if token.subtype == Token.RANGE else None
    if found is None:
        return token.value
    groups = found.groups()
    area = Area(_place(*groups[:4]), _place(*groups[4:]) if groups[4:][1] else None)
    return area if area.first.exists and (area.last is None or area.last.exists) else token.value


def _place(column_mark: str, letters: str, row_mark: str, digits: str) -> Place:
    return Place(int(digits), column_index_from_string(letters.upper()), bool(row_mark), bool(column_mark))


def _kind_of(operand: str) -> str:
    if _OUTSIDE.search(operand) or operand.startswith("#"):
        return "outside"
    return "unbounded" if _WHOLE_LINES.fullmatch(operand) else "names"


def _joined(parts: list[str | Area]) -> tuple[str | Area, ...]:
    joined: list[str | Area] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)


def _is_sum(tokens: list[Token]) -> bool:
    """Whether only cells, SUM and + occur, by rewriting the formula's shape until nothing but one cell is left."""
    shape = "".join(_letter(token) for token in tokens)
    while True:
        reduced = _ONE_STEP_OF_A_SUM.sub("c", shape)
        if reduced == shape:
            return shape == "c"
        shape = reduced


def _letter(token: Token) -> str:
    area = _area(token)
    if isinstance(area, Area):
        return "r" if area.last else "c"
    if token.type == Token.WSPACE:
        return ""
    if token.type == Token.OP_PRE and token.value == "+":
        return "p"
    if token.type == Token.FUNC and token.subtype == Token.OPEN:
        return "S" if token.value.upper() == "SUM(" else "x"
    return token.value if token.value in ("+", "(", ")", ",") else "x"


def _is_sound(tokens: list[Token]) -> bool:
    """Whether operands, operators and brackets alternate as they must: the engine itself takes `=A1)` and `=A1;A2`."""
    before, open_brackets = "start", list[str]()
    for token in tokens:
        if token.type == Token.WSPACE:
            continue
        after = _next_state(before, token, open_brackets)
        if after is None or len(open_brackets) > DEEPEST_NESTING:
            return False
        before = after
    return before == "operand" and not open_brackets


def _next_state(before: str, token: Token, open_brackets: list[str]) -> str | None:
    follows_operand = before == "operand"
    match token.type, token.subtype:
        case Token.OPERAND, _:
            return None if follows_operand else "operand"
        case Token.OP_PRE, _:
            return None if follows_operand else "operator"
        case Token.OP_IN, _:
            return "operator" if follows_operand else None
        case Token.OP_POST, _:
            return "operand" if follows_operand else None
        case (Token.FUNC | Token.PAREN), Token.OPEN:
            open_brackets.append(token.type)
            return None if follows_operand else "function" if token.type == Token.FUNC else "bracket"
        case Token.FUNC, Token.CLOSE:
            opened = open_brackets.pop() if open_brackets else None
            return "operand" if opened == Token.FUNC and before in ("operand", "function", "argument") else None
        case Token.PAREN, Token.CLOSE:
            opened = open_brackets.pop() if open_brackets else None
            return "operand" if opened == Token.PAREN and follows_operand else None
        case Token.SEP, Token.ARG:
            within = bool(open_brackets) and open_brackets[-1] == Token.FUNC
            return "argument" if within and before in ("operand", "function", "argument") else None
        case _:
            return None
