# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# graphql-core leaves out the parameters of its generic types.
"""Operations drawn from the schema: most are valid."""

import json
from random import Random
from typing import Any, NamedTuple

from graphql import (
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from .form import graphql_schema
from .pools import Pools

# Arguments by which little is left to be answered.
_RARE = ("last", "before", "after", "namespace", "metadata", "attempt", "filter", "grep", "type", "cardId")
_GOING_ON = 0.6
# What is of a type by chance.
_STRANGE = ("id", "nodes", "unknown", "__typename", "__schema", "name")


class Drawn(NamedTuple):
    """A document, its variables, and the name of its operation."""

    text: str
    variables: dict[str, Any]
    name: str | None


def drawn(pools: Pools, chance: Random) -> Drawn:
    """A document of one operation, most of them queries."""
    kind = chance.choices(("query", "mutation", "subscription"), (95, 4, 1))[0]
    root = graphql_schema.mutation_type if kind == "mutation" else graphql_schema.query_type
    return _Writer(pools, chance).operation(kind, root)


class _Writer:
    def __init__(self, pools: Pools, chance: Random) -> None:
        self._pools = pools
        self._chance = chance
        self._fragments: list[str] = []
        self._declared: list[str] = []
        self._variables: dict[str, Any] = {}
        self._aliases = 0

    def operation(self, kind: str, root: Any) -> Drawn:
        chance = self._chance
        body = self._selections(root, chance.choice((1, 2, 4, 5, 6, 7)))
        name = chance.choice((None, "Q"))
        head = f"({', '.join(self._declared)})" if self._declared else ""
        text = " ".join([f"{kind} {name or ''}{head} {{ {body} }}", *self._fragments])
        return Drawn(text, self._variables, name if chance.random() < 0.5 else None)

    def _selections(self, type_: Any, depth: int) -> str:
        chance = self._chance
        count = chance.choice((1, 1, 1, 2, 3))
        written = [self._selection(type_, depth) for _ in range(count)]
        return " ".join(filter(None, written)) or "__typename"

    def _selection(self, type_: Any, depth: int) -> str:
        pick = self._chance.random()
        if pick < 0.05:
            return "__typename" + self._directive()
        if not hasattr(type_, "fields") or pick < 0.15 or (is_abstract_type(type_) and pick < 0.6):
            return self._fragment(type_, depth)
        if pick < 0.155:
            return self._chance.choice(_STRANGE)
        return self._field(type_, depth)

    def _fragment(self, type_: Any, depth: int) -> str:
        chance = self._chance
        conditions = [type_.name]
        if is_abstract_type(type_):
            conditions += [possible.name for possible in graphql_schema.get_possible_types(type_)] * 2
        elif is_object_type(type_):
            conditions += [interface.name for interface in type_.interfaces]
        condition = chance.choice(conditions)
        inner = self._selections(graphql_schema.type_map[condition], depth - 1) if depth else "__typename"
        if chance.random() < 0.5:
            on = f" on {condition}" if condition != type_.name or chance.random() < 0.7 else ""
            return f"...{on}{self._directive()} {{ {inner} }}"
        name = f"F{len(self._fragments)}"
        self._fragments.append(f"fragment {name} on {condition} {{ {inner} }}")
        return f"...{name}{self._directive()}"

    def _field(self, type_: Any, depth: int) -> str:
        chance = self._chance
        named = {name: get_named_type(field.type) for name, field in type_.fields.items()}
        of_objects = [name for name, of in named.items() if is_composite_type(of)]
        # Most go on, for what is far below is not met otherwise.
        goes_on = depth > 0 and of_objects and chance.random() < _GOING_ON
        name = chance.choice(of_objects if goes_on else [*named])
        field, composite = type_.fields[name], name in of_objects
        if composite and not depth:
            return ""
        inner = f" {{ {self._selections(named[name], depth - 1)} }}" if composite else ""
        arguments = self._arguments(name, field)
        alias = ""
        if arguments or chance.random() < 0.1:  # two of one name with other arguments are not valid
            self._aliases += 1
            alias = f"a{self._aliases}: "
        return f"{alias}{name}{arguments}{self._directive()}{inner}"

    def _arguments(self, of: str, field: Any) -> str:
        chance = self._chance
        written: list[str] = []
        for name, argument in field.args.items():
            required = is_non_null_type(argument.type)
            if chance.random() < (0.01 if required else 0.9 if name in _RARE else 0.5):
                continue
            value = self._value(argument.type, of, name)
            literal = self._variable(argument.type, value) if chance.random() < 0.3 else _literal(argument.type, value)
            written.append(f"{name}: {literal}")
        return f"({', '.join(written)})" if written else ""

    def _value(self, type_: Any, of: str, name: str) -> Any:
        chance = self._chance
        if is_non_null_type(type_):
            return self._value(type_.of_type, of, name)
        if chance.random() < 0.03:
            return None
        if is_list_type(type_):
            return [self._value(type_.of_type, of, name) for _ in range(chance.choice((0, 1, 1, 2, 5)))]
        if is_enum_type(type_):
            return chance.choice([*type_.values])
        if is_input_object_type(type_):
            fields = [*type_.fields.items()]
            some = chance.sample(fields, chance.choice((0, 1, 1, 2)))
            return {name: self._value(field.type, of, name) for name, field in some}
        return self._pools.value(chance, of, name, type_.name)

    def _directive(self) -> str:
        chance = self._chance
        if chance.random() > 0.08:
            return ""
        value = chance.random() < 0.5
        literal = self._variable("Boolean!", value) if chance.random() < 0.5 else str(value).lower()
        return f" @{chance.choice(('skip', 'include'))}(if: {literal})"

    def _variable(self, type_: Any, value: Any) -> str:
        name = f"v{len(self._variables)}"
        self._declared.append(f"${name}: {type_}")
        self._variables[name] = value
        return f"${name}"


def _literal(type_: Any, value: Any) -> str:
    """As it is written in a document: enum values and fields' names stand without quotes."""
    bare = type_.of_type if is_non_null_type(type_) else type_
    if isinstance(value, dict):
        fields = bare.fields if is_input_object_type(bare) else {}
        return "{" + ", ".join(f"{key}: {_literal_of(fields.get(key), inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        item = bare.of_type if is_list_type(bare) else bare
        return "[" + ", ".join(_literal(item, inner) for inner in value) + "]"
    return value if is_enum_type(bare) and isinstance(value, str) else json.dumps(value)


def _literal_of(field: Any, value: Any) -> str:
    return _literal(field.type, value) if field else json.dumps(value)
