"""The errors of an operation: each at its path, and one for each place that is null because of them."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from graphql import GraphQLError

from . import work
from .located import Locator
from .places import Place


class _Failure(NamedTuple):
    ranks: list[int]
    locator: Locator
    error: Exception


class Failures:
    """`on_fatal` is called when one makes the whole answer null."""

    def __init__(self) -> None:
        self.on_fatal: Callable[[], None] = _nothing
        self._met: list[_Failure] = []
        self._locators: dict[Place, Locator] = {}

    def add(self, place: Place, index: int, error: Exception) -> None:
        """An error met at a value."""
        locator = self._locators.get(place) or self._locators.setdefault(place, Locator(place))
        if not locator.nulled:
            self.on_fatal()
        self._met.append(_Failure(place.ranks(index), locator, error))

    def add_null(self, place: Place, index: int) -> None:
        """A value is null where that may not be."""
        field = place.field
        name = f"{field.parent_type}.{field.plan.nodes[0].name.value}"
        self.add(place, index, TypeError(f"Cannot return null for non-nullable field {name}."))

    def report(self, errors: list[GraphQLError]) -> Iterator[None]:
        """Add them in the order of the answer, whenever they were met; raises the one that makes all of it null.

        Of several in a place that becomes null the first is told (GraphQL, section 6.4.4). Yields to let others have
        a turn.
        """
        nulled, depths = set[tuple[int, ...]](), set[int]()
        for number, (ranks, locator, error) in enumerate(sorted(self._met, key=_ranks)):
            if not (number + 1) % work.TURN:
                yield
            if any(tuple(ranks[:depth]) in nulled for depth in depths):
                continue
            located = locator.located(error, ranks)
            if not locator.nulled:
                raise located
            nulled.add(tuple(ranks[: locator.nulled]))
            depths.add(locator.nulled)
            errors.append(located)


def _nothing() -> None: ...


def _ranks(failure: _Failure) -> Any:
    return failure.ranks
