"""Numbers: those that pickles build by a call, and the decimal text of large ones."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from re import ASCII, compile

Args = tuple[object, ...]

# Beyond this, writing an int in decimal takes too long to be worth it: CPython's time grows with the square.
LONGEST_INT = 100_000  # bits: some 30,000 digits
_SHORT_INT = 14_000  # bits: str() itself refuses more than 4300 digits
_DECIMAL_LENGTH = 1000  # texts.py shows longer ones as they are written
_FRACTION_BITS = 4000
_FRACTION = compile(r"([-+]?\d{1,1000})(?:/(\d{1,1000}))?", ASCII)
_RANGE = 2**63


def decimal_text(number: int) -> str | None:
    """Its digits, or None where there are too many."""
    if number.bit_length() <= _SHORT_INT:
        return str(number)
    return str(Decimal(number)) if number.bit_length() <= LONGEST_INT else None


def _decimal(args: Args) -> Decimal | None:
    match args:
        case (str(text),) if len(text) <= _DECIMAL_LENGTH:
            return Decimal(text)
        case _:
            return None


def _fraction(args: Args) -> Fraction | None:
    match args:
        case (int(above), int(below)) if max(above.bit_length(), below.bit_length()) <= _FRACTION_BITS:
            return Fraction(above, below)
        # Fraction() would also take "1e1000000000", and compute it.
        case (str(text),) if found := _FRACTION.fullmatch(text):
            return Fraction(int(found[1]), int(found[2] or 1))
        case _:
            return None


def _complex(args: Args) -> complex | None:
    match args:
        case (int() | float() as real, int() | float() as imaginary):
            return complex(real, imaginary)
        case _:
            return None


def _range(args: Args) -> range | None:
    match args:
        case (int(start), int(stop), int(step)) if all(-_RANGE <= bound < _RANGE for bound in (start, stop, step)):
            return range(start, stop, step)
        case _:
            return None


BUILDERS: dict[str, Callable[[Args], object | None]] = {
    "decimal.Decimal": _decimal,
    "fractions.Fraction": _fraction,
    "builtins.complex": _complex,
    "builtins.range": _range,
}
