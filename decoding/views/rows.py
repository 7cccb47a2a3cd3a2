"""A table before its cells are made: columns with their types, and how its first rows are read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..frames.frames import Grid


@dataclass(frozen=True, slots=True)
class Column:
    """`type` is as numpy, pandas, Arrow or torch calls it; None where the values are of any."""

    name: str
    type: str | None


@dataclass(frozen=True, slots=True)
class Rows:
    """`first(many)` has so many rows, their cells decoded values in the order of the columns; `cells` is how many
    values the JSON view of one row has.
    """

    columns: Sequence[Column]
    count: int
    first: Callable[[int], Sequence[Sequence[object]] | Grid]
    cells: int
