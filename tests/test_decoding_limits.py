"""Each limit, met and not met."""

import pickle
from time import perf_counter

import pytest

from attacks import ATTACKS
from metaflow_graphql.decoding import Limits, TooLarge, decode, preview, table, to_json

NESTED = pickle.dumps([[[1]]])


def test_bytes():
    assert decode(NESTED, Limits(bytes=len(NESTED))) == [[[1]]]
    with pytest.raises(TooLarge, match=rf"^The value takes {len(NESTED)} bytes; up to 5 are read\.$"):
        decode(NESTED, Limits(bytes=5))


def test_opcodes_and_memo_are_looked_at_as_it_goes():
    pickled = pickle.dumps([str(number) for number in range(30_000)])
    with pytest.raises(TooLarge, match=r"more than 20000 steps"):
        decode(pickled, Limits(opcodes=20_000))
    with pytest.raises(TooLarge, match=r"more than 5000 parts"):
        decode(pickled, Limits(memo=5000))


def test_seconds():
    pickled = pickle.dumps([str(number) for number in range(30_000)])
    with pytest.raises(TooLarge, match=r"longer than 0 seconds"):
        decode(pickled, Limits(seconds=0))
    with pytest.raises(TooLarge, match=r"longer than 0 seconds"):
        to_json([[1]], Limits(seconds=0))


def test_a_preview_ends_where_its_time_is_over():
    value = decode(ATTACKS["repeat: ChainMaps of one map, a million times"].make())
    assert preview(value, 200, Limits(seconds=0)) == "…"
    start = perf_counter()
    shown = preview(value, 10_000, Limits(seconds=1))
    assert shown.endswith("…")
    assert "ChainMap({'a': None})" in shown
    assert perf_counter() - start < 5


def test_a_preview_that_is_whole_has_no_ellipsis():
    assert preview([1, 2], 6) == "[1, 2]"
    assert preview([1, 2], 5) == "[1, …"


def test_the_time_for_a_table():
    rows = decode(pickle.dumps([{"a": 1}, {"a": 2}]))
    with pytest.raises(TooLarge, match=r"longer than 0 seconds"):
        table(rows, 1, Limits(seconds=0))


def test_depth():
    assert to_json([[[1]]], Limits(depth=3)) == [[[1]]]
    with pytest.raises(TooLarge, match=r"more than 2 levels"):
        to_json([[[1]]], Limits(depth=2))
    with pytest.raises(TooLarge, match=r"more than 2 levels"):
        to_json({"a": decode(b"cm\nT\n(K\x01tR.")}, Limits(depth=2))


def test_pairs_are_two_levels():
    pairs = {1: "a", "1": "b"}
    assert to_json(pairs, Limits(depth=2)) == [[1, "a"], ["1", "b"]]
    with pytest.raises(TooLarge, match=r"more than 1 levels"):
        to_json(pairs, Limits(depth=1))


def test_items():
    assert to_json([[1], {"a": 2}], Limits(items=4)) == [[1], {"a": 2}]
    with pytest.raises(TooLarge, match=r"more than 3 values"):
        to_json([[1], {"a": 2}], Limits(items=3))


def test_text():
    assert to_json(["ab", {"c": "d"}], Limits(text=4)) == ["ab", {"c": "d"}]
    with pytest.raises(TooLarge, match=r"more than 3 characters"):
        to_json(["ab", {"c": "d"}], Limits(text=3))
    with pytest.raises(TooLarge, match=r"more than 3 characters"):
        to_json(b"abc", Limits(text=3))


def test_a_view_deeper_than_python_can_go_is_too_large():
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(TooLarge, match=r"nested too deeply"):
        to_json(value, Limits(depth=1_000_000))


def test_the_depth_that_is_let_through_can_be_encoded():
    import orjson

    value: object = 1
    for _ in range(200):
        value = [value]
    assert orjson.loads(orjson.dumps(to_json(value))) == value
