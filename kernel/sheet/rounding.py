"""Brings the engine's doubles back to exact decimals, rounding half away from zero; knows no cells."""

import math
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, Overflow
from functools import lru_cache

MOST_DIGITS = 15
"""A double holds any decimal number of so many significant digits exactly enough to give it back; one more and it may not."""

LARGEST_EXPONENT = 300
"""Beyond 1e300 a double overflows in the next multiplication; no figure of a province comes near."""

# ROUND_HALF_UP of the decimal module is half away from zero: it works on the magnitude. 400 digits hold any double with its decimals.
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP, traps=[InvalidOperation, Overflow])


@lru_cache(maxsize=32)
def _step(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def round_half_away(value: Decimal, decimals: int) -> Decimal:
    """`value` with exactly `decimals` places, 0.5 going away from zero; never -0."""
    rounded = value.quantize(_step(decimals), context=_CONTEXT)
    return rounded if rounded else rounded.copy_abs()


def from_engine(x: float, decimals: int) -> Decimal:
    """A result of the engine: its 15 significant digits, rounded half away from zero to `decimals` places.

    The 15 digits take away what binary fractions add (1.005 × 100 = 100.49999999999999 is 100.5), as Excel shows it.
    Raises ValueError for an infinity or NaN.
    """
    if not math.isfinite(x):
        raise ValueError(f"not a finite number: {x}")
    return round_half_away(Decimal(format(x, ".15g")), decimals)


def significant_digits(d: Decimal) -> int:
    """How many digits `d` has from its first to its last that is not 0; 0 has one. Raises ValueError for NaN and infinities."""
    if not d.is_finite():
        raise ValueError(f"not a finite number: {d}")
    digits = "".join(map(str, d.as_tuple().digits)).strip("0")
    return max(1, len(digits))


def decimal_places(d: Decimal) -> int:
    """How many places after the point `d` needs: 1.50 needs one, 100 none."""
    exponent = d.normalize(_CONTEXT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def is_exact(d: Decimal) -> bool:
    """Whether the engine can take `d` and give it back: finite, at most 15 significant digits, not beyond a double's range."""
    if not d.is_finite():
        return False
    if not d:
        return True
    return abs(d.adjusted()) < LARGEST_EXPONENT and (len(str(d)) <= MOST_DIGITS or significant_digits(d) <= MOST_DIGITS)
