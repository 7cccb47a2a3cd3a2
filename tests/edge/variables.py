"""Values in variables: small ones in any number, deep, long, large, of other types."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .hostile import ANSWERED, BAD_INPUT, LIMIT, Family, Hostile, sent

_FILTER = "query($of: RunFilter) { runs(filter: $of) { totalCount } }"
_RUN = "query($of: String!) { run(pathspec: $of) { id } }"
_PAGE = "query($of: Int) { runs(first: $of) { totalCount } }"
_EMPTY: dict[str, Any] = {}
_NONE: list[Any] = []


def _nested(depth: int, within: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = within(value)
    return value


def _given(query: str, value: Callable[[], Any], *outcomes: str) -> Hostile:
    return Hostile(lambda: sent(query, {"of": value()}), frozenset(outcomes))


def _same(value: Any) -> Any:
    return value


def _listed(value: Any) -> list[Any]:
    return [value]


def _held(value: Any) -> dict[str, Any]:
    return {"a": value}


_NUMBERS: Mapping[str, Any] = {
    "below any": -(2**63),
    "above any": 2**64 - 1,
    "beyond 32 bits": 2**31,
    "a fraction": 1.5,
    "1e308": 1e308,
    "true": True,
    "text": "50",
    "a list of one": [[5]],
    "an object": {"value": 5},
}

VARIABLES: Family = {
    "small objects": _given(_FILTER, lambda: [_EMPTY] * 300_000, LIMIT),
    "small objects in objects": _given(_FILTER, lambda: [{"a": _EMPTY}] * 110_000, LIMIT),
    "small lists": _given(_FILTER, lambda: [_NONE] * 300_000, LIMIT),
    "small lists in lists of 1,000": _given(_FILTER, lambda: [[_NONE] * 990] * 300, LIMIT),
    "objects in lists of 1,000": _given(_FILTER, lambda: {"tags": [[{"a": _NONE}] * 120] * 900}, LIMIT),
    "wrong items": _given(_FILTER, lambda: {"tags": [1] * 1_000}, BAD_INPUT),
    "wrong items of lists": _given(_FILTER, lambda: {"tags": [1] * 1_000, "anyTags": [_EMPTY] * 1_000}, BAD_INPUT),
    "unknown fields": _given(_FILTER, lambda: {f"anyTag{n}": 1 for n in range(900)}, LIMIT),
    "many unknown fields": _given(_FILTER, lambda: {f"anyTag{n}": 1 for n in range(60_000)}, LIMIT),
    "a long unknown field": _given(_FILTER, lambda: {"a" * 90_000: 1}, BAD_INPUT),
    "long unknown fields": _given(_FILTER, lambda: {f"{n}{'anyTags' * 100}": 1 for n in range(1_400)}, LIMIT),
    "an unknown enum value": _given(_FILTER, lambda: {"statuses": ["SUCCEEDE" * 12_000]}, BAD_INPUT),
    "unknown enum values": _given(_FILTER, lambda: {"statuses": [f"SUCCEEDE{n}" for n in range(1_000)]}, BAD_INPUT),
    "long enum values": _given(_FILTER, lambda: {"statuses": [f"{n}{'FAILED' * 150}" for n in range(999)]}, BAD_INPUT),
    "a large object of a text": _given(_RUN, lambda: {f"a{n}": n for n in range(60_000)}, LIMIT),
    "a long text": _given(_RUN, lambda: "Made/" + "1" * 90_000, ANSWERED),
    "a text of NUL": _given(_RUN, lambda: "\0" * 90_000, ANSWERED),
    "a text of slashes": _given(_RUN, lambda: "/" * 90_000, ANSWERED),
    "a text of dots": _given(_RUN, lambda: "../" * 30_000, ANSWERED),
    "long texts": _given(_FILTER, lambda: {"tags": ["a" * 1_000] * 1_000}, ANSWERED),
    "many texts": _given(_FILTER, lambda: {"tags": [f"a{n}" for n in range(1_000)]}, ANSWERED),
    "texts for every list": _given(
        _FILTER,
        lambda: {key: [f"a{n}" for n in range(1_000)] for key in ("tags", "anyTags", "users", "flows")},
        ANSWERED,
    ),
    "a long id prefix": _given(_FILTER, lambda: {"runIdPrefix": "1" * 90_000}, ANSWERED),
    "a long time": _given(_FILTER, lambda: {"createdAfter": "1" * 90_000}, BAD_INPUT),
    "a time out of reach": _given(_FILTER, lambda: {"createdAfter": "9999-12-31T23:59:59.999999999-23:59"}, BAD_INPUT),
    "a fraction of a second": _given(
        _FILTER, lambda: {"createdAfter": f"2026-01-01T00:00:00.{'9' * 90_000}Z"}, ANSWERED
    ),
    "many that are not declared": Hostile(
        lambda: sent("{ __typename }", {f"v{n}": _NONE for n in range(80_000)}), frozenset({LIMIT})
    ),
    "one large that is not declared": Hostile(
        lambda: sent("{ __typename }", {"v": [[_EMPTY] * 900] * 250}), frozenset({LIMIT})
    ),
    **{f"number {name}": _given(_PAGE, partial(_same, value), BAD_INPUT) for name, value in _NUMBERS.items()},
    **{
        f"deep {name}, {depth}": _given(query, partial(_nested, depth, within), outcome)
        for depth, outcome in ((9, BAD_INPUT), (20, LIMIT), (240, LIMIT))
        for name, query, within in (
            ("lists", _FILTER, _listed),
            ("objects", _FILTER, _held),
            ("lists for a text", _RUN, _listed),
        )
    },
}
