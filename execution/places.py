"""Where the values of a column stand in the answer.

Kept as the way in which columns came of each other, which costs nothing for each value. Paths are worked out of it
where something fails, and where a resolver is called for one object.
"""

from abc import ABC, abstractmethod
from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

from graphql import GraphQLObjectType

from .core import Path
from .plans import Plan


class Part(NamedTuple):
    """A part of a path: a response key or an index; whether null may stand there; its rank among its siblings."""

    key: str | int
    nullable: bool
    rank: int


class Place(ABC):
    """Of a column of values. `nullable`: whether null may stand there, or goes on to what is around it."""

    __slots__ = ("nullable",)
    nullable: bool

    @property
    @abstractmethod
    def field(self) -> "FieldPlace":
        """The field whose values these are, or are in."""

    @abstractmethod
    def parts(self, index: int) -> list[Part]:
        """The path of a value."""

    @abstractmethod
    def path(self, index: int) -> Path:
        """The same, as resolvers get it."""


class FieldPlace(Place):
    """Of the values of a field. `parents`: the place of its objects; None of the root."""

    __slots__ = ("_last", "parent_type", "parents", "plan")

    def __init__(self, plan: Plan, parent_type: GraphQLObjectType, parents: Place | None, nullable: bool) -> None:
        self.plan = plan
        self.parent_type = parent_type
        self.parents = parents
        self.nullable = nullable
        self._last: tuple[int, Path] | None = None  # asked for again by all fields below

    @property
    def field(self) -> "FieldPlace":
        return self

    def parts(self, index: int) -> list[Part]:
        above = self.parents.parts(index) if self.parents else []
        return [*above, Part(self.plan.key, self.nullable, self.plan.rank)]

    def path(self, index: int) -> Path:
        if self._last is None or self._last[0] != index:
            above = self.parents and self.parents.path(index)
            self._last = index, Path(above, self.plan.key, self.parent_type.name)
        return self._last[1]


class ItemPlace(Place):
    """Of the items of lists, one list after the other. `starts`: where each list begins, and the last one ends."""

    __slots__ = ("lists", "starts")

    def __init__(self, lists: Place, lengths: list[int], nullable: bool) -> None:
        self.lists = lists
        self.starts = list(accumulate(lengths, initial=0))
        self.nullable = nullable

    @property
    def field(self) -> FieldPlace:
        return self.lists.field

    def owner(self, index: int) -> int:
        """The list that an item is in."""
        return bisect_right(self.starts, index) - 1

    def parts(self, index: int) -> list[Part]:
        owner = self.owner(index)
        at = index - self.starts[owner]
        return [*self.lists.parts(owner), Part(at, self.nullable, at)]

    def path(self, index: int) -> Path:
        owner = self.owner(index)
        return Path(self.lists.path(owner), index - self.starts[owner], None)


class SomePlace(Place):
    """Of some of the values of another column."""

    __slots__ = ("all", "indices")

    def __init__(self, of_all: Place, indices: list[int]) -> None:
        self.all = of_all
        self.indices = indices
        self.nullable = of_all.nullable

    @property
    def field(self) -> FieldPlace:
        return self.all.field

    def parts(self, index: int) -> list[Part]:
        return self.all.parts(self.indices[index])

    def path(self, index: int) -> Path:
        return self.all.path(self.indices[index])
