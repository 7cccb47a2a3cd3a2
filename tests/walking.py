"""A walk over all that a gateway answers: every field of the schema, of every object that any answer leads to.

Fields and arguments come from the schema, so that one that is added is walked too. An argument is given whatever a
`Pool` has for its type, one argument at a time. Objects with an id are asked for by that, each once.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, cast

import httpx
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    is_leaf_type,
    is_required_argument,
)

from metaflow_graphql.schema import schema

SCHEMA: GraphQLSchema = build_schema(schema.as_str())
_NODE = cast("GraphQLInterfaceType", SCHEMA.type_map["Node"])
_QUERY = cast("GraphQLObjectType", SCHEMA.query_type)
_NODE_TYPES = [type_.name for type_ in SCHEMA.get_possible_types(_NODE)]

_TOGETHER = 40  # objects that are asked for at once
_ALIASES, _TOP_FIELDS = 300, 100  # of a document, about: there are limits of them

File = tuple[int, dict[str, str], bytes]  # its status, headers and content
Ask = Callable[[str, dict[str, Any]], dict[str, Any]]


class Pool(NamedTuple):
    """What arguments are given: texts and ids for all that take one, times as text."""

    strings: Sequence[str] = ()
    ids: Sequence[str] = ()
    times: Sequence[str] = ()


class Question(NamedTuple):
    """Fields that were asked for, of the objects with these ids; of Query where there are none."""

    fields: str
    ids: tuple[str, ...]


@dataclass
class Walk:
    """All answers, and where they led to."""

    answers: dict[Question, dict[str, Any]] = field(default_factory=dict[Question, dict[str, Any]])
    ids: dict[str, str] = field(default_factory=dict[str, str])  # by id, the type
    urls: list[str] = field(default_factory=list[str])
    files: dict[str, File] = field(default_factory=dict[str, File])

    def values(self, name: str) -> list[Any]:
        """All values of the fields of that name, each once, as they came."""
        found = (value for answer in self.answers.values() for value in _values(answer.get("data"), name))
        return list(dict.fromkeys(str(value) for value in found if value is not None))


def walk(
    ask: Ask,
    pool: Pool = Pool(),  # noqa: B008 - it is frozen
    more_ids: dict[str, str] | None = None,
    most: int | None = None,
) -> Walk:
    """From Query to all that can be reached; `most`: of so many objects of each type.

    `more_ids`: ids to ask for first, and of which type they are.
    """
    found = Walk()
    for fields in packed(selection(_QUERY, pool)):
        _note(found, Question(fields, ()), ask(f"{{ {fields} }}", {}))
    asked: set[str] = set()
    left = Counter(dict.fromkeys(_NODE_TYPES, most or 0))
    while new := {id: type_ for id, type_ in ((more_ids or {}) | found.ids).items() if id not in asked}:
        asked.update(new)
        for type_ in _NODE_TYPES:
            ids = [id for id, of in new.items() if of == type_][: None if most is None else left[type_]]
            left[type_] -= len(ids)
            for start in range(0, len(ids), _TOGETHER):
                _ask_for(found, ask, type_, tuple(ids[start : start + _TOGETHER]), pool)
    return found


def read(found: Walk, client: httpx.Client, more: Sequence[str] = ()) -> None:
    """And all files whose URLs were answered, and those at `more`."""
    for url in [*found.urls, *more]:
        response = client.get(url)
        headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
        found.files[url] = (response.status_code, headers, response.content)


def text_of(found: Walk) -> str:
    """All that was answered, files too."""
    files = [f"{headers} {content.decode('latin-1')}" for _, headers, content in found.files.values()]
    return "\n".join([*(json.dumps(answer, ensure_ascii=False) for answer in found.answers.values()), *files])


def difference(one: Any, other: Any, path: str = "") -> str | None:
    """Where two answers differ first."""
    if one == other:
        return None
    parts = [_parts(value) for value in (one, other)]
    if type(one) is type(other) and parts[0].keys() == parts[1].keys():
        found = (difference(part, parts[1][key], f"{path}/{key}") for key, part in parts[0].items())
        return next((text for text in found if text is not None), None)
    return f"{path}: {str(one)[:300]} is not {str(other)[:300]}"


def _parts(value: Any) -> dict[Any, Any]:
    if isinstance(value, dict):
        return cast("dict[Any, Any]", value)
    return dict(enumerate(cast("list[Any]", value))) if isinstance(value, list | tuple) else {value: None}


def _ask_for(found: Walk, ask: Ask, type_: str, ids: tuple[str, ...], pool: Pool) -> None:
    of_type = cast("GraphQLObjectType", SCHEMA.type_map[type_])
    for fields in packed(selection(of_type, pool)):
        query = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename ... on {type_} {{ {fields} }} }} }}"
        _note(found, Question(fields, ids), ask(query, {"ids": list(ids)}))


def _note(found: Walk, question: Question, answer: dict[str, Any]) -> None:
    assert "data" in answer, (question, answer)
    found.answers[question] = answer
    for one in _objects(answer["data"]):
        if isinstance(one.get("id"), str) and one.get("__typename") in _NODE_TYPES:
            found.ids.setdefault(one["id"], one["__typename"])
        urls = [value for value in one.values() if isinstance(value, str) and value.startswith("http://gateway/")]
        found.urls += [url for url in urls if url not in found.urls]


def packed(fields: Iterator[str]) -> Iterator[str]:
    """So many of them together as fit into a document."""
    pack: list[str] = []
    aliases = 0
    for text in fields:
        aliases += text.count(": ")
        if pack and (aliases > _ALIASES or len(pack) == _TOP_FIELDS):
            yield " ".join(pack)
            pack, aliases = [], text.count(": ")
        pack.append(text)
    yield " ".join(pack)


def selection(
    type_: GraphQLObjectType | GraphQLInterfaceType,
    pool: Pool,
    inside: tuple[str, ...] = (),
) -> Iterator[str]:
    """Every field of a type, with every choice of arguments, down to objects with ids, of which the id is asked for."""
    for name, of in type_.fields.items():
        for number, arguments in enumerate(choices(of, pool)):
            yield f"{name}_{number}: {name}{arguments}{_below(of, pool, (*inside, type_.name))}"


def _below(of: GraphQLField, pool: Pool, inside: tuple[str, ...]) -> str:
    named: Any = SCHEMA.type_map[str(cast("Any", of).type).strip("[]!")]
    if is_leaf_type(named):
        return ""
    if isinstance(named, GraphQLUnionType):
        members = (f"... on {member.name} {_object(member, pool, inside)}" for member in named.types)
        return f" {{ __typename {' '.join(members)} }}"
    return f" {_object(cast('GraphQLObjectType', named), pool, inside)}"


def _object(named: GraphQLObjectType | GraphQLInterfaceType, pool: Pool, inside: tuple[str, ...]) -> str:
    if named is _NODE or _NODE in named.interfaces:
        return "{ __typename id }"
    if named.name in inside:
        return "{ __typename }"
    return f"{{ __typename {' '.join(selection(named, pool, inside))} }}"


def choices(of: GraphQLField, pool: Pool) -> Iterator[str]:
    """The arguments of a field: those that it must have, and each of the others alone."""
    required = {name: argument for name, argument in of.args.items() if is_required_argument(argument)}
    must = {name: next(iter(values(cast("Any", argument).type, pool)), None) for name, argument in required.items()}
    if None in must.values():
        return
    yield _written(must)
    for name, argument in of.args.items():
        yield from (_written(must | {name: value}) for value in _others(name, argument, must, pool))


def _others(name: str, argument: GraphQLArgument, must: dict[str, str | None], pool: Pool) -> Iterator[str]:
    found = values(cast("Any", argument).type, pool)
    yield from islice(found, 1, None) if name in must else found


def _written(arguments: dict[str, str | None]) -> str:
    return f"({', '.join(f'{name}: {value}' for name, value in arguments.items())})" if arguments else ""


def values(of: Any, pool: Pool) -> Iterator[str]:
    """What there is for a type, as written in a document."""
    inner: Any = getattr(of, "of_type", None)
    match of:
        case GraphQLNonNull():
            yield from (value for value in values(inner, pool) if value != "null")
        case GraphQLList():
            yield from (f"[{value}]" for value in values(inner, pool))
        case GraphQLEnumType():
            yield from of.values
        case GraphQLInputObjectType():
            for name, taken in of.fields.items():
                yield from (f"{{{name}: {value}}}" for value in values(taken.type, pool))
        case _:
            yield from _scalars(of.name, pool)


def _scalars(name: str, pool: Pool) -> list[str]:
    return {
        "String": [json.dumps(text) for text in pool.strings] + ["null"] * bool(pool.strings),
        "ID": [json.dumps(id) for id in pool.ids],
        "Int": ["1", "0"],
        "Boolean": ["true", "false"],
        "DateTime": [json.dumps(time) for time in pool.times],
    }[name]


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        one = cast("dict[str, Any]", value)
        yield one
        for inner in one.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _objects(inner)


def _values(value: Any, name: str) -> Iterator[Any]:
    for one in _objects(value):
        yield from (inner for key, inner in one.items() if key.rpartition("_")[0] == name or key == name)
