"""Places of an Arrow stream that are kept: all that tells what it has, and the beginnings of its first buffers."""

from collections.abc import Generator

from ..errors import FAULTS
from ..frames.arrow_streams import BATCH, COMPRESSION, DICTIONARY
from ..frames.flatbuffers import Table, number, root
from ..limits import Limits

_MESSAGES = 10_000
_HEAD = 16 * 1024  # bytes of a buffer at the least, where there are not many of them
_CELL = 64  # of a row
_SHARE = 8  # one batch may take this part of all that is kept
_CHOICES = 16  # times as much is kept of what codes choose from, which may be any of it

Places = Generator[tuple[int, int], bytes | bytearray, None]


def stream_places(first: int, limits: Limits) -> Places:
    """Each (start, stop), in order; is sent the bytes that are there. It ends where they are no stream."""
    try:
        yield from _places(first, limits.bytes // _SHARE)
    except FAULTS:
        return


def _places(first: int, most: int) -> Places:
    at, rows = 0, 0
    for _ in range(_MESSAGES):
        opening = yield at, at + 8
        size = number(bytes(opening), "i", 4)
        if number(bytes(opening), "i", 0) != -1 or size <= 0:
            return
        message = root(bytes((yield at + 8, at + 8 + size)))
        kind, header, body = message.number(1, "B"), message.table(2), at + 8 + size
        at = body + message.number(3, "q")
        batch = header.table(1) if header is not None and kind == DICTIONARY else header
        if batch is not None and batch.table(COMPRESSION) is None:
            if kind == DICTIONARY:
                yield from _heads(batch, body, _CHOICES * first, most)
            elif kind == BATCH:
                if rows < first:
                    yield from _heads(batch, body, first, most)
                rows += batch.number(0, "q")


def _heads(batch: Table, body: int, rows: int, most: int) -> Places:
    """The beginning of each of its buffers."""
    buffers = batch.vector(2, 16)
    head = min(max(_HEAD, rows * _CELL), most // max(buffers.many, 1))
    for index in range(buffers.many):
        offset, length = buffers.numbers(index)
        if length and head:
            yield body + offset, body + offset + min(length, head)
