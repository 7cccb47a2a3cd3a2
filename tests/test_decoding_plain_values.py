"""Plain values of any shape, against a view made from the values themselves."""

import math
import pickle
import re
from typing import Any, cast

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from metaflow_graphql.decoding import decode, preview, to_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
KEYS = st.text(st.characters(), max_size=10) | st.integers() | st.booleans() | st.tuples(st.integers(), st.text("ab"))
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner, max_size=5)
        | st.sets(st.integers(), max_size=5)
        | st.lists(st.floats(), min_size=5, max_size=30)
        | st.lists(st.integers(-(2**31), 2**31), min_size=5, max_size=30)
    ),
    max_leaves=20,
)


def clean(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def expected(value: Any) -> object:
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) < 2**53 else str(value)
        case float():
            return value if math.isfinite(value) else None
        case str():
            return clean(value)
        case set():
            return [expected(member) for member in sorted(cast(set[int], value))]
        case dict():
            return expected_of(cast(dict[Any, Any], value))
        case _:
            return [expected(member) for member in value]


def expected_of(value: dict[Any, Any]) -> object:
    keys = [clean(str(key)) for key in value]
    if len(set(keys)) == len(keys):
        return dict(zip(keys, map(expected, value.values()), strict=True))
    return [[expected(key), expected(inner)] for key, inner in value.items()]


@settings(max_examples=200, deadline=None)
@given(VALUES, st.integers(0, 5))
def test_the_view_of_a_pickle_is_the_view_of_its_value(value: object, protocol: int):
    shown = to_json(decode(pickle.dumps(value, protocol)))
    assert shown == expected(value)
    assert orjson.loads(orjson.dumps(shown)) == shown


@settings(max_examples=100, deadline=None)
@given(VALUES, st.integers(0, 60))
def test_a_preview_is_never_longer_than_asked(value: object, length: int):
    assert len(preview(decode(pickle.dumps(value)), length)) <= length


def test_runs_of_numbers_end_where_they_end():
    for many in range(1, 40):
        rows = [[0.5] * many, [70000] * many, "G", [0.5] * many + [None], [-70000] * many + [0.5]]
        assert decode(pickle.dumps(rows)) == rows


def test_a_long_list_is_read_across_its_batches():
    values = [*map(float, range(5000)), *range(100_000, 105_000)]
    assert decode(pickle.dumps(values)) == values
