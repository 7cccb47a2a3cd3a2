"""A table before its cells are made: columns with their types, and how its first rows are read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """`type` is as numpy or pandas calls it; None where the values are of any."""

    name: str
    type: str | None


@dataclass(frozen=True, slots=True)
class Frame:
    """`rows(first)` makes so many rows, their cells decoded values in the order of the columns; `cells` is how many
    values the JSON view of one row has.
    """

    columns: Sequence[Column]
    row_count: int
    rows: Callable[[int], Sequence[Sequence[object]]]
    cells: int
