"""Each limit: what is just below it is answered, and what is just above refused by its name."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from metaflow_graphql.resolvers.context import Limit
from metaflow_graphql.schema import schema
from metaflow_graphql.server import limits
from metaflow_graphql.server.documents import variables
from metaflow_graphql.server.documents.kept import Documents
from metaflow_graphql.server.errors import RequestError

SCHEMA: Any = schema._schema  # pyright: ignore[reportPrivateUsage] - Strawberry has no other name for it
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
    "validation": (
        limits.VALIDATION,
        lambda n: "{ serverInfo {" + " limits { name }" * (40 if n == limits.VALIDATION.value else 200) + "} }",
    ),
}  # fmt: skip


def codes_of(document: str) -> list[str]:
    """The codes of what is found wrong with it, and messages of what is beyond a limit."""
    try:
        asyncio.run(Documents(SCHEMA).document(document))
    except RequestError as refused:
        return [error["extensions"]["code"] + " " + error["message"].rpartition(": ")[2] for error in refused.errors]
    return []


@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_document_is_refused_only_beyond_a_limit(case: str) -> None:
    limit, of = DOCUMENTS[case]
    below, above = codes_of(of(limit.value)), codes_of(of(limit.value + 1))
    assert [code for code in below if code.startswith("LIMIT_EXCEEDED")] == []
    assert above == [f"LIMIT_EXCEEDED {limit.name} is {limit.value} at the most."]


VARIABLES: dict[str, tuple[Limit, Callable[[int], dict[str, Any]]]] = {
    "variables": (limits.VARIABLES, lambda n: {f"v{m}": 1 for m in range(n)}),
    "values": (limits.VARIABLE_VALUES, lambda n: {"of": [[1] * 999] * 9 + [[1] * (n - 9_002)]}),
    "values of objects": (
        limits.VARIABLE_VALUES,
        lambda n: {key: [{"a": [], "b": 1}] * 999 for key in "abc"} | {"d": [1] * 500, "e": [1] * (n - 9_496)},
    ),
    "items of a list": (limits.LIST_ITEMS, lambda n: {"of": [1] * n}),
    "fields of an object": (limits.OBJECT_FIELDS, lambda n: {"of": [{str(m): 1 for m in range(n)}]}),
    "depth": (limits.VALUE_DEPTH, lambda n: {"of": json.loads(nested("[", "1", "]", n))}),
    "depth of objects": (limits.VALUE_DEPTH, lambda n: {"of": json.loads(nested('{"a":', "1", "}", n))}),
}


@pytest.mark.parametrize("case", VARIABLES)
def test_variables_are_refused_only_beyond_a_limit(case: str) -> None:
    limit, of = VARIABLES[case]
    variables.check(of(limit.value))
    with pytest.raises(RequestError, match=rf"{limit.name} is {limit.value} at the most") as refused:
        variables.check(of(limit.value + 1))
    assert refused.value.errors[0]["extensions"] == {"code": "LIMIT_EXCEEDED"}


# Where the limits of what is read and answered are held to.
OF_ANSWERS = {
    "cost": "test_cost.py",
    "answerObjects": "test_pages.py",
    "answerFields": "test_hostile.py",
    "answerBytes": "test_hostile.py",
    "valuesBytes": "test_hostile.py",
    "upstreamRequests": "test_service_requests.py",
    "seconds": "test_service_gateway_faults.py",
}


def test_each_limit_is_held_to_by_a_test() -> None:
    tested = {limit.name for limit, _ in (*DOCUMENTS.values(), *VARIABLES.values())}
    assert tested | OF_ANSWERS.keys() == {limit.name for limit in limits.LIMITS}
