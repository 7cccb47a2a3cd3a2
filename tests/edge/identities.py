"""Ids, pathspecs, cursors and texts to look for: texts that the product reads itself."""

import base64
import json
from collections.abc import Callable

from .hostile import ANSWERED, LIMIT, Family, Hostile, joined, sent, sized

_NODES = "query($of: [ID!]!) { nodes(ids: $of) { id } }"
_TASK = 'task(pathspec: "Made/1/start/1")'
_ANSWERED = frozenset({ANSWERED})


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _nodes(ids: Callable[[], list[str]]) -> Hostile:
    return Hostile(lambda: sent(_NODES, {"of": ids()}), _ANSWERED)


def _asked(query: str, of: Callable[[], str]) -> Hostile:
    return Hostile(lambda: sent(query, {"of": of()}), _ANSWERED)


def literal_ids(count: int) -> str:
    return f"{{ nodes(ids: [{joined(lambda n: json.dumps(_encoded(['Run', n])), count)}]) {{ id }} }}"


def nodes_of_nodes(count: int) -> str:
    ids = joined(lambda n: f'"{n}"', 900 // count)
    return f"{{ {joined(lambda n: f'a{n}: nodes(ids: [{ids}]) {{ id ... on Run {{ steps {{ id }} }} }}', count)} }}"


_PLACES = {
    "pathspec of a run": "query($of: String!) { run(pathspec: $of) { id } }",
    "pathspec of an object": "query($of: String!) { object(pathspec: $of) { id } }",
    "name of a flow": "query($of: String!) { flow(name: $of) { id latestRun { id } } }",
    "namespace": "query($of: String!) { runs(namespace: $of) { nodes { id } } }",
    "provider": "query($of: String!) { runs(metadata: $of) { nodes { id } } }",
    "part of a name": "query($of: String!) { flows(nameContains: $of) { nodes { id } } }",
    "part of a tag": "query($of: String!) { tags(contains: $of) { tag } }",
    "cursor": "query($of: String!) { runs(first: 1, after: $of) { nodes { id } } }",
    "id": "query($of: ID!) { node(id: $of) { id } }",
    "text in a log": f"query($of: String!) {{ {_TASK} {{ loglines(grep: $of) {{ nodes {{ text }} }} }} }}",
    "type of a card": f"query($of: String!) {{ {_TASK} {{ cards(type: $of) {{ id }} }} }}",
}
_TEXTS = {
    "long": lambda: "a" * 100_000,
    "of slashes": lambda: "Made/1" + "/" * 99_000,
    "of dots": lambda: "Made/../" * 12_000,
    "of NUL": lambda: "Made/\0" * 1_000,
    "that could be a pattern": lambda: "(a+)+$" * 16_000,
    "of combining characters": lambda: "a" + "\u0301" * 99_000,
    "of base64": lambda: "QUFB" * 25_000,
    "of JSON in base64": lambda: _encoded([0] * 20_000),
    "of deep JSON in base64": lambda: base64.urlsafe_b64encode(b"[" * 70_000).decode(),
}

IDENTITIES: Family = {
    "unknown ids": _nodes(lambda: [f"Run:default/Made/{n}" for n in range(500)]),
    "more ids than are allowed": Hostile(
        lambda: sent(_NODES, {"of": [f"{n}" for n in range(1_001)]}), frozenset({LIMIT})
    ),
    "ids by the ten thousands": Hostile(
        lambda: sent(_NODES, {"of": [f"{n}" for n in range(90_000)]}), frozenset({LIMIT})
    ),
    "one id over and over": _nodes(lambda: [_encoded(["Run"])] * 500),
    "empty ids": _nodes(lambda: [""] * 500),
    "long ids": _nodes(lambda: ["A" * 1_000] * 500),
    "deep ids": _nodes(lambda: [base64.urlsafe_b64encode(b"[" * 700).decode()] * 500),
    "ids with large numbers": _nodes(lambda: [base64.urlsafe_b64encode(b"9" * 700).decode()] * 500),
    "ids that are no base64": _nodes(lambda: ["\u00e9" * 400] * 500),
    **sized("ids in the document", literal_ids, {100: ANSWERED, 900: ANSWERED, 1_001: LIMIT}),
    **sized("nodes of many fields", nodes_of_nodes, {1: ANSWERED, 30: ANSWERED, 100: ANSWERED}),
    "a text that is too long": Hostile(
        lambda: sent(_PLACES["name of a flow"], {"of": "a" * 1_000_000}), frozenset({LIMIT})
    ),
    **{f"{place}: {name}": _asked(query, text) for place, query in _PLACES.items() for name, text in _TEXTS.items()},
}
