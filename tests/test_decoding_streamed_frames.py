"""DataFrames that are read as they come: the same tables as when they are read whole, in little memory."""

import importlib
import pickle
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from metaflow_graphql.decoding import Limits, TableReader, TooLarge, decode, table, to_json

pd: Any = importlib.import_module("pandas")
SMALL = Limits(bytes=1_000_000, seconds=60)  # of machines that are busy
LARGE = Limits(bytes=2**30, seconds=60)
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


MANY = 60_000
TEXTS = [f"order {number:06d}" for number in range(MANY)]
KINDS = [("new", "paid", "sent", "", None)[number % 5] for number in range(MANY)]


def objects(**columns: Any) -> Any:
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


OF_OBJECTS: dict[str, Any] = {
    "texts": objects(order=TEXTS, kind=KINDS, customer=TEXTS),
    "beside_numbers": objects(order=TEXTS, kind=KINDS).assign(amount=NUMBERS[:MANY] / 4),
    "wide": objects(**{f"column {number}": TEXTS[number : number + 5000] for number in range(30)}),
    "numbers": objects(whole=[*range(MANY)], half=[number / 2 for number in range(MANY)], large=[10**20] * MANY),
    "mixed": objects(any=[(number, str(number), None, True, number / 2, b"ab")[number % 6] for number in range(MANY)]),
    "long_texts": objects(text=["ż" * 200 + str(number) for number in range(9000)], other=["x" * 300] * 9000),
    "very_long_texts": objects(text=[str(number) * 20_000 for number in range(20)] * 200),
    "decimals": objects(amount=[Decimal(number) / 8 for number in range(9_000)], kind=KINDS[:9_000]),
    "dates_late": objects(
        kind=KINDS[:9_000],
        started=[None] * 3000 + [date(2020, 1, 1) + timedelta(number % 999) for number in range(6_000)],
        ended=[datetime(2020, 1, 1, tzinfo=UTC) + timedelta(number) for number in range(9_000)],
    ),
    "lists": objects(parts=[[number, {"a": str(number)}] for number in range(6_000)], kind=KINDS[:6_000]),
    "arrays": objects(vector=[np.arange(3) + number for number in range(4_000)], kind=KINDS[:4_000]),
    "index": objects(kind=KINDS).set_index(pd.Index(TEXTS, dtype=object, name="order")),
    "python_texts": pd.DataFrame({"a": pd.array(TEXTS, dtype=pd.StringDtype("python"))}),
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("frame", OF_OBJECTS.values(), ids=OF_OBJECTS)
def test_columns_of_objects_are_sifted(frame: Any, protocol: int):
    if protocol == 2:  # which has the bytes of numbers as text
        frame = frame.drop(columns="amount", errors="ignore")
    pickled = pickle.dumps(frame, protocol)
    expected = table(decode(pickled, LARGE), 20)
    assert expected is not None
    reader = TableReader(20, SMALL)
    for start in range(0, len(pickled), 7001):
        reader.feed(pickled[start : start + 7001])
    assert table(reader.close(), 20) == expected
    assert table(read(pickled, SMALL), 20) == expected


@pytest.mark.parametrize("first", [0, 20, 700])
def test_rows_of_an_array_of_objects_are_sifted(first: int):
    array = np.array([TEXTS, KINDS], dtype=object).T.copy()
    pickled = pickle.dumps(array)
    assert table(read(pickled, SMALL, first), first) == table(decode(pickled, LARGE), first)


def test_what_all_columns_refer_to_is_kept():
    letters = ["a" if number < 40_000 else ("", "b", "é")[number % 3] for number in range(MANY)]
    words = [None if number < 40_000 else date(2020, 1, number % 3 + 1) for number in range(MANY)]
    frame = objects(order=TEXTS, letter=letters, other=letters[::-1], word=words)
    frame["when"] = pd.Series([datetime(2020, 1, 1, tzinfo=UTC)] * MANY, dtype=object)
    pickled = pickle.dumps(frame)
    assert table(read(pickled, SMALL), 20) == table(decode(pickled, LARGE), 20)


def test_batches_of_large_elements_are_passed_by():
    images = [bytes([number % 256]) * 3000 for number in range(6000)]
    frame = objects(image=images, mask=[bytearray(image) for image in images])
    pickled = pickle.dumps(frame, 5)
    assert len(pickled) > 36_000_000
    found = table(read(pickled, Limits(bytes=12_000_000, seconds=60)), 20)
    assert found == table(decode(pickled, LARGE), 20)


def test_long_payloads_among_elements_count_as_held():
    frame = objects(image=[bytes(70_000 if number % 500 == 50 else 1) for number in range(30_000)])
    pickled = pickle.dumps(frame)
    assert table(read(pickled, SMALL), 20) == table(decode(pickled, LARGE), 20)


def test_texts_of_two_characters_are_not_noted_for_good():
    frame = objects(**{name: [f"{number % 90 + 10}" for number in range(MANY)] for name in ("a", "b", "c")})
    found = table(read(pickle.dumps(frame), Limits(bytes=1_000_000, memo=70_000, seconds=60)), 20)
    assert found is not None
    assert (found.row_count, found.rows) == (MANY, frame.head(20).to_numpy().tolist())


def test_what_was_dropped_and_is_asked_for_after_all_is_too_large():
    value = read(pickle.dumps(objects(order=TEXTS, reversed=TEXTS[::-1])), SMALL)
    with pytest.raises(TooLarge, match="only the first"):
        table(value, 20)
    value = read(pickle.dumps(objects(order=TEXTS)), SMALL)
    with pytest.raises(TooLarge, match="only the first"):
        table(value, MANY)
    with pytest.raises(TooLarge, match="only the first"):
        to_json(value)


def test_elements_of_a_first_row_have_to_be_held():
    with pytest.raises(TooLarge):
        read(pickle.dumps(objects(a=["x" * 2_000_000, *TEXTS])), SMALL)


def test_elements_that_come_in_no_batches_have_to_be_held():
    pickled = pickle.dumps(objects(a=TEXTS, b=[f"{text}, again" for text in TEXTS]))
    assert table(read(pickled, SMALL), 20) == table(decode(pickled, LARGE), 20)
    start, stop = pickled.index(b"e("), pickled.rindex(b"e(") + 2
    with pytest.raises(TooLarge):
        read(pickled[:start] + pickled[start:stop].replace(b"e(", b"") + pickled[stop:], SMALL)


def test_twenty_five_megabytes_of_texts_take_less_than_six():
    frame = objects(**{f"column {number}": [f"{number} {text * 3}" for text in TEXTS] for number in range(10)})
    frame["n"] = np.arange(MANY)
    pickled = pickle.dumps(frame)
    assert len(pickled) > 25_000_000
    tracemalloc.start()
    found = table(read(pickled, Limits(bytes=2_000_000, seconds=60)), 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert (found.row_count, found.rows) == (MANY, frame.head(20).to_numpy().tolist())
    assert peak < 6_000_000


def test_many_columns_that_are_arrays_of_their_own_leave_room_for_each_other():
    frame = objects(a=TEXTS)
    for number in range(30):
        frame[f"column {number}"] = pd.Series([f"{number} {text}" for text in TEXTS], dtype=object)
    pickled = pickle.dumps(frame)
    found = table(read(pickled, Limits(bytes=4_000_000, seconds=60)), 20)
    assert found is not None
    assert (found.row_count, found.rows) == (MANY, frame.head(20).to_numpy().tolist())
    assert [column.name for column in found.columns] == list(frame)


def test_sixty_megabytes_take_less_than_three():
    pickled = pickle.dumps(pd.concat([FRAME] * 4, ignore_index=True))
    assert len(pickled) > 60_000_000
    tracemalloc.start()
    found = table(read(pickled, SMALL), 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == table(decode(pickled, LARGE), 20)
    assert peak < 3_000_000
