"""Columns put together to rows, and read off objects, by functions made for the purpose.

A row is a dict. `{k0: v0, k1: v1}` in a loop over a number of names that is known takes a third of the time of
`dict(zip(keys, row))`; `[o.name for o in objects]` a third of that of `map(attrgetter("name"), objects)`, since the
interpreter specializes it for the class that it meets.
"""

from collections.abc import Callable
from functools import lru_cache
from keyword import iskeyword
from typing import Any

Column = list[Any]


@lru_cache(4096)
def getter(attribute: str) -> Callable[[list[Any]], Column]:
    """A function from objects to their attributes of that name."""
    if not attribute.isidentifier() or iskeyword(attribute):
        return lambda objects: [getattr(one, attribute) for one in objects]
    return eval(f"lambda objects: [o.{attribute} for o in objects]")


def rows(keys: list[str], columns: list[Column]) -> list[dict[str, Any]]:
    """A dict for each row of the columns; its keys are theirs."""
    return _rows_of(len(keys))(keys, columns)


@lru_cache(256)
def _rows_of(width: int) -> Callable[[list[str], list[Column]], list[dict[str, Any]]]:
    keys, values = (",".join(f"{letter}{n}" for n in range(width)) for letter in "kv")
    pairs = ",".join(f"k{n}: v{n}" for n in range(width))
    return eval(f"lambda keys, columns: (lambda {keys}: [{{{pairs}}} for {values}, in zip(*columns)])(*keys)", {})
