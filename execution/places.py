"""Where the values of a column stand in the answer.

Kept as the way in which columns came of each other, which costs nothing for each value. Paths are worked out of it
where something fails, and where a resolver is called for one object.
"""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from graphql import GraphQLObjectType

from .core import Path
from .plans import Plan


class Place(ABC):
    """Of a column of values. `nullable`: whether null may stand there, or goes on to what is around it."""

    __slots__ = ("nullable",)
    nullable: bool

    @property
    def nulled(self) -> int:
        """Of how many parts the path is of what becomes null with a value; 0: the whole answer does."""
        if self.nullable:
            return len(self.keys)
        return self.around.nulled if self.around else 0

    @property
    @abstractmethod
    def around(self) -> "Place | None":
        """The place of the objects or lists that the values are in; None at the root."""

    @property
    @abstractmethod
    def keys(self) -> list[str | None]:
        """The response keys in the paths of the values; None for an index."""

    @property
    @abstractmethod
    def field(self) -> "FieldPlace":
        """The field whose values these are, or are in."""

    def first_of_each(self, count: int) -> Iterable[int]:
        """Of so many values that all become null, those whose errors may be told."""
        return range(count)

    @abstractmethod
    def ranks(self, index: int) -> list[int]:
        """The path of a value, by numbers: of each part which it is among its siblings in the answer."""

    @abstractmethod
    def path(self, index: int) -> Path:
        """The path of a value, as resolvers get it."""


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
    def around(self) -> Place | None:
        return self.parents

    @property
    def keys(self) -> list[str | None]:
        return [*(self.parents.keys if self.parents else []), self.plan.key]

    @property
    def field(self) -> "FieldPlace":
        return self

    def ranks(self, index: int) -> list[int]:
        found = self.parents.ranks(index) if self.parents else []
        found.append(self.plan.rank)
        return found

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
    def around(self) -> Place:
        return self.lists

    @property
    def keys(self) -> list[str | None]:
        return [*self.lists.keys, None]

    @property
    def field(self) -> FieldPlace:
        return self.lists.field

    def first_of_each(self, count: int) -> Iterable[int]:
        if self.nullable:
            return range(count)
        return [start for start, end in pairwise(self.starts) if start < end]

    def owner(self, index: int) -> int:
        """The list that an item is in."""
        return bisect_right(self.starts, index) - 1

    def ranks(self, index: int) -> list[int]:
        owner = self.owner(index)
        found = self.lists.ranks(owner)
        found.append(index - self.starts[owner])
        return found

    def path(self, index: int) -> Path:
        owner = self.owner(index)
        return Path(self.lists.path(owner), index - self.starts[owner], None)


class SomePlace(Place):
    """Of some of the values of another column."""

    __slots__ = ("all", "indices")

    def __init__(self, of_all: Place, indices: Sequence[int]) -> None:
        self.all = of_all
        self.indices = indices
        self.nullable = of_all.nullable

    @property
    def around(self) -> Place | None:
        return self.all.around

    @property
    def keys(self) -> list[str | None]:
        return self.all.keys

    @property
    def field(self) -> FieldPlace:
        return self.all.field

    def ranks(self, index: int) -> list[int]:
        return self.all.ranks(self.indices[index])

    def path(self, index: int) -> Path:
        return self.all.path(self.indices[index])
