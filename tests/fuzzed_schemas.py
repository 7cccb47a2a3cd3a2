"""Random schemas, whose fields have resolvers of all kinds."""

import asyncio
import json
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
)

from fuzzed_values import IMPLEMENTING, LEAVES, OBJECTS, Boom, Values, chance_of, raised, seed_of, type_of
from metaflow_graphql.execution import Level, answers_levels

_ARGUMENTS = [
    {},
    {},
    {},
    {"n": GraphQLArgument(GraphQLInt), "s": GraphQLArgument(GraphQLString, default_value="d")},
    {"required": GraphQLArgument(GraphQLNonNull(GraphQLInt))},
]
_KINDS = ["plain", "async", "level", "level", "awaitables", "mixed"]


class _Common(NamedTuple):
    """A field of the interface, and of all types that implement it."""

    type: Any
    kind: str
    arguments: dict[str, GraphQLArgument]


class _Schema:
    def __init__(self, seed: int, sync: bool) -> None:
        self._chance = chance = Random(seed)
        self._seed = seed
        self._sync = sync
        self._told_by = chance.choice(["resolve_type", "is_type_of", "typename"])
        self._later = not sync and chance.random() < 0.3  # the type of an object has to be awaited
        self._values = Values(sync, self._told_by == "typename")
        self._types: dict[str, Any] = {}

    def made(self) -> GraphQLSchema:
        types, by_resolve = self._types, self._told_by == "resolve_type"
        resolve_type = self._resolve_type if by_resolve else None
        types["I"] = GraphQLInterfaceType(
            "I",
            lambda: {name: GraphQLField(of.type, args=of.arguments) for name, of in self._common().items()},
            resolve_type=resolve_type,
        )
        for name in OBJECTS:
            is_type_of = self._is_type_of(name) if self._told_by == "is_type_of" else None
            interfaces = [types["I"]] if name in IMPLEMENTING else []
            types[name] = GraphQLObjectType(name, self._fields(name), interfaces, is_type_of=is_type_of)
        types["U"] = GraphQLUnionType("U", [types["A"], types["C"]], resolve_type=resolve_type)
        for name in ("Query", "Mutation"):
            types[name] = GraphQLObjectType(name, self._fields(name))
        return GraphQLSchema(types["Query"], types["Mutation"], types=list(types.values()))

    def _common(self) -> dict[str, _Common]:
        chance = chance_of(self._seed, "common")
        return {
            f"c{n}": _Common(
                self._wrapped(self._some_type(chance), chance), chance.choice(_KINDS), chance.choice(_ARGUMENTS)
            )
            for n in range(3)
        }

    def _fields(self, name: str) -> Callable[[], dict[str, GraphQLField]]:
        def fields() -> dict[str, GraphQLField]:
            chance = chance_of(self._seed, name)
            common = self._common() if name in IMPLEMENTING else {}
            own = {
                f"f{n}": _Common(
                    self._wrapped(self._some_type(chance), chance), chance.choice(_KINDS), chance.choice(_ARGUMENTS)
                )
                for n in range(6)
            }
            resolved = {
                field: GraphQLField(of.type, args=of.arguments, resolve=self._resolver(name, field, of.type, of.kind))
                for field, of in (common | own).items()
            }
            return resolved | {
                "type": GraphQLField(GraphQLString),
                "seed": GraphQLField(GraphQLNonNull(GraphQLInt), args=chance.choice(_ARGUMENTS)),
            }

        return fields

    def _some_type(self, chance: Random) -> Any:
        pick = chance.random()
        if pick < 0.5:
            return chance.choice(LEAVES)
        return self._types[chance.choice(OBJECTS if pick < 0.8 else "IU")]

    def _wrapped(self, type_: Any, chance: Random, depth: int = 0) -> Any:
        if depth < 2 and chance.random() < 0.35:
            type_ = GraphQLList(self._wrapped(type_, chance, depth + 1))
        return GraphQLNonNull(type_) if chance.random() < 0.4 else type_

    def _resolver(self, type_name: str, field: str, type_: Any, kind: str) -> Callable[..., Any]:
        def one(source: Any, arguments: dict[str, Any]) -> Any:
            key = (seed_of(source), type_name, field, json.dumps(arguments, sort_keys=True, default=str))
            chance = chance_of(*key)
            if chance.random() < 0.05:
                raise raised(key, chance)
            return self._values.value(type_, key, chance, kind == "awaitables")

        return _of_kind("plain" if self._sync and kind != "level" else kind, one, self._sync)

    def _resolve_type(self, value: Any, _info: Any, _type: Any) -> Any:
        if seed_of(value) % 29 == 0:
            raise Boom("type")
        return self._maybe_later(type_of(value))

    def _is_type_of(self, name: str) -> Callable[[Any, Any], Any]:
        return lambda value, _info: self._maybe_later(type_of(value) == name)

    def _maybe_later(self, value: Any) -> Any:
        return _after_a_tick(value) if self._later else value


async def _after_a_tick(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


def _of_kind(kind: str, one: Callable[[Any, dict[str, Any]], Any], sync: bool) -> Callable[..., Any]:
    """A resolver that gives what `one` does, at once or later."""

    def plain(source: Any, _info: Any, **arguments: Any) -> Any:
        return one(source, arguments)

    async def later(source: Any, _info: Any, **arguments: Any) -> Any:
        await asyncio.sleep(0)
        return one(source, arguments)

    def mixed(source: Any, _info: Any, **arguments: Any) -> Any:
        value = one(source, arguments)
        return _after_a_tick(value) if chance_of(str(value)).random() < 0.5 else value

    def level(source: Any, info: Any, **arguments: Any) -> Any:
        if not isinstance(source, Level):
            return (plain if sync else later)(source, info, **arguments)
        entries = [_met(one, each, arguments) for each in source]
        return entries if sync else _after_a_tick(entries)

    if kind == "level":
        return answers_levels(level)
    return {"async": later, "mixed": mixed}.get(kind, plain)


def _met(one: Callable[[Any, dict[str, Any]], Any], source: Any, arguments: dict[str, Any]) -> Any:
    try:
        return one(source, arguments)
    except Exception as error:
        return error


def schema(seed: int, sync: bool) -> GraphQLSchema:
    """The schema of this seed; `sync`: nothing in it has to be awaited."""
    return _Schema(seed, sync).made()
