"""Reads the few spreadsheet formulas that the forms use and computes them in exact decimals, independently of the system's engine."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

from openpyxl.utils import column_index_from_string, get_column_letter

Place = tuple[int, int]
"""Row and column in the spreadsheet, from 1."""

Result = Decimal | bool
Numbers = Mapping[Place, Decimal]
"""What stands in the cells; a place that isn't there is empty, and counts as 0."""

EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_SIGNIFICANT = Context(prec=15, rounding=ROUND_HALF_UP)
_PLAIN_SUM = {"SUM(", "+", ")", "(", ","}
_TOKENS = re.compile(
    r"\s*(?:(?P<function>[A-Z]+\()|(?P<area>[A-Z]{1,3}[0-9]+(?::[A-Z]{1,3}[0-9]+)?)|(?P<truth>TRUE|FALSE)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<sign><>|<=|>=|[-+*/=<>(),]))\s*"
)
_ADDRESS = re.compile(r"(?<![A-Z])([A-Z]{1,3})([0-9]+)(?![(0-9])")


class NotComputable(ArithmeticError):
    """The formula gives an error, as a division by zero does."""


class UnknownFormula(ValueError):
    """The formula uses something that is not read here."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula ready to be computed. `reads` are the places that it names, ranges expanded; `is_sum`: nothing but cells, SUM and +."""

    compute: Callable[[Numbers], Result]
    reads: tuple[Place, ...]
    is_sum: bool


def moved(formula: str, rows: int, columns: int) -> str:
    """The formula as it reads when copied so many rows down and columns to the right."""

    def address(found: re.Match[str]) -> str:
        return f"{get_column_letter(column_index_from_string(found[1]) + columns)}{int(found[2]) + rows}"

    return _ADDRESS.sub(address, formula)


@lru_cache(maxsize=20_000)
def read(formula: str) -> Formula:
    """Take a formula apart once. Raises UnknownFormula."""
    tokens = list(_tokens(formula.removeprefix("=")))
    reader = _Reader(tokens)
    compute = reader.comparison()
    if reader.has_more:
        raise UnknownFormula(formula)
    reads = tuple(dict.fromkeys(place for token in tokens if token.kind == "area" for place in _places(token.text)))
    is_sum = all(token.kind == "area" or token.text in _PLAIN_SUM for token in tokens)
    return Formula(compute, reads, is_sum)


class _Token(NamedTuple):
    kind: str
    text: str


def _tokens(formula: str) -> Iterator[_Token]:
    at = 0
    while at < len(formula):
        found = _TOKENS.match(formula, at)
        if found is None:
            raise UnknownFormula(formula)
        yield _Token(found.lastgroup or "", found[found.lastgroup or 0])
        at = found.end()


def rounded(number: Decimal, decimals: int) -> Decimal:
    """As figures are shown: 15 significant digits, which is all that a spreadsheet has, then half away from zero."""
    fifteen = _SIGNIFICANT.plus(number)
    result = fifteen.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, EXACT)
    return result if result else abs(result)


def _places(area: str) -> Iterator[Place]:
    corners = [(int(row), column_index_from_string(letters)) for letters, row in _ADDRESS.findall(area)]
    (top, left), (bottom, right) = corners[0], corners[-1]
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            yield row, column


_Part = Callable[[Numbers], Result]


