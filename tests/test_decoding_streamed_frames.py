"""DataFrames that are read as they come: the same tables as when they are read whole, in little memory."""

import importlib
import pickle
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from metaflow_graphql.decoding import Limits, TableReader, TooLarge, decode, table, to_json

pd: Any = importlib.import_module("pandas")
SMALL = Limits(bytes=1_000_000)
LARGE = Limits(bytes=2**30)
COUNT = 300_000
NUMBERS = np.arange(COUNT)


def columns() -> dict[str, object]:
    """Blocks of each kind, some of several columns, and arrays that are of no block."""
    return {
        "whole": NUMBERS,
        "twice": NUMBERS * 2,
        "half": NUMBERS / 2,
        "single": NUMBERS.astype("f4"),
        "third": NUMBERS % 3 == 0,
        "seconds": pd.date_range("2020-01-01", periods=COUNT, freq="s"),
        "zoned": pd.date_range("2020-01-01", periods=COUNT, freq="s", tz="Europe/Berlin"),
        "spans": pd.to_timedelta(NUMBERS, unit="s"),
        "chosen": pd.Categorical.from_codes(NUMBERS % 3, ["x", "y", "z"]),
        "nullable": pd.arrays.IntegerArray(NUMBERS, NUMBERS % 2 == 0),
    }


FRAME: Any = pd.DataFrame(columns())
FRAMES: dict[str, Any] = {
    "counted": FRAME,
    "dated": FRAME.set_index(pd.date_range("2021-01-01", periods=COUNT, freq="min")),
    "numbered": FRAME[["half"]].set_index(NUMBERS[::-1].copy()),
    "two_levels": FRAME[["whole"]].set_index([pd.Index(NUMBERS % 7, name="week"), pd.Index(NUMBERS, name="day")]),
    "series": pd.Series(NUMBERS, name="whole"),
    "reversed": FRAME[["whole", "half"]][::-1],
    "two_levels_of_columns": pd.DataFrame(NUMBERS.reshape(-1, 2), columns=pd.MultiIndex.from_tuples([(1, 2), (1, 3)])),
}


def chunks(pickled: bytes) -> Iterator[bytes]:
    for start in range(0, len(pickled), 256 * 1024):
        yield pickled[start : start + 256 * 1024]


def read(pickled: bytes, limits: Limits, first: int = 20) -> object:
    reader = TableReader(first, limits)
    for chunk in chunks(pickled):
        reader.feed(chunk)
    return reader.close()


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_the_table_is_that_of_the_whole(frame: Any, protocol: int):
    pickled = pickle.dumps(frame, protocol)
    assert len(pickled) > SMALL.bytes
    value = read(pickled, SMALL)
    assert table(value, 20) == table(decode(pickled, LARGE), 20)
    with pytest.raises(TooLarge):
        to_json(value)


def test_protocol_5_has_the_bytes_of_a_block_before_its_shape():
    assert table(read(pickle.dumps(FRAME[["whole"]], 5), SMALL), 1) == table(decode(pickle.dumps(FRAME[["whole"]])), 1)
    value = read(pickle.dumps(FRAME[["whole", "twice"]].copy(), 5), SMALL)
    with pytest.raises(TooLarge):
        table(value, 1)


def test_an_index_that_counts_is_shown_where_it_is_written_out():
    frame = pd.DataFrame({"a": NUMBERS}, index=pd.Index(NUMBERS))
    found = table(read(pickle.dumps(frame), SMALL), 2)
    assert found is not None
    assert ([column.name for column in found.columns], found.rows) == (["index", "a"], [[0, 0], [1, 1]])


def test_columns_of_python_objects_have_to_be_held():
    frame = pd.DataFrame({"a": NUMBERS, "text": pd.Series(map(str, NUMBERS), dtype=object)})
    with pytest.raises(TooLarge):
        read(pickle.dumps(frame), SMALL)


def test_sixty_megabytes_take_less_than_three():
    pickled = pickle.dumps(pd.concat([FRAME] * 4, ignore_index=True))
    assert len(pickled) > 60_000_000
    tracemalloc.start()
    found = table(read(pickled, SMALL), 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == table(decode(pickled, LARGE), 20)
    assert peak < 3_000_000
