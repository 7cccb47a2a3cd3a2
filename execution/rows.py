"""Columns put together to rows, and read off objects, by functions made for the purpose.

A row is a dict, or a struct of msgspec's where no code reads the answer but what encodes it: those are made in a fifth
of the time, for the garbage collector does not look at them. `{k0: v0, k1: v1}` in a loop over a number of names that
is known takes a third of the time of `dict(zip(keys, row))`; `[o.name for o in objects]` a third of that of
`map(attrgetter("name"), objects)`, since the interpreter specializes it for the class that it meets.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import groupby
from keyword import iskeyword
from typing import Any

import msgspec

Column = list[Any]
# Rows that are made as dicts in less time than it takes to find out what their struct is.
_FEW = 32


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


def dicts(keys: list[str], columns: list[Column]) -> list[dict[str, Any]]:
    """A dict for each row of the columns; its keys are theirs."""
    return _rows_of(len(keys))(keys, columns)


def structs(keys: list[str], columns: list[Column]) -> list[Any]:
    """A struct for each row of the columns, that is encoded as its dict would be. Dicts where they are few."""
    if len(columns[0]) < _FEW:
        return dicts(keys, columns)
    return list(map(_struct(tuple(keys)), *columns))


@lru_cache(256)
def _rows_of(width: int) -> Callable[[list[str], list[Column]], list[dict[str, Any]]]:
    keys, values = (",".join(f"{letter}{n}" for n in range(width)) for letter in "kv")
    pairs = ",".join(f"k{n}: v{n}" for n in range(width))
    return eval(f"lambda keys, columns: (lambda {keys}: [{{{pairs}}} for {values}, in zip(*columns)])(*keys)", {})


@lru_cache(1024)
def _struct(keys: tuple[str, ...]) -> type[msgspec.Struct]:
    names = {f"f{number}": key for number, key in enumerate(keys)}
    return msgspec.defstruct("Row", [(name, Any) for name in names], rename=names, gc=False, eq=False)
