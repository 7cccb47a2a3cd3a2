"""The first rows of arrays and of lists of objects."""

import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from json_view import json_view
from metaflow_graphql.decoding import Column, Limits, Table, TooLarge, decode, table

POINTS = np.array([(1, "a", [0.5, 1]), (2, "b", [2, np.nan])], [("n", "i4"), ("s", "U1"), ("v", "f8", 2)])


def table_of(value: Any, first: int = 2, **how: Any) -> Table | None:
    return table(decode(pickle.dumps(value)), first, **how)


def columns(**types: str | None) -> list[Column]:
    return [Column(name, kind) for name, kind in types.items()]


@pytest.mark.parametrize(
    "dtype", ["int64", "float32", "bool", "complex128", "datetime64[ns]", "timedelta64[s]", "object"]
)
def test_an_array_of_one_axis_is_a_column(dtype: str):
    value = np.arange(2, 5).astype(dtype)
    assert table_of(value) == Table(columns(value=dtype), [[json_view(one)] for one in value[:2]], 3)


def test_the_columns_of_a_matrix_are_numbered():
    value = np.arange(6.0).reshape(3, 2)
    expected = Table([Column("0", "float64"), Column("1", "float64")], [[0.0, 1.0], [2.0, 3.0]], 3)
    assert table_of(value) == table_of(np.asfortranarray(value)) == expected
    assert table_of(value.T[:, :1]) == Table([Column("0", "float64")], [[0.0], [1.0]], 2)


def test_fields_of_records_are_columns():
    types = [("n", "int32"), ("s", "str32"), ("v", "('<f8', (2,))")]
    rows: Any = [[1, "a", [0.5, 1.0]], [2, "b", [2.0, None]]]
    assert table_of(POINTS) == Table([Column(*each) for each in types], rows, 2)  # pyright: ignore[reportArgumentType]
    mask: Any = [(0, 1)]
    record: Any = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    masked: Any = np.ma.array(record, mask=mask)
    assert table_of(masked) == Table(columns(a="int32", b="float64"), [[1, None]], 1)


def test_a_list_of_dicts_has_the_keys_of_all():
    rows = [{"a": 1, "b": [2]}, {"c": np.float32(0.5), "a": None}, {2: "two"}]
    expected: Any = [[1, [2], None, None], [None, None, 0.5, None], [None, None, None, "two"]]
    assert table_of(rows, 3) == Table([Column(name, None) for name in ("a", "b", "c", "2")], expected, 3)


def test_a_list_of_objects_has_the_keys_of_their_state():
    objects = (SimpleNamespace(x=1, y="a"), SimpleNamespace(y="b", z=np.int8(3)))
    assert table_of(objects) == Table(columns(x=None, y=None, z=None), [[1, "a", None], [None, "b", 3]], 2)


@pytest.mark.parametrize("value", [
    1, "text", None, {}, {"a": [1]}, [], [1, 2], [{"a": 1}, 2], [[1], [2]], np.float64(1), np.array(1),
    np.zeros((1, 1, 1)), [np.zeros(2)], [np.float64(1)], [{(1, 2): 3}], np.dtype("f8"), [range(2)],
])  # fmt: skip
def test_anything_else_is_no_table(value: Any):
    assert table_of(value) is None


@pytest.mark.parametrize("first", [-1, 0, 1, 3, 10**9])
def test_there_are_so_many_rows_as_asked_for(first: int):
    rows: Any = [[0], [1], [2]]
    assert table_of(np.arange(3), first) == Table(columns(value="int64"), rows[: max(first, 0)], 3)


def test_no_rows_and_no_columns():
    assert table_of(np.zeros((0, 1))) == Table([Column("0", "float64")], [], 0)
    assert table_of(np.zeros((2, 0))) == Table([], [[], []], 2)


def test_limits_hold():
    wide = np.zeros((20, 1_000_000), "i1")
    with pytest.raises(TooLarge):
        table_of(wide, 20)
    with pytest.raises(TooLarge):
        table_of(np.zeros((1, 200)), 1, limits=Limits(items=100))
    assert table_of(np.zeros((10**6, 2), "i1"), 1) == Table([Column("0", "int8"), Column("1", "int8")], [[0, 0]], 10**6)
