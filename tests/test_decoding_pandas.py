"""What pandas makes, against the views of the objects themselves; and frames that no pandas has written."""

import pickle
import struct
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest

import pandas_view
from metaflow_graphql.decoding import DecodingError, Limits, TooLarge, decode, preview, table, to_json, type_name

sys.path.append(str(Path(__file__).parent / "pickles"))
import pandas_values

pd: Any = pandas_values.pd
# An index of float16 is what pandas has not; and what it calls deprecated is read all the same.
NOT_THERE = {"index_of_float16"}
VALUES = {name: make for name, make in pandas_values.values().items() if name not in NOT_THERE}


class MyFrame(pd.DataFrame):
    """As users extend it."""


def shown_table(value: object, first: int = 20) -> object:
    found = table(value, first)
    if found is None:
        return None
    return {
        "columns": [[column.name, column.type] for column in found.columns],
        "rows": found.rows,
        "rowCount": found.row_count,
    }


def made(make: Callable[[], Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("name", VALUES)
def test_the_views_of_a_pickle_are_those_of_its_object(name: str, protocol: int):
    value = made(VALUES[name])
    decoded = decode(pickle.dumps(value, protocol))
    assert to_json(decoded) == made(lambda: pandas_view.json_view(value))
    assert type_name(decoded) == pandas_view.type_name(value)
    assert shown_table(decoded) == made(lambda: pandas_view.table_view(value))
    assert shown_table(decoded, 1) == made(lambda: pandas_view.table_view(value, 1))


def test_classes_that_extend_frames_are_read_as_frames():
    decoded = decode(pickle.dumps(MyFrame({"a": [1, 2]})))
    assert to_json(decoded) == {
        "__class__": f"{__name__}.MyFrame",
        "columns": ["a"],
        "index": [0, 1],
        "data": [[1], [2]],
    }
    assert type_name(decoded) == f"{__name__}.MyFrame"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("frame_mixed", "DataFrame(3 rows x 4 columns: a int64, b str, c float64, d bool)"),
        ("frame_empty", "DataFrame(0 rows x 0 columns)"),
        ("frame_columns_levels", "DataFrame(2 rows x 2 columns: a.1 float64, b.x float64)"),
        ("series_indexed", "Series(2 rows: ('a', 1) float64)"),
        ("series_unnamed", "Series(2 rows: int64)"),
        ("index_range", "RangeIndex(3 rows: r int64)"),
        ("index_levels", "MultiIndex(4 rows: letter str, level_1 int64)"),
        ("scalar_timestamp", "Timestamp('2020-01-02T03:04:05.678000')"),
        ("scalar_period", "Period('2020-02')"),
        ("scalar_nat", "NaTType"),
        ("scalar_na", "pandas.NA"),
    ],
)
def test_a_preview_tells_what_it_is(name: str, written: str):
    assert preview(decode(pickle.dumps(VALUES[name]())), 200) == written


def test_a_preview_and_a_table_take_no_longer_for_many_rows():
    decoded = decode(pickle.dumps(pd.DataFrame(np.zeros((1_000_000, 2)), columns=["a", "b"])))
    start = perf_counter()
    for _ in range(20):
        preview(decoded, 200)
        assert len(shown_rows(decoded)) == 20
    assert perf_counter() - start < 1


def shown_rows(value: object) -> list[Any]:
    found = table(value, 20)
    assert found is not None
    return found.rows


def outcome(pickled: bytes) -> str:
    """What reading it in every way comes to; no other exception than a DecodingError is caught."""
    limits = Limits(opcodes=200_000, items=50_000, text=500_000)
    try:
        value = decode(pickled, limits)
        preview(value, 100)
        type_name(value)
        table(value, 5, limits)
        to_json(value, limits)
    except DecodingError as error:
        return type(error).__name__
    return "value"


HOSTILE = (
    *("frame_mixed", "frame_interleaved", "column_categories", "column_intervals_time", "column_sparse_blocks"),
    *("column_berlin", "column_weeks", "column_Int64", "indexed_levels", "series_string", "scalar_frames"),
)


@pytest.mark.parametrize("name", HOSTILE)
def test_frames_cut_off_anywhere_are_errors(name: str):
    pickled = pickle.dumps(VALUES[name](), 4)
    outcomes = {outcome(pickled[:length]) for length in range(0, len(pickled) - 1, 7)}
    assert outcomes == {"Unreadable"}


@pytest.mark.parametrize("name", HOSTILE)
def test_frames_with_other_numbers_in_them_are_values_or_errors(name: str):
    pickled = bytearray(pickle.dumps(VALUES[name](), 4))
    for place in range(2, len(pickled), 3):
        before = pickled[place]
        for byte in (0, 0x7F, 0xFF, before ^ 1):
            pickled[place] = byte
            assert outcome(bytes(pickled)) in ("value", "Unreadable", "TooLarge")
        pickled[place] = before


# Frames put together from parts that do not fit: each is an object of which the class is told.


