"""An Arrow array before its values are made: the buffers it lies in, and how much may be made of them."""

from __future__ import annotations

from dataclasses import dataclass
from struct import unpack_from
from typing import Literal

from ..errors import TooLarge
from ..limits import DEFAULT
from ..pickles.payloads import Payload, cut
from .arrow_types import Type
from .series import Series

DEEPEST = 12  # lists in structs in lists
LONGEST = 2**62
_CALL = 20  # values that could be made in the time that it takes to find where they are
Part = Literal["messages", "fields", "letters", "arrays"]
SIZES = {"b": 1, "h": 2, "i": 4, "q": 8, "e": 2, "f": 4, "d": 8}


class Room:
    """What may yet be made beside the values that were asked for: those within lists and structs, and bytes of text.
    Buffers can be shared, and a few bits be told to be billions of values; no JSON view would have room for so many.
    """

    __slots__ = ("_bytes", "_values")

    def __init__(self) -> None:
        self._values = 2 * DEFAULT.items
        self._bytes = 2 * DEFAULT.text

    def take_values(self, many: int) -> None:
        self._values -= many + _CALL
        self._check()

    def take_bytes(self, many: int) -> None:
        self._bytes -= many
        self._check()

    def _check(self) -> None:
        if self._values < 0 or self._bytes < 0:
            raise TooLarge("The columns hold more values within values, or more text, than are shown.")


class Parts:
    """What streams of one value may yet be made of; ValueError for more, which would take seconds to look through."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left: dict[Part, int] = {"messages": 10_000, "fields": 10_000, "letters": 500_000, "arrays": 100_000}

    def take(self, what: Part, many: int = 1) -> None:
        self._left[what] -= many
        if self._left[what] < 0:
            raise ValueError

    def has(self, what: Part) -> int:
        return self._left[what]


@dataclass(frozen=True, slots=True)
class Piece:
    """So many bytes, from `start` on, of what the pickle holds; IndexError where it holds fewer."""

    source: bytes | bytearray | Payload
    start: int
    length: int

    def __post_init__(self) -> None:
        if not (self.start >= 0 <= self.length and self.start + self.length <= len(self.source)):
            raise IndexError

    def cut(self, start: int, stop: int) -> bytes:
        if not 0 <= start <= stop <= self.length:
            raise IndexError
        return bytes(cut(self.source, self.start + start, self.start + stop))


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of one array: `start` is where its first value stands in the buffers; the first of these has a bit
    for each value that is not missing.
    """

    type: Type
    length: int
    start: int
    buffers: list[Piece | None]
    children: list[Layout]
    dictionary: Series | None
    room: Room

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.start + self.length < LONGEST:
            raise ValueError

    def data(self, number: int, size: int, start: int, stop: int) -> bytes:
        """So many elements of a buffer, of so many bytes each; IndexError where it has fewer."""
        buffer = self.buffers[number]
        if buffer is None:
            raise IndexError
        return buffer.cut(start * size, stop * size)

    def text(self, number: int, start: int, stop: int) -> bytes:
        """These bytes of a buffer, which other values may share."""
        found = self.data(number, 1, start, stop)
        self.room.take_bytes(len(found))
        return found

    def numbers(self, number: int, letter: str, start: int, stop: int) -> tuple[int, ...]:
        data = self.data(number, SIZES[letter.lower()], start, stop)
        return unpack_from(f"<{stop - start}{letter}", data)

    def bits(self, number: int, start: int, stop: int) -> list[bool]:
        data = self.data(number, 1, start // 8, (stop + 7) // 8)
        whole, first = int.from_bytes(data, "little"), start // 8 * 8
        written = f"{whole:0{len(data) * 8}b}"[::-1]
        return [bit == "1" for bit in written[start - first : stop - first]]
