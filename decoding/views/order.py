"""The order in which the members of a set are shown: sorted where they can be, and never by chance."""

from collections.abc import Set
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import cast

from ..stand_ins import Key

_NUMBERS = frozenset({bool, int, float})
_ALIKE: frozenset[type] = frozenset({str, bytes, Decimal, Fraction, date, timedelta})
# Comparing tuples of large members, or nested ones, can take for ever.
_WIDEST = 32
_LONGEST = 256
_MOST = 50_000


def arranged(members: Set[object]) -> list[object]:
    """The members, out of their Keys; those that cannot be compared stay in the order of the pickle, last."""
    values = [member.value for member in sorted((m for m in members if isinstance(m, Key)), key=lambda key: key.order)]
    scalars = [member for member in members if not isinstance(member, Key)]
    if len(scalars) == len(members):
        return _sorted_scalars(scalars)
    large = [value for value in values if type(value) is int]
    others = [value for value in values if type(value) is not int]
    return [*_sorted_scalars(scalars + large), *_sorted_if_alike(others)]


def _sorted_scalars(values: list[object]) -> list[object]:
    kinds = set(map(type, values))
    if kinds <= {str} or (kinds <= _NUMBERS and float not in kinds):
        return sorted(values)  # pyright: ignore[reportArgumentType, reportUnknownVariableType] all of one kind
    return sorted(values, key=_rank)


def _rank(value: object) -> tuple[int, object]:
    if value is None:
        return 0, 0
    if isinstance(value, int | float):
        return (2, 0) if value != value else (1, value)  # NaN alone differs from itself
    return 3 if isinstance(value, str) else 4, value


def _sorted_if_alike(values: list[object]) -> list[object]:
    kinds: set[type] = set(map(type, values)) if len(values) <= _MOST else {object}
    if kinds == {tuple}:
        comparable = all(map(_light, cast(list[tuple[object, ...]], values)))
    else:
        comparable = len(kinds) == 1 and kinds <= _ALIKE
    try:
        return sorted(values) if comparable else values  # pyright: ignore[reportArgumentType, reportUnknownVariableType]
    except (TypeError, ArithmeticError):
        return values


def _light(value: tuple[object, ...]) -> bool:
    return len(value) <= _WIDEST and all(map(_small, value))


def _small(value: object) -> bool:
    match value:
        case int():
            return value.bit_length() < _LONGEST
        case str() | bytes():
            return len(value) <= _LONGEST
        case _:
            return value is None or isinstance(value, float)