class Call:
    """Pickled as a call of what its name says."""

    def __init__(self, name: str, *args: Any, state: Any = None) -> None:
        self.name, self.args, self.state = name, args, state


def pickled_calls(value: Any) -> bytes:
    return b"\x80\x04" + _written(value) + b"."


def _written(value: Any) -> bytes:
    if isinstance(value, Call):
        module, _, name = value.name.rpartition(".")
        built = _written(module) + _written(name) + b"\x93" + _written(tuple(value.args)) + b"R"
        return built + (b"" if value.state is None else _written(value.state) + b"b")
    if isinstance(value, str):
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
    if isinstance(value, tuple | list):
        inner: bytes = b"".join(map(_written, value))  # pyright: ignore[reportUnknownArgumentType]
        return b"(" + inner + (b"t" if isinstance(value, tuple) else b"l")
    if isinstance(value, dict):
        pairs: Any = value.items()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return b"(" + b"".join(_written(key) + _written(inner) for key, inner in pairs) + b"d"
    return pickle.dumps(value, 2)[2:-1]


def numbers(shape: tuple[int, ...], count: int) -> Call:
    dtype = Call("numpy.dtype", "i8", False, True, state=(3, "<", None, None, None, -1, -1, 0))
    array = Call("numpy._core.multiarray._reconstruct", np.ndarray, (0,), b"b")
    array.state = (1, shape, dtype, False, bytes(8 * count))
    return array


def counted(length: int) -> Call:
    return Call("pandas.RangeIndex", {"name": None, "start": 0, "stop": length, "step": 1})


def block(values: Any, *places: Any) -> Call:
    return Call("pandas._libs.internals._unpickle_block", values, Call("builtins.slice", *places), 2)


def frame(blocks: list[Any], width: int = 2, length: int = 3) -> Call:
    manager = Call("pandas.core.internals.managers.BlockManager", tuple(blocks), [counted(width), counted(length)])
    return Call("pandas.DataFrame", state={"_mgr": manager, "_typ": "dataframe"})


def test_a_frame_put_together_by_hand_is_one():
    assert to_json(decode(pickled_calls(frame([block(numbers((2, 3), 6), 0, 2, 1)])))) == {
        "__class__": "pandas.DataFrame",
        "columns": [0, 1],
        "index": [0, 1, 2],
        "data": [[0, 0], [0, 0], [0, 0]],
    }


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [block(numbers((2, 3), 6), 0, 3, 1)],
        [block(numbers((2, 3), 6), 1, 3, 1)],
        [block(numbers((2, 3), 6), -2, 0, 1)],
        [block(numbers((2, 3), 6), 0, 2**62, 1)],
        [block(numbers((2, 3), 6), 0, 2, 0)],
        [block(numbers((1, 3), 3), 0, 1, 1), block(numbers((1, 3), 3), 0, 1, 1)],
        [block(numbers((2, 4), 8), 0, 2, 1)],
        [block(numbers((2, 3), 5), 0, 2, 1)],
        [block(numbers((2, 2**40), 6), 0, 2, 1)],
        [block("text", 0, 2, 1)],
        [block(None, 0, 2, 1)],
        ["no block"],
        [block(numbers((1, 1, 3), 3), 0, 2, 1)],
    ],
)
def test_blocks_that_do_not_fit_leave_the_name_of_the_class(blocks: list[Any]):
    assert to_json(decode(pickled_calls(frame(blocks)))) == {"__class__": "pandas.DataFrame"}


def test_many_rows_of_no_columns_are_too_many():
    decoded = decode(pickled_calls(frame([], width=0, length=10**12)))
    with pytest.raises(TooLarge):
        to_json(decoded)
    assert shown_rows(decoded) == [[]] * 20


def test_one_array_in_many_columns_is_too_many_values():
    shared = pickle.dumps([pd.DataFrame({"a": np.zeros(10_000)})] * 1)
    assert outcome(shared) == "value"
    wide = pd.concat([pd.Series(np.zeros(10_000))] * 10, axis=1)
    assert outcome(pickle.dumps(wide)) == "TooLarge"


def test_a_frame_in_itself_is_a_cycle():
    inner = pd.DataFrame({"a": [None]}, dtype=object)
    inner.iloc[0, 0] = [inner]
    shown: Any = to_json(decode(pickle.dumps(inner)))
    assert shown["data"] == [[[{"__cycle__": True}]]]


def test_categories_in_categories_end():
    value: Any = Call("pandas.Index", {"data": numbers((1,), 1), "name": None})
    for _ in range(20):
        dtype = Call("pandas.CategoricalDtype", state={"categories": value, "ordered": False})
        data = Call("pandas.Categorical", state={"_dtype": dtype, "_codes": numbers((1,), 1)})
        value = Call("pandas.Index", {"data": data, "name": None})
    assert to_json(decode(pickled_calls(value))) == {"__class__": "pandas.Index"}
