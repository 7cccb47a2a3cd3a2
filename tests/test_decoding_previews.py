"""Values as text: close to repr, and no longer than asked for."""

import collections
import datetime
import pathlib
import pickle
import uuid
from decimal import Decimal
from fractions import Fraction
from time import perf_counter

import pytest

from metaflow_graphql.decoding import decode, preview

AS_REPR: list[object] = [
    None,
    True,
    -1,
    2.5,
    float("nan"),
    "it's",
    'say "it"',
    "\ud800",
    b"\x00'",
    bytearray(b"x"),
    [],
    [1, [2]],
    (),
    (1,),
    (1, 2),
    {},
    {"a": [1], 2: None, (1, 2): 3},
    set[int](),
    {1, 2},
    frozenset[int](),
    frozenset({1}),
    range(3),
    slice(1, None, 2),
    1 + 2j,
    Decimal("1.50"),
    Fraction(1, 3),
    datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC),
    datetime.date(2024, 1, 2),
    datetime.timedelta(days=1),
    uuid.UUID(int=1),
    pathlib.PurePosixPath("/a"),
    collections.defaultdict(None, {"a": 1}),
    collections.Counter("aab"),
    collections.deque([1, 2]),
    ValueError("x", 1),
    ValueError(),
]


@pytest.mark.parametrize("value", AS_REPR, ids=repr)
def test_it_is_python_s_repr(value: object):
    shown = preview(decode(pickle.dumps(value)), 200)
    assert shown == repr(value)
    assert preview(decode(pickle.dumps(value)), len(shown)) == shown


@pytest.mark.parametrize("length", [0, 1, 2, 5, 10, 20])
def test_it_is_cut_to_the_length_with_the_ellipsis_inside(length: int):
    for value in ("a" * 1000, [1] * 1000, {"key": "value", "other": "value"}, b"x" * 1000, 10**1000):
        shown = preview(decode(pickle.dumps(value)), length)
        assert shown == (repr(value)[: length - 1] + "…" if length else "")


def test_a_cycle_is_three_dots():
    inner: list[object] = [1]
    inner.append(inner)
    assert preview(decode(pickle.dumps({"a": inner, "b": inner})), 200) == "{'a': [1, ...], 'b': [1, ...]}"


def test_large_and_deep_values_cost_no_more_than_what_is_shown():
    deep = decode(b"\x80\x04" + b"]" * 100_000 + b"a" * 99_999 + b".")
    wide = decode(pickle.dumps(list(range(1_000_000))))
    text = decode(pickle.dumps("é" * 1_000_000))
    start = perf_counter()
    assert preview(deep, 50) == "[" * 49 + "…"
    assert preview(deep, 20_000) == "[" * 19_999 + "…"
    assert preview(wide, 12) == "[0, 1, 2, 3…"
    assert preview(text, 4) == "'éé…"
    assert perf_counter() - start < 10


def test_an_int_too_long_to_write_says_how_long():
    assert preview(decode(pickle.dumps(1 << 10_000_000)), 100) == "<int of 10000001 bits>"


def test_known_classes_are_previewed_as_what_they_show():
    pickled = b"\x80\x04](cmine\nThing\nK\x05\x85Re."
    assert preview(decode(pickled), 100) == "[Thing(5)]"
    assert preview(decode(pickled, known={"mine.Thing": lambda instance: instance.args}), 100) == "[(5,)]"
