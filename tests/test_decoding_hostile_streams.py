"""Streams whose batches are made to be kept, or to be read again and again: the limits hold all the same."""

import pickle
import sys
import tracemalloc
from collections.abc import Callable
from itertools import count
from types import FrameType
from typing import TYPE_CHECKING

import numpy as np
import pytest

from metaflow_graphql.decoding import Limits, TableReader, TooLarge

if TYPE_CHECKING:
    from _typeshed import TraceFunction

SMALL = Limits(bytes=1_000_000, seconds=60)  # of machines that are busy
KEPT, CELLS = (b"r" + key.to_bytes(4, "little") for key in (5_000_000, 7_000_000))
TEXT = b"X" + (60_000).to_bytes(4, "little") + b"t" * 60_000


def sifted(before: bytes = b"") -> bytes:
    """A pickle up to where batches come of which nothing is wanted; then nobody knows the opcode I."""
    texts = np.array([f"text {number:06d}" for number in range(100_000)], dtype=object)
    pickled = pickle.dumps(texts, 3)[2:]
    return b"\x80\x04(" + before + pickled[: pickled.index(b"e(", 200_000) + 1]


def fed(*parts: bytes) -> TableReader:
    reader = TableReader(20, SMALL)
    for part in parts:
        reader.feed(part)
    return reader


HELD: dict[str, tuple[bytes, Callable[[int], bytes]]] = {
    "by_a_list": (b"", lambda _: b"(j" + KEPT[1:] + b"(" + TEXT + b"eI1\ne"),
    "by_the_memo": (b"", lambda number: b"(" + TEXT + b"r" + (6_000_000 + number).to_bytes(4, "little") + b"I1\ne"),
    "by_the_stack": (CELLS, lambda _: TEXT + b"j" + CELLS[1:] + b"(I1\ne"),
}


@pytest.mark.parametrize(("after", "batch"), HELD.values(), ids=HELD)
def test_what_a_batch_leaves_behind_counts(after: bytes, batch: Callable[[int], bytes]):
    reader = fed(sifted(before=b"]" + KEPT), after)
    with pytest.raises(TooLarge, match="1000000 bytes"):
        reader.feed(b"".join(map(batch, range(40))))  # 2.4 MB


def test_opcodes_of_a_batch_that_was_read_count():
    reader = TableReader(20, Limits(bytes=1_000_000, opcodes=60_000, seconds=60))
    reader.feed(sifted())
    with pytest.raises(TooLarge, match="60000 steps"):
        reader.feed((b"(" + b"NN0" * 666 + b"I1\ne") * 80)  # 160,000 opcodes


def test_lists_above_a_high_stack_do_not_copy_it():
    reader = TableReader(20, Limits(seconds=60))
    reader.feed(b"\x80\x03(" + b"N" * 1_000_000 + b"0" * 100_000)
    tracemalloc.start()
    reader.feed(b"](Ne" * 17_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000  # a copy takes 7 MB


def steps_of(reader: TableReader, data: bytes) -> int:
    """How many lines of Python are run to read it."""
    steps = count()

    def step(_: FrameType, __: str, ___: object) -> "TraceFunction":
        next(steps)
        return step

    sys.settrace(step)
    try:
        reader.feed(data)
    finally:
        sys.settrace(None)
    return next(steps)


def test_marks_that_are_left_open_are_read_once():
    few, many = (steps_of(fed(sifted()), b"((Ne" * repeats + b"I1\n" * 22_000) for repeats in (500, 2000))
    assert many < 8 * few
