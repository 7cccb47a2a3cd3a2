"""The errors of an operation: each at its path, and one for each place that is null because of them."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from graphql import GraphQLError, located_error

from . import work
from .places import Place


class _Failure(NamedTuple):
    """`depth`: of how many parts of its path the place is that becomes null; 0: the whole answer does."""

    ranks: list[int]
    error: GraphQLError
    path: list[str | int]
    depth: int


class Failures:
    """`on_fatal` is called when one makes the whole answer null."""

    def __init__(self) -> None:
        self.on_fatal: Callable[[], None] = _nothing
        self._met: list[_Failure] = []

    def add(self, place: Place, index: int, error: Exception) -> None:
        """An error met at a value."""
        parts = place.parts(index)
        depth = len(parts)
        while depth and not parts[depth - 1].nullable:
            depth -= 1
        if not depth:
            self.on_fatal()
        path = [part.key for part in parts]
        located = located_error(error, place.field.plan.nodes, path)
        self._met.append(_Failure([part.rank for part in parts], located, path, depth))

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
        nulled, depths = set[tuple[Any, ...]](), set[int]()
        for number, (_, error, path, depth) in enumerate(sorted(self._met, key=_ranks)):
            if not (number + 1) % work.TURN:
                yield
            if any(tuple(path[:above]) in nulled for above in depths):
                continue
            if not depth:
                raise error
            nulled.add(tuple(path[:depth]))
            depths.add(depth)
            errors.append(error)


def _nothing() -> None: ...


def _ranks(failure: _Failure) -> list[int]:
    return failure.ranks
