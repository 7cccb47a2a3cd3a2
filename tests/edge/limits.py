"""Documents and variables just below each limit, and just above."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from metaflow_graphql.resolvers.context import Limit
from metaflow_graphql.server import limits

from .hostile import ANSWERED, BAD_INPUT, INVALID, LIMIT, UNRESOLVED, Family, Hostile, document, sent

INFO = "serverInfo { version }"


def nested(opening: str, inner: str, closing: str, times: int) -> str:
    return opening * times + inner + closing * times


def padded(size: int) -> str:
    document = f"{{ {INFO} }}"
    return document + " " * (size - len(document.encode()))


def fields(count: int) -> str:
    """So many, of which not too many are alike."""
    return infos(count - 80, "version")


def infos(count: int, inner: str) -> str:
    """Something in eighty objects, so many times."""
    of_each, more = divmod(count, 80)
    return "".join(f" a{m}: serverInfo {{ {f'{inner} ' * (of_each + (m < more))}}}" for m in range(80))


def tokens(count: int) -> str:
    of_each, more = divmod(count - 20, 4)
    lists = " ".join(f"[{' 1' * (of_each + (m < more))}]" for m in range(4))
    return f"{{ nodes(ids: [{lists}]) {{ id }} }}"


def ids(count: int) -> str:
    return json.dumps(["a"] * count)


# What makes a document of so many.
DOCUMENTS: dict[str, tuple[Limit, Callable[[int], str]]] = {
    "bytes": (limits.DOCUMENT_BYTES, padded),
    "bytes of what is no ASCII": (limits.DOCUMENT_BYTES, lambda n: padded(n - 3) + "#é"),
    "tokens": (limits.DOCUMENT_TOKENS, tokens),
    "comments": (limits.DOCUMENT_TOKENS, lambda n: "#\n" * n + f"{{ {INFO} }}"),
    "fields": (limits.DOCUMENT_FIELDS, lambda n: f"{{ {fields(n)} }}"),
    "fields of several operations": (
        limits.DOCUMENT_FIELDS,
        lambda n: f"query A {{ {fields(n // 2)} }} query B {{ {fields(n - n // 2)} }}",
    ),
    "fields of fragments": (
        limits.DOCUMENT_FIELDS,
        lambda n: f"{{ ...A b: serverInfo {{ ...B }} }} fragment A on Query {{ {fields(n - 101)} }} "
        f"fragment B on ServerInfo {{ {'version ' * 100} }}",
    ),
    "depth": (
        limits.DOCUMENT_DEPTH,
        lambda n: f'{{ run(pathspec: "A/1") {{ steps {{ {nested("parentSteps {", "name", "}", n - 3)} }} }} }}',
    ),
    "root fields": (limits.ROOT_FIELDS, lambda n: "{" + f" {INFO}" * n + "}"),
    "root fields of a fragment": (
        limits.ROOT_FIELDS,
        lambda n: "{ ...A } fragment A on Query {" + f" {INFO}" * n + "}",
    ),
    "aliases": (limits.ALIASES, lambda n: "{ serverInfo {" + "".join(f" a{m}: version" for m in range(n)) + "} }"),
    "operations": (limits.OPERATIONS, lambda n: " ".join(f"query A{m} {{ {INFO} }}" for m in range(n))),
    "fragments": (
        limits.FRAGMENTS,
        lambda n: f"{{ serverInfo {{ {' '.join(f'...F{m}' for m in range(n))} }} }}"
        + "".join(f" fragment F{m} on ServerInfo {{ a{m}: version }}" for m in range(n)),
    ),
    "fragment spreads": (
        limits.FRAGMENT_SPREADS,
        lambda n: f"{{ {infos(n, '...A')} }} fragment A on ServerInfo {{ version }}",
    ),
    "inline fragments": (limits.FRAGMENT_SPREADS, lambda n: f"{{ {infos(n, '... { version }')} }}"),
    "depth of fragments": (limits.FRAGMENT_DEPTH, lambda n: f"{{ {nested('... {', INFO, '}', n)} }}"),
    "depth of named fragments": (
        limits.FRAGMENT_DEPTH,
        lambda n: "{ ...F1 }"
        + "".join(f" fragment F{m} on Query {{ ...F{m + 1} }}" for m in range(1, n))
        + f" fragment F{n} on Query {{ {INFO} }}",
    ),
    "directives": (limits.DIRECTIVES, lambda n: "{ serverInfo {" + " version @skip(if: false)" * n + "} }"),
    "variables": (
        limits.VARIABLES,
        lambda n: f"query({' '.join(f'$v{m}: ID!' for m in range(n))}) "
        f"{{ nodes(ids: [{' '.join(f'$v{m}' for m in range(n))}]) {{ id }} }}",
    ),
    "items of a list": (limits.LIST_ITEMS, lambda n: f"{{ nodes(ids: {ids(n)}) {{ id }} }}"),
    "fields of an object": (
        limits.OBJECT_FIELDS,
        lambda n: f"{{ runs(filter: {{ {' '.join(f'a{m}: 1' for m in range(n))} }}) {{ totalCount }} }}",
    ),
    "depth of a value": (limits.VALUE_DEPTH, lambda n: f"{{ nodes(ids: {nested('[', '', ']', n)}) {{ id }} }}"),
    "depth of introspection": (
        limits.INTROSPECTION_DEPTH,
        lambda n: f"{{ __schema {{ types {{ {nested('fields { type {', 'name', '} }', n)} }} }} }}",
    ),
    "introspections": (
        limits.INTROSPECTIONS,
        lambda n: "{" + "".join(f" a{m}: __type(name: \"Run\") {{ name }}" for m in range(n)) + "}",
    ),
    "validation": (
        limits.VALIDATION,
        lambda n: "{ serverInfo {" + " limits { name }" * (40 if n == limits.VALIDATION.value else 200) + "} }",
    ),
}  # fmt: skip

VARIABLES: dict[str, tuple[Limit, Callable[[int], dict[str, Any]]]] = {
    "variables": (limits.VARIABLES, lambda n: {f"v{m}": 1 for m in range(n)}),
    "values": (limits.VARIABLE_VALUES, lambda n: {"of": [[1] * 999] * 9 + [[1] * (n - 9_002)]}),
    "values of objects": (
        limits.VARIABLE_VALUES,
        lambda n: {key: [{"a": "", "b": 1}] * 999 for key in "abc"} | {"d": [1] * 500, "e": [1] * (n - 9_496)},
    ),
    "items of a list": (limits.LIST_ITEMS, lambda n: {"of": [1] * n}),
    "fields of an object": (limits.OBJECT_FIELDS, lambda n: {"of": [{str(m): 1 for m in range(n)}]}),
    "length of a text": (limits.TEXT_LENGTH, lambda n: {"of": "a" * n}),
    "length of a name": (limits.TEXT_LENGTH, lambda n: {"of": {"a" * n: 1}}),
    "depth": (limits.VALUE_DEPTH, lambda n: {"of": json.loads(nested("[", "1", "]", n))}),
    "depth of objects": (limits.VALUE_DEPTH, lambda n: {"of": json.loads(nested('{"a":', "1", "}", n))}),
}


# What becomes of documents just below a limit that are too odd to be answered.
_BELOW = {
    "fields of several operations": UNRESOLVED,
    "operations": UNRESOLVED,
    "depth": LIMIT,  # of the cost: lists in lists
    "variables": BAD_INPUT,
    "tokens": INVALID,
    "fields of an object": INVALID,
    "depth of a value": INVALID,
}


def _documents() -> Family:
    return {
        f"{name}, {what}": document(partial(write, limit.value + more), outcome)
        for name, (limit, write) in DOCUMENTS.items()
        for what, more, outcome in (("below", 0, _BELOW.get(name, ANSWERED)), ("above", 1, LIMIT))
    }


def _variables() -> Family:
    def hostile(value: Callable[[int], dict[str, Any]], many: int, outcome: str) -> Hostile:
        return Hostile(lambda: sent("{ __typename }", value(many)), frozenset({outcome}))

    return {
        f"{name} in variables, {what}": hostile(value, limit.value + more, outcome)
        for name, (limit, value) in VARIABLES.items()
        for what, more, outcome in (("below", 0, ANSWERED), ("above", 1, LIMIT))
    }


AT_LIMITS: Family = {**_documents(), **_variables()}
