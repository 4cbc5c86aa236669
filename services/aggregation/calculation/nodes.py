"""What the input cells of a form come to at a node, from sums over the reporting units. Reads no formula."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from contracts.templates import TemplateV1
from kernel.sheet.model import BLANK, NIL, CellRef, Value
from kernel.sheet.rounding import MOST_DIGITS, round_half_away

NUMBER, NIL_FIGURE, PARTIAL, TEXT, MISSING, NOT_APPLICABLE = range(6)
GIVEN = (NUMBER, NIL_FIGURE, PARTIAL, TEXT)
MEANS = ("mean", "weighted_mean")
NOT_ADDITIVE = Value(missing="not-additive")

_WIDE = Context(prec=60)
_ENGINE = Context(prec=MOST_DIGITS, rounding=ROUND_HALF_EVEN)


def kind_of(value: Value) -> int:
    """How a figure counts in sums and in coverage."""
    if value.nil:
        return NIL_FIGURE
    if value.number is not None:
        return PARTIAL if value.given is not None else NUMBER
    if value.text is not None:
        return TEXT
    return NOT_APPLICABLE if value.missing == "not-applicable" else MISSING


@dataclass(frozen=True, slots=True)
class Sums:
    """Over a node's reporting units, for one cell: how many gave it, gave nil, are not concerned; Σx, Σw, Σwx, least, greatest."""

    given: int = 0
    nils: int = 0
    excused: int = 0
    total: Decimal = Decimal(0)
    weight: Decimal = Decimal(0)
    weighted: Decimal = Decimal(0)
    low: Decimal | None = None
    high: Decimal | None = None

    @property
    def covered(self) -> int:
        """Units that have said what there is to say of this cell: given, or not concerned by it."""
        return self.given + self.excused


def added_up(template: TemplateV1, ref: CellRef, sums: Sums) -> Value:
    """The cell at a node by its rule over units; exact, not yet rounded. Blank where nobody gave it."""
    rule = template.adding_up(ref.key).over_units
    if ref.row.kind == "text" or rule == "none":
        return NOT_ADDITIVE if sums.given else BLANK
    if not sums.given:
        return Value(missing="not-applicable") if sums.excused else BLANK
    match rule:
        case "sum":
            return NIL if sums.nils == sums.given else Value(number=plain(sums.total))
        case "mean":
            return Value(number=plain(_WIDE.divide(sums.total, Decimal(sums.given))))
        case "weighted_mean":
            if not sums.weight:
                return Value(missing="not-computable")
            return Value(number=plain(_WIDE.divide(sums.weighted, sums.weight)))
        case "min":
            return Value(number=sums.low)
        case "max":
            return Value(number=sums.high)


def plain(number: Decimal) -> Decimal:
    """Without trailing zeros and without an exponent, so that equal figures look alike."""
    if not number:
        return Decimal(0)
    short = number.normalize(Context(prec=max(60, len(number.as_tuple().digits) + 1)))
    return Decimal(f"{short:f}")


def inputs_at_node(template: TemplateV1, sums: Mapping[str, Sums], only: Collection[str] | None = None) -> dict[str, Value]:
    """The input cells of the form at a node, exact; cells that nobody gave are left out."""
    inputs = {}
    for key, ref in template.sheet.refs.items():
        if ref.role != "input" or (only is not None and key not in only) or key not in sums:
            continue
        value = added_up(template, ref, sums[key])
        if not value.is_blank:
            inputs[key] = value
    return inputs


def shown(template: TemplateV1, ref: CellRef, value: Value) -> Value:
    """The figure as it is read out: a mean is rounded to the decimals of its cell; a sum is exact and stays."""
    rule = template.adding_up(ref.key)
    if value.number is None or (rule.over_units not in MEANS and rule.over_time != "mean"):
        return value
    return Value(number=plain(round_half_away(value.number, ref.decimals)), given=value.given, of=value.of)


def for_engine(value: Value) -> Value:
    """The figure with as many digits as the engine takes exactly."""
    if value.number is None:
        return value
    return Value(number=plain(_ENGINE.plus(value.number)), given=value.given, of=value.of)
