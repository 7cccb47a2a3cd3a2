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
# Response keys are the client's: classes for them, which stay, may take some 20 MB in all.
_MOST_KEYS = 64
_MOST_STRUCTS = 1000
_structs: dict[tuple[str, ...], type[msgspec.Struct]] = {}


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
    struct = _struct(tuple(keys)) if len(columns[0]) >= _FEW else None
    return dicts(keys, columns) if struct is None else list(map(struct, *columns))


@lru_cache(256)
def _rows_of(width: int) -> Callable[[list[str], list[Column]], list[dict[str, Any]]]:
    keys, values = (",".join(f"{letter}{n}" for n in range(width)) for letter in "kv")
    pairs = ",".join(f"k{n}: v{n}" for n in range(width))
    return eval(f"lambda keys, columns: (lambda {keys}: [{{{pairs}}} for {values}, in zip(*columns)])(*keys)", {})


def _struct(keys: tuple[str, ...]) -> type[msgspec.Struct] | None:
    """The class of rows with these keys; None for many keys, and where clients have asked for too many sets of them."""
    known = _structs.get(keys)
    if known is None and len(keys) <= _MOST_KEYS and len(_structs) < _MOST_STRUCTS:
        names = {f"f{number}": key for number, key in enumerate(keys)}
        known = msgspec.defstruct("Row", [(name, Any) for name in names], rename=names, gc=False, eq=False)
        _structs[keys] = known
    return known
