"""Columns of values made to columns of the answer (GraphQL, section 6.4.3), all values of a column at once.

One pass in C, for the classes of its values, tells of a whole column whether any of its values is null, an error or
awaitable, or needs a look of its own. So the short way is not assumed but proven for each column, and the long one is
taken only where the classes in it say so.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain, pairwise
from types import GeneratorType
from typing import Any, cast

from graphql import GraphQLError, Undefined

from . import work
from .core import AnyExecutor, OutputType, is_iterable, is_list, is_non_null, lists_by_class, may_wait, waits_by_class
from .failures import Failures
from .leaves import NONE, Leaf, as_whole, coercion, sent_as_they_are
from .places import ItemPlace, Place, SomePlace
from .rows import Column, classes
from .work import Work, awaited

UNDEFINED = type(Undefined)
# The classes of most values: instances of them are not awaitable.
PLAIN = frozenset({str, int, float, bool, NONE, list, tuple, dict})

# A column of the answer, and the indices of the values whose null goes on to what is around them.
Completed = tuple[Column, set[int] | None]


class Completion(ABC):
    """Completes columns for one execution."""

    def __init__(self, executor: AnyExecutor, failures: Failures) -> None:
        self.executor = executor
        self.failures = failures
        self._may_wait = may_wait(executor)
        self._waits_by_class = waits_by_class(executor)
        self._lists_by_class = lists_by_class(executor)

    @abstractmethod
    def composites(self, type_: Any, place: Place, values: Column, kinds: set[type]) -> Work[Completed]:
        """Complete values of an object type, interface or union, which are neither null nor errors."""

    def completed(self, type_: OutputType, place: Place, values: Column) -> Work[Completed]:
        """Complete values of a type, as resolvers gave them."""
        kinds = classes(values)
        if waiting := self._awaitable(values, kinds):
            values = yield from _replaced(values, waiting)
            kinds = classes(values)
        strict = is_non_null(type_)
        bare: OutputType = type_.of_type if strict else type_
        if isinstance(bare, Leaf) and sent_as_they_are(bare, values, kinds) and not (strict and NONE in kinds):
            return values, None
        if any(kind is NONE or kind is UNDEFINED or issubclass(kind, Exception) for kind in kinds):
            return (yield from self.sifted(place, values, strict, lambda at, kept: self._present(bare, at, kept)))
        return (yield from self._present(bare, place, values, kinds))

    def settled(self, values: Column) -> Work[Column]:
        """The values, what is awaitable awaited; an Exception in the place of what one raised."""
        waiting = self._awaitable(values, classes(values))
        return (yield from _replaced(values, waiting)) if waiting else values

    def sifted(
        self, place: Place, values: Column, strict: bool, go_on: Callable[[Place, Column], Work[Completed]]
    ) -> Work[Completed]:
        """What `go_on` makes of the values that are there; in the place of errors and nulls null, and reported."""
        kept, lost = list[int](), set[int]()
        for index, value in enumerate(values):
            if not (index + 1) % work.TURN:
                yield None
            if isinstance(value, Exception):
                self.failures.add(place, index, value)
            elif value is not None and value is not Undefined:
                kept.append(index)
                continue
            elif strict:
                self.failures.add_null(place, index)
            else:
                continue
            if not place.nullable:
                lost.add(index)
        column: Column = [None] * len(values)
        if kept:
            of_kept, more = yield from go_on(SomePlace(place, kept), [values[index] for index in kept])
            for index, value in zip(kept, of_kept, strict=True):
                column[index] = value
            lost.update(kept[index] for index in more or ())
        return column, lost or None

    def _awaitable(self, values: Column, kinds: set[type]) -> list[int]:
        """Which of the values, of these classes, are to be awaited."""
        if not self._may_wait or (self._waits_by_class and kinds <= PLAIN):
            return []
        if self._waits_by_class and GeneratorType not in kinds:
            kinds = {kind for kind in kinds if hasattr(kind, "__await__")}
            return [index for index, value in enumerate(values) if type(value) in kinds] if kinds else []
        return [index for index, value in enumerate(values) if self.executor.is_awaitable(value)]

    def _present(self, type_: Any, place: Place, values: Column, kinds: set[type] | None = None) -> Work[Completed]:
        """Complete values which are neither null nor errors, `kinds` their classes if known."""
        kinds = kinds or classes(values)
        if isinstance(type_, Leaf):
            return (yield from self._leaves(type_, place, values, kinds))
        if is_list(type_):
            return (yield from self._lists(type_, place, values, kinds))
        return (yield from self.composites(type_, place, values, kinds))

    def _leaves(self, type_: Leaf, place: Place, values: Column, kinds: set[type]) -> Work[Completed]:
        if sent_as_they_are(type_, values, kinds):
            return values, None
        whole = as_whole(type_, values)
        if whole is not None:
            return whole, None
        coerce = coercion(type_, self.executor.complete_leaf_value, kinds)
        column, lost = Column(), set[int]()
        for index, value in enumerate(values):
            if not (index + 1) % work.TURN:
                yield None
            try:
                column.append(coerce(value))
            except Exception as error:
                self.failures.add(place, index, error)
                column.append(None)
                if not place.nullable:
                    lost.add(index)
        return column, lost or None

    def _lists(self, type_: Any, place: Place, values: Column, kinds: set[type]) -> Work[Completed]:
        item = type_.of_type
        if self._lists_by_class and kinds <= {list, tuple}:
            return (yield from self._items(item, place, values))
        values = yield from self.settled([self._listed(place, value) for value in values])
        return (yield from self.sifted(place, values, True, lambda at, kept: self._items(item, at, kept)))

    def _items(self, type_: OutputType, place: Place, lists: list[list[Any]]) -> Work[Completed]:
        """Complete lists by completing the items of all of them as one column."""
        nullable = not is_non_null(type_) or not self.executor.error_propagation
        items = ItemPlace(place, list(map(len, lists)), nullable)
        column, lost = yield from self.completed(type_, items, list(chain.from_iterable(lists)))
        made: Column = [column] if len(lists) == 1 else [column[start:end] for start, end in pairwise(items.starts)]
        owners = {items.owner(index) for index in lost or ()}
        for owner in owners:
            made[owner] = None
        return made, None if place.nullable or not owners else owners

    def _listed(self, place: Place, value: Any) -> list[Any] | Exception | Awaitable[list[Any]]:
        """A value as a list, or what is wrong with it; an awaitable of that where it is an async iterable."""
        if self.executor.is_async_iterable(value):
            return _collected(value)
        if not is_iterable(value):
            field = place.field
            name = f"{field.parent_type}.{field.plan.nodes[0].name.value}"
            return GraphQLError(f"Expected Iterable, but did not find one for field '{name}'.")
        try:
            return list(cast(Iterable[Any], value))
        except Exception as error:
            return error


def _replaced(values: Column, waiting: list[int]) -> Work[Column]:
    """The values, with what these of them come to; the list itself may be a resolver's, and stays as it is."""
    found = yield from awaited([values[index] for index in waiting])
    values = list(values)
    for index, value in zip(waiting, found, strict=True):
        values[index] = value
    return values


async def _collected(items: Any) -> list[Any]:
    iterator = aiter(items)
    try:
        return [item async for item in iterator]
    except asyncio.CancelledError:
        if close := getattr(iterator, "aclose", None):
            await close()
        raise
