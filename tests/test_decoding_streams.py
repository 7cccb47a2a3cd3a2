"""Pickles read as they come: the same values and tables as when they are read whole, in little memory."""

import pickle
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from metaflow_graphql.decoding import Limits, TableReader, TooLarge, Unreadable, decode, preview, table, to_json

PROTOCOLS = range(6)
LARGE = Limits(bytes=2**30)
NUMBERS = np.arange(200_000.0)
GRID = NUMBERS.reshape(-1, 10)
PLAIN = {
    "a": list(range(3000)),
    "s": "é" * 70_000,
    "f": [1.5] * 100,
    "b": b"x" * 1000,
    "n": -(2**80),
    "t": (None, True),
}


def read(pickled: bytes, size: int = 10_000, first: int = 20, **how: Any) -> Any:
    reader = TableReader(first, **how)
    for start in range(0, len(pickled), size):
        reader.feed(pickled[start : start + size])
    return reader.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("size", [1, 100, 65_537, 10**9])
def test_plain_values_are_whole(protocol: int, size: int):
    assert read(pickle.dumps(PLAIN, protocol), size) == PLAIN


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", [
    NUMBERS, GRID, GRID.astype("U4"), GRID.astype(">f4"), np.ma.array(GRID, mask=GRID % 3 == 0),
    NUMBERS.astype("M8[ns]"),
    np.array([(1, 2.5)] * 20_000, [("a", "i4"), ("b", "f8")]),
])  # fmt: skip
def test_first_rows_are_those_of_the_whole(value: Any, protocol: int):
    pickled = pickle.dumps(value, protocol)
    expected = table(decode(pickled, LARGE), 20)
    assert expected is not None
    assert table(read(pickled), 20) == expected


def test_first_rows_of_a_fortran_array_are_those_of_the_whole():
    pickled = pickle.dumps(np.asfortranarray(GRID))
    assert table(read(pickled), 20) == table(decode(pickled), 20)


def test_what_was_not_kept_is_too_large():
    value = read(pickle.dumps({"array": NUMBERS, "bytes": b"ab" * 100_000}))
    with pytest.raises(TooLarge):
        table(value["array"], 21)
    with pytest.raises(TooLarge):
        to_json(value["array"])
    with pytest.raises(TooLarge):
        to_json(value["bytes"])
    assert preview(value["bytes"], 8) == "b'ababa…"


def large(count: int) -> Iterator[bytes]:
    """The pickle of a matrix of so many MiB, a MiB at a time."""
    head = pickle.dumps(np.zeros((0, 8)))
    before, _, after = head.partition(b"K\x00K\x08\x86")
    rows = count * 2**20 // 64
    dtype, _, end = after.partition(b"C\x00")
    unframed = before[:2] + before[11:]
    yield unframed + b"J" + rows.to_bytes(4, "little") + b"K\x08\x86" + dtype
    yield b"\x8e" + (count * 2**20).to_bytes(8, "little")
    for _ in range(count):
        yield b"\0" * 2**20
    yield end


def test_half_a_gigabyte_takes_some_megabytes():
    tracemalloc.start()
    reader = TableReader(20)
    for chunk in large(500):
        reader.feed(chunk)
    found = table(reader.close(), 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert (found.row_count, found.rows) == (500 * 2**20 // 64, [[0.0] * 8] * 20)
    assert peak < 10_000_000


@pytest.mark.parametrize("pickled", [
    b"\x80\x04X\xff\xff\xff\xff", b"\x80\x04\x8d" + b"\xff" * 8,
    pickle.dumps(["x" * 900] * 40 + [str(n) * 200 for n in range(500)]),
])  # fmt: skip
def test_what_has_to_be_held_is_limited(pickled: bytes):
    with pytest.raises(TooLarge):
        read(pickled, limits=Limits(bytes=100_000))


def test_opcodes_are_limited():
    with pytest.raises(TooLarge):
        read(b"\x80\x04" + b"N0" * 100_000 + b"N.", limits=Limits(opcodes=100_000))


@pytest.mark.parametrize("end", [0, 1, 100, 70_000, -1])
def test_what_is_cut_off_is_unreadable(end: int):
    with pytest.raises(Unreadable):
        read(pickle.dumps(NUMBERS)[:end])


def test_what_follows_the_value_is_not_looked_at():
    reader = TableReader(1)
    reader.feed(pickle.dumps([1]) + b"\xff" * 100_000)
    assert (reader.finished, reader.close()) == (True, [1])


def test_a_payload_is_no_pickle_of_its_own():
    with pytest.raises(Unreadable):
        read(b"\xff" * 100_000)
