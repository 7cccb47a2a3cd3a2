"""The bytes of an array: all of them, or what was kept of a payload too long to be read whole."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import TooLarge

# Elements of these sizes are gathered at the speed of C.
_LETTERS: dict[int, Literal["B", "H", "I", "Q"]] = {1: "B", 2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True, slots=True)
class Payload:
    """`length` bytes, of which only some were kept: pieces in order, and where each begins."""

    length: int
    starts: tuple[int, ...]
    pieces: tuple[bytes, ...]

    def __len__(self) -> int:
        return self.length

    def head(self) -> bytes:
        """Its beginning, as far as it was kept in one piece."""
        return self.pieces[0] if self.starts and self.starts[0] == 0 else b""

    def cut(self, start: int, stop: int) -> bytes:
        """These bytes; TooLarge where they were not kept."""
        index = bisect_right(self.starts, start) - 1
        if start == stop:
            return b""
        if index < 0 or stop > self.starts[index] + len(self.pieces[index]):
            raise TooLarge(f"The value has {self.length} bytes in one piece, and only its beginning was read.")
        return self.pieces[index][start - self.starts[index] : stop - self.starts[index]]


def cut(source: bytes | bytearray | Payload, start: int, stop: int) -> bytes | bytearray:
    return source.cut(start, stop) if isinstance(source, Payload) else source[start:stop]


def after(source: bytes | bytearray | Payload, start: int) -> bytes | Payload:
    """Without so many bytes at the beginning."""
    if not isinstance(source, Payload):
        return bytes(memoryview(source)[start:])
    ends = [begin + len(piece) for begin, piece in zip(source.starts, source.pieces, strict=True)]
    kept = [
        (max(begin - start, 0), piece[max(start - begin, 0) :])
        for begin, end, piece in zip(source.starts, ends, source.pieces, strict=True)
        if end > start
    ]
    return Payload(source.length - start, tuple(begin for begin, _ in kept), tuple(piece for _, piece in kept))


def gathered(source: bytes | bytearray | Payload, places: range, size: int) -> bytes | bytearray:
    """The elements of so many bytes at these places, one after the other."""
    if len(places) <= 1 or places.step == 1:
        return cut(source, places.start * size, (places.start + len(places)) * size)
    if isinstance(source, Payload) or size not in _LETTERS:
        return b"".join(cut(source, place * size, (place + 1) * size) for place in places)
    elements = memoryview(source).cast(_LETTERS[size])
    return elements[places.start : places[-1] + 1 : places.step].tobytes()


def every(data: bytes | bytearray, offset: int, size: int, step: int) -> bytes:
    """The parts of so many bytes that stand at this offset of each step: a field of records."""
    return b"".join([data[start : start + size] for start in range(offset, len(data), step)])


def pieces(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges (start, stop) in order, with those that touch or overlap made one."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged
