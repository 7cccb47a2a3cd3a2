"""Random operations on a schema, with fragments, directives, aliases, arguments and variables."""

import zlib
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from graphql import (
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_object_type,
)


class Query(NamedTuple):
    text: str
    variables: dict[str, Any]


_named: Callable[[Any], Any] = get_named_type


def query(schema: GraphQLSchema, chance: Random, kind: str) -> Query:
    """A query or a mutation. It need not be valid where executors do not ask."""
    writer = _Writer(schema, chance)
    root = schema.query_type if kind == "query" else schema.mutation_type
    body = writer.selections(root, 3)
    head = ", ".join(f"${name}: {type_}" for name, (type_, _) in writer.variables.items())
    declared = f"({head})" if head else ""
    text = f"{kind} Q{declared} {{ {body} }} {' '.join(writer.fragments)}"
    return Query(text, {name: value for name, (_, value) in writer.variables.items()})


class _Writer:
    def __init__(self, schema: GraphQLSchema, chance: Random) -> None:
        self._schema = schema
        self._chance = chance
        self.fragments: list[str] = []
        self.variables: dict[str, tuple[str, Any]] = {}

    def selections(self, type_: Any, depth: int) -> str:
        chance = self._chance
        written = list[str]()
        for _ in range(chance.choice([1, 2, 2, 3, 4])):
            pick = chance.random()
            if pick < 0.1 or (not hasattr(type_, "fields") and pick < 0.4):
                written.append(chance.choice(["__typename", "own: __typename"]) + self._directive())
            elif pick < 0.3 or not hasattr(type_, "fields"):
                written.append(self._fragment(type_, depth))
            else:
                written.append(self._field(type_, depth))
        return " ".join(written).strip() or "__typename"

    def _fragment(self, type_: Any, depth: int) -> str:
        chance = self._chance
        conditions = [type_.name]
        if is_abstract_type(type_):
            conditions += [possible.name for possible in self._schema.get_possible_types(type_)] * 2
        elif is_object_type(type_):
            conditions += [interface.name for interface in type_.interfaces]
        condition = chance.choice(conditions)
        inner = self.selections(self._schema.type_map[condition], depth - 1) if depth else "__typename"
        if chance.random() < 0.5:
            on = f" on {condition}" if condition != type_.name or chance.random() < 0.7 else ""
            return f"...{on}{self._directive()} {{ {inner} }}"
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {condition} {{ {inner} }}")
        return f"...{name}{self._directive()}"

    def _field(self, type_: Any, depth: int) -> str:
        chance = self._chance
        name, field = chance.choice(list(type_.fields.items()))
        named = _named(field.type)
        inner = ""
        if is_composite_type(named):
            if not depth:
                return ""
            inner = f" {{ {self.selections(named, depth - 1)} }}"
        arguments = self._arguments(field)
        alias = f"al{chance.randrange(2)}_{name}: " if chance.random() < 0.3 else ""
        if arguments:
            alias = f"x{zlib.crc32((type_.name + name + arguments).encode()):x}: "
        return f"{alias}{name}{arguments}{self._directive()}{inner}"

    def _arguments(self, field: Any) -> str:
        chance = self._chance
        written = list[str]()
        for name, argument in field.args.items():
            required = isinstance(argument.type, GraphQLNonNull)
            if chance.random() < (0.05 if required else 0.5):
                continue
            value: Any = f"x{chance.randrange(2)}" if name == "s" else chance.randrange(3)
            literal = f'"{value}"' if name == "s" else str(value)
            if chance.random() < 0.3:
                literal = self._variable(str(argument.type), value)
            written.append(f"{name}: {literal}")
        return f"({', '.join(written)})" if written else ""

    def _directive(self) -> str:
        chance = self._chance
        if chance.random() > 0.15:
            return ""
        value = chance.random() < 0.5
        literal = self._variable("Boolean!", value) if chance.random() < 0.5 else str(value).lower()
        return f" @{chance.choice(['skip', 'include'])}(if: {literal})"

    def _variable(self, type_: str, value: Any) -> str:
        name = f"v{len(self.variables)}"
        self.variables[name] = (type_, value)
        return f"${name}"
