"""Resolvers that answer for all the objects of a level in one call."""

from typing import Any, TypeVar, cast

from .core import inspect
from .places import FieldPlace
from .rows import Column, classes
from .ways import ANSWERS_LEVELS

F = TypeVar("F")


class Level(list[Any]):
    """The objects that a resolver is to answer for, in the place of the one that it gets from other executors: all of
    a level, or a part of a long one.

    It returns a list with one entry for each, in their order, or an awaitable of one: the field's value, or the
    Exception that this object met. What it raises all of them have met.
    """

    __slots__ = ("_place",)

    def __init__(self, objects: list[Any], place: FieldPlace) -> None:
        super().__init__(objects)
        self._place = place

    def path(self, index: int) -> list[str | int]:
        """Where the field of that object stands in the answer."""
        return self._place.path(index).as_list()


def answers_levels(resolver: F) -> F:
    """Mark a resolver as one that takes a Level too."""
    setattr(resolver, ANSWERS_LEVELS, True)
    return resolver


def entries(answer: Any, place: FieldPlace, count: int) -> Column:
    """What a resolver answered to a level of so many: an entry for each.

    An entry that is a BaseException, and no Exception, ends the operation: it is raised.
    """
    if isinstance(answer, Exception):
        return [answer] * count
    if isinstance(answer, list):
        column = cast(Column, answer)
        if len(column) == count:
            _raise_what_ends_all(column)
            return column
    gave = f"{len(cast(Column, answer))} entries" if isinstance(answer, list) else inspect(answer)
    return [TypeError(f"The resolver of '{place.plan.key}' answered {gave} for {count} objects.")] * count


def _raise_what_ends_all(column: Column) -> None:
    for kind in classes(column):
        if issubclass(kind, BaseException) and not issubclass(kind, Exception):
            raise next(entry for entry in column if type(entry) is kind)
