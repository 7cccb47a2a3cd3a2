"""Random values of a GraphQL type, mostly good: the same for the same key, and made anew each time."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLString,
    GraphQLUnionType,
    Undefined,
)

from metaflow_graphql.execution import as_columns

Key = tuple[Any, ...]
# The objects that implement the interface I; U is the union of the first and the third of OBJECTS.
OBJECTS, IMPLEMENTING = "ABCD", "AB"


class Boom(Exception):
    """What resolvers raise."""


@dataclass(frozen=True, eq=False)
class Source:
    """An object that is no dict; `seed` is what its fields' values come from."""

    seed: int
    type: str

    @property
    def _Source__typename(self) -> str:
        """Where graphql-core's default type resolver looks."""
        return self.type


def _even(value: Any) -> Any:
    if isinstance(value, int) and value % 2 == 0:
        return value
    if value == 5:
        return None
    raise ValueError(f"odd: {value!r}")


@as_columns(list)
def _as_it_is(value: Any) -> Any:
    return value


COLOR = GraphQLEnumType("Color", {"RED": 1, "GREEN": 2, "BLUE": "b"})
EVEN = GraphQLScalarType("Even", coerce_output_value=_even)
PLAIN = GraphQLScalarType("Plain", coerce_output_value=_as_it_is)
_GOOD_AND_ODD: dict[object, tuple[Callable[[Random], Any], list[Any]]] = {
    GraphQLString: (lambda chance: f"s{chance.randrange(99)}", [3, True, 1.5, [1]]),
    GraphQLInt: (lambda chance: chance.randrange(100), [2**40, "7", True, 1.0, 1.5, "x"]),
    GraphQLFloat: (lambda chance: chance.random(), [3, float("nan"), float("inf"), "x", True]),
    GraphQLBoolean: (lambda chance: chance.random() < 0.5, [1, 0, "x"]),
    GraphQLID: (lambda chance: f"i{chance.randrange(99)}", [3, 1.5, True]),
    COLOR: (lambda chance: chance.choice([1, 2, "b"]), ["nope", [1], True]),
    EVEN: (lambda chance: 2 * chance.randrange(9), [3, 5]),
    PLAIN: (lambda chance: chance.choice([1, "x", 1.5]), [{"a": 1}, [1]]),
}
LEAVES = list(_GOOD_AND_ODD)


def chance_of(*key: Any) -> Random:
    return Random(zlib.crc32(repr(key).encode()))


def _inner(type_: Any) -> Any:
    return type_.of_type


def seed_of(source: dict[str, Any] | Source | None) -> int:
    return source["_seed"] if isinstance(source, dict) else source.seed if source else 0


def type_of(source: dict[str, Any] | Source) -> str:
    return source["_type"] if isinstance(source, dict) else source.type


@dataclass(frozen=True)
class Values:
    """Of one schema. `typename`: whether values say themselves what type they are of; `sync`: none is awaitable."""

    sync: bool
    typename: bool

    def value(self, type_: Any, key: Key, chance: Random, awaitables: bool = False) -> Any:
        """A value of the type; now and then null, an error, or something that is none of it."""
        if isinstance(type_, GraphQLNonNull):
            return self.value(_inner(type_), key, chance, awaitables)
        fate = chance.random()
        if fate < 0.06:
            return None if fate < 0.055 else Undefined
        if fate < 0.09:
            return Boom(f"value {key}")
        if isinstance(type_, GraphQLList):
            return self._list(_inner(type_), key, chance, awaitables and not self.sync)
        if type_ in _GOOD_AND_ODD:
            good, odd = _GOOD_AND_ODD[type_]
            return good(chance) if chance.random() < 0.8 else chance.choice(odd)
        return self._object(type_, key, chance)

    def _object(self, type_: Any, key: Key, chance: Random) -> Any:
        name = type_.name if isinstance(type_, GraphQLObjectType) else chance.choice(IMPLEMENTING)
        if isinstance(type_, GraphQLUnionType):
            name = chance.choice(type_.types).name
        seed = zlib.crc32(repr(key).encode())
        wrong = chance.random() < 0.03
        if self.typename and chance.random() < 0.8:
            told = chance.choice(["D", "Nope", "Color", 3]) if wrong else name
            return {"__typename": told, "_seed": seed, "_type": name}
        return Source(seed, "D" if wrong else name)

    def _list(self, of: Any, key: Key, chance: Random, awaitables: bool) -> Any:
        fate = chance.random()
        if fate < 0.02:
            return chance.choice(["str", 3, {"a": 1}])
        items = [self.value(of, (*key, n), chance, awaitables) for n in range(chance.choice([0, 1, 2, 3, 3, 5]))]
        if awaitables:
            items = [_later(item, chance.random() < 0.5) if chance.random() < 0.5 else item for item in items]
        if fate < 0.12:
            return tuple(items)
        if fate < 0.17:
            return iter(items)
        if fate < 0.22 and not self.sync and not awaitables:
            return _async_items(items)
        return _broken(key) if fate < 0.24 and not awaitables else items


async def _later(value: Any, raised: bool) -> Any:
    await asyncio.sleep(0)
    if raised and isinstance(value, Exception):
        raise value
    return value


async def _async_items(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def _broken(key: Key) -> Iterator[Any]:
    yield from ()
    raise Boom(f"iterator {key}")


def raised(key: Key, chance: Random) -> Exception:
    """What a resolver raises."""
    return chance.choice([Boom(f"raised {key}"), GraphQLError(f"of GraphQL {key}", extensions={"code": "X"})])
