"""Scalars and enums: as whole columns where that can be, else value by value."""

import struct
from collections.abc import Callable
from math import isfinite
from typing import Annotated, Any, TypeVar

from graphql import GraphQLEnumType, GraphQLScalarType
from msgspec import Meta

from .core import serialize_boolean, serialize_float, serialize_id, serialize_int, serialize_string
from .rows import Column

F = TypeVar("F")
Leaf = GraphQLScalarType | GraphQLEnumType
NONE = type(None)
_MARK = "as_columns"


def _in_32_bits(values: Column) -> bool:
    try:
        struct.pack(f"={len(values)}i", *values)  # takes a third of the time of min and max
    except struct.error:
        return False
    return True


def _finite(values: Column) -> bool:
    return isfinite(sum(values)) or all(map(isfinite, values))  # a sum of finite ones is as a rule, and none of others


# What sends values of exactly this class as they are, all that pass the test.
_AS_THEY_ARE: dict[object, tuple[type, Callable[[Column], bool] | None]] = {
    serialize_string: (str, None),
    serialize_id: (str, None),
    serialize_boolean: (bool, None),
    serialize_int: (int, _in_32_bits),
    serialize_float: (float, _finite),
}
# The same as types of msgspec's, to which it makes values as these functions do, if at all: ints too are floats to it,
# of which those that are larger may have no equal one.
_CHECKED: dict[object, Any] = {
    serialize_string: str,
    serialize_id: str,
    serialize_boolean: bool,
    serialize_int: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)],
    serialize_float: Annotated[float, Meta(gt=-(2.0**53), lt=2.0**53)],
}


def as_columns(whole: Callable[[Column], Column]) -> Callable[[F], F]:
    """Say of the function that serializes a scalar's value what it makes of a column of them, none of them null.

    `whole` raises where any of them can't be sent: then they are looked at one by one.
    """

    def mark(serialize: F) -> F:
        setattr(serialize, _MARK, whole)
        return serialize

    return mark


def sent_as_they_are(type_: Leaf, values: Column, kinds: set[type]) -> bool:
    """Whether the column, of values of these classes, is known to be what is sent."""
    kind, test = _AS_THEY_ARE.get(type_.coerce_output_value, (None, None))
    if kind is None:
        return False
    if kinds == {kind}:
        return test is None or test(values)
    return test is None and kinds == {kind, NONE}


def checked(type_: Leaf) -> Any:
    """The type of values that are known to be what is sent, for msgspec to check; None where there is none."""
    return _CHECKED.get(type_.coerce_output_value)


def as_whole(type_: Leaf, values: Column) -> Column | None:
    """The column as it is sent, if the type says how; None where that fails, or it does not say."""
    whole = getattr(type_.coerce_output_value, _MARK, None)
    try:
        return whole and whole(values)
    except Exception:
        return None


def coercion(type_: Leaf, coerce: Callable[[Leaf, Any], Any], kinds: set[type]) -> Callable[[Any], Any]:
    """A function from one value to what is sent. Of an enum each is looked up once; values of different classes may be
    equal, and then it makes a difference which."""
    if not isinstance(type_, GraphQLEnumType) or len(kinds) > 1:
        return lambda value: coerce(type_, value)
    known: dict[Any, Any] = {}

    def remembered(value: Any) -> Any:
        try:
            return known[value]
        except KeyError:
            return known.setdefault(value, coerce(type_, value))
        except TypeError:  # not hashable
            return coerce(type_, value)

    return remembered
