"""Labels and frames: what indexes and tables are read as, pandas' and Arrow's alike."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import FAULTS, TooLarge
from .series import Series

WIDEST = 100_000  # columns; small pickles can describe any number of them


@dataclass(frozen=True, slots=True)
class Labels:
    """An index: a level, or several, of which each label has one value; and what these are called."""

    levels: list[Series]
    names: list[object]
    several: bool

    @property
    def length(self) -> int:
        return self.levels[0].length

    @property
    def cells(self) -> int:
        return self.length * len(self.levels)

    def values(self, start: int = 0, stop: int | None = None) -> list[object]:
        """The labels; of several levels, lists."""
        if not self.several:
            return self.levels[0].values(start, stop)
        parts = [level.values(start, stop) for level in self.levels]
        return [list(label) for label in zip(*parts, strict=True)]

    def only_counts(self) -> bool:
        """Whether it is 0, 1, 2… without a name."""
        (level, *others), (name, *_) = self.levels, self.names
        if others or name is not None or not level.dtype.startswith(("int", "uint")):
            return False
        if level.run is not None:
            return level.run == range(level.length)
        step = 65_536
        try:
            return all(
                level.values(start, start + step) == list(range(start, min(start + step, level.length)))
                for start in range(0, level.length, step)
            )
        except (TooLarge, *FAULTS):  # it was not kept whole, or is none
            return False


@dataclass(frozen=True, slots=True)
class Grid:
    """The first so many rows of columns, whose values are not made yet."""

    columns: list[Series]
    length: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A DataFrame, or a Series, which has one column, no `columns` and a name."""

    columns: Labels | None
    index: Labels
    data: list[Series]
    name: object = None
    indexed: bool = True  # tables of other libraries have rows without labels

    @property
    def length(self) -> int:
        return self.index.length

    @property
    def cells(self) -> int:
        return self.length * (len(self.data) + 1 + len(self.index.levels))

    def parts(self) -> dict[str, object]:
        """As pandas' orientation "split" names them."""
        if self.columns is None:
            data = self.data[0].values()
            if not self.indexed:
                return {"name": self.name, "data": data}
            return {"index": self.index.values(), "data": data, "name": self.name}
        index = {"index": self.index.values()} if self.indexed else {}
        return {"columns": self.columns.values(), **index, "data": Grid(self.data, self.length)}
