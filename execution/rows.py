"""Columns put together to rows, and read off objects, by functions made for the purpose.

`{k0: v0, k1: v1}` in a loop over a number of names that is known takes a third of the time of `dict(zip(keys, row))`;
`[o.name for o in objects]` a third of that of `map(attrgetter("name"), objects)`, since the interpreter specializes it
for the class that it meets.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import groupby
from keyword import iskeyword
from math import inf
from typing import Any, NamedTuple

Column = list[Any]


class Field(NamedTuple):
    """An attribute of objects that is sent as it is, under a key, where its value is of a type of msgspec's."""

    key: str
    attribute: str
    type: Any


class Rows:
    """How rows are made: as dicts. `few`: fewer are always made of columns."""

    few: float = inf

    def of_columns(self, keys: list[str], columns: list[Column]) -> Column:
        """A row for each entry of the columns; its keys are theirs."""
        return _rows_of(len(keys))(keys, columns)

    def of_objects(self, fields: tuple[Field, ...], objects: list[Any]) -> Column | None:
        """A row for each object, without columns; None where that can't be."""
        return None


dicts = Rows()


@lru_cache(4096)
def getter(attribute: str) -> Callable[[list[Any]], Column]:
    """A function from objects to their attributes of that name."""
    if not attribute.isidentifier() or iskeyword(attribute):
        return lambda objects: [getattr(one, attribute) for one in objects]
    return eval(f"lambda objects: [o.{attribute} for o in objects]")


def classes(column: Column) -> set[type]:
    """The classes of the values. Of one class, as most columns are, in half of the time that a set takes."""
    groups = groupby(column, type)
    first = next(groups, None)
    if first is not None and next(groups, None) is None:
        return {first[0]}
    return set(map(type, column))


@lru_cache(256)
def _rows_of(width: int) -> Callable[[list[str], list[Column]], list[dict[str, Any]]]:
    keys, values = (",".join(f"{letter}{n}" for n in range(width)) for letter in "kv")
    pairs = ",".join(f"k{n}: v{n}" for n in range(width))
    return eval(f"lambda keys, columns: (lambda {keys}: [{{{pairs}}} for {values}, in zip(*columns)])(*keys)", {})