class _Reader:
    """Reads tokens from left to right; each method reads one level of precedence and gives back how to compute it."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def has_more(self) -> bool:
        return self._at < len(self._tokens)

    def comparison(self) -> _Part:
        left = self._sum()
        while self._next_is(_COMPARE):
            left = _binary(_COMPARE[self._take().text], left, self._sum())
        return left

    def _sum(self) -> _Part:
        left = self._product()
        while self._next_is(_ADD):
            left = _binary(_ADD[self._take().text], left, self._product())
        return left

    def _product(self) -> _Part:
        left = self._signed()
        while self._next_is(_MULTIPLY):
            left = _binary(_MULTIPLY[self._take().text], left, self._signed())
        return left

    def _signed(self) -> _Part:
        if self._next_is(("-", "+")):
            is_minus = self._take().text == "-"
            operand = self._signed()
            return (lambda numbers: -_number(operand(numbers))) if is_minus else operand
        return self._operand()

    def _operand(self) -> _Part:
        token = self._take()
        match token.kind, token.text:
            case "number", text:
                number = Decimal(text)
                return lambda numbers: number
            case "truth", text:
                truth = text == "TRUE"
                return lambda numbers: truth
            case "area", text:
                return _cell(tuple(_places(text)))
            case "sign", "(":
                inner = self.comparison()
                self._take()
                return inner
            case "function", text:
                return self._function(text[:-1])
        raise UnknownFormula(token.text)

    def _function(self, name: str) -> _Part:
        if name not in _FUNCTIONS:
            raise UnknownFormula(name)
        if name == "SUM":
            return _summed(tuple(self._areas()))
        arguments = [self.comparison()]
        while self._take().text == ",":
            arguments.append(self.comparison())
        return _FUNCTIONS[name](arguments)

    def _areas(self) -> Iterator[_Part]:
        """Arguments of SUM: a range gives each of its cells."""
        while True:
            token, after = self._tokens[self._at], self._tokens[self._at + 1 : self._at + 2]
            if token.kind == "area" and after and after[0].text in (",", ")"):
                self._take()
                yield from (_cell((place,)) for place in _places(token.text))
            else:
                yield self.comparison()
            if self._take().text != ",":
                return

    def _next_is(self, signs: Collection[str]) -> bool:
        return self.has_more and self._tokens[self._at].kind == "sign" and self._tokens[self._at].text in signs

    def _take(self) -> _Token:
        if not self.has_more:
            raise UnknownFormula("the formula ends too early")
        self._at += 1
        return self._tokens[self._at - 1]


def _binary(operator: Callable[[Decimal, Decimal], Result], left: _Part, right: _Part) -> _Part:
    return lambda numbers: operator(_number(left(numbers)), _number(right(numbers)))


def _cell(places: tuple[Place, ...]) -> _Part:
    if len(places) != 1:
        raise UnknownFormula("a range stands where one cell is meant")
    place = places[0]
    return lambda numbers: numbers.get(place, Decimal(0))


def _summed(parts: tuple[_Part, ...]) -> _Part:
    def total(numbers: Numbers) -> Result:
        result = Decimal(0)
        for part in parts:
            result = EXACT.add(result, _number(part(numbers)))
        return result

    return total


def _number(result: Result) -> Decimal:
    return Decimal(int(result)) if isinstance(result, bool) else result


def _divide(a: Decimal, b: Decimal) -> Decimal:
    try:
        return EXACT.divide(a, b)
    except (DivisionByZero, InvalidOperation) as error:
        raise NotComputable from error


def _if(arguments: list[_Part]) -> _Part:
    condition, then, otherwise = arguments
    return lambda numbers: then(numbers) if condition(numbers) else otherwise(numbers)


def _iferror(arguments: list[_Part]) -> _Part:
    tried, instead = arguments

    def value(numbers: Numbers) -> Result:
        try:
            return tried(numbers)
        except NotComputable:
            return instead(numbers)

    return value


def _round(arguments: list[_Part]) -> _Part:
    number, places = arguments
    return lambda numbers: rounded(_number(number(numbers)), int(_number(places(numbers))))


_ADD: Mapping[str, Callable[[Decimal, Decimal], Result]] = {"+": EXACT.add, "-": EXACT.subtract}
_MULTIPLY: Mapping[str, Callable[[Decimal, Decimal], Result]] = {"*": EXACT.multiply, "/": _divide}
_COMPARE: Mapping[str, Callable[[Decimal, Decimal], Result]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_FUNCTIONS: Mapping[str, Callable[[list[_Part]], _Part]] = {
    "SUM": lambda arguments: _summed(tuple(arguments)),
    "IF": _if,
    "IFERROR": _iferror,
    "ROUND": _round,
    "ABS": lambda arguments: lambda numbers: abs(_number(arguments[0](numbers))),
    "OR": lambda arguments: lambda numbers: any(bool(argument(numbers)) for argument in arguments),
    "AND": lambda arguments: lambda numbers: all(bool(argument(numbers)) for argument in arguments),
}
