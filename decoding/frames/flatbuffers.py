"""FlatBuffers, as far as Arrow's messages need them: each place is checked before it is read.

Everything here raises ValueError where the bytes do not fit together. Source: flatbuffers.dev/internals.
"""

from __future__ import annotations

from struct import Struct, unpack_from
from typing import NamedTuple

_FORMS = {letter: Struct(f"<{letter}") for letter in "BhHiIq"}


def number(data: bytes, letter: str, at: int) -> int:
    """A little-endian whole number. struct takes places below zero to be counted from the end: not so here."""
    form = _FORMS[letter]
    if not 0 <= at <= len(data) - form.size:
        raise ValueError
    return form.unpack_from(data, at)[0]


def root(data: bytes) -> Table:
    return _table(data, 0)


class Table(NamedTuple):
    """Fields by their number, in the order of the schema; one that was not written has its default. Tables can
    contain themselves: whoever follows them counts.
    """

    data: bytes
    start: int
    offsets: tuple[int, ...]  # of the fields, from the start; 0 for what was not written

    def _place(self, field: int) -> int | None:
        offset = self.offsets[field] if field < len(self.offsets) else 0
        return self.start + offset if offset else None

    def number(self, field: int, letter: str, default: int = 0) -> int:
        at = self._place(field)
        return default if at is None else number(self.data, letter, at)

    def flag(self, field: int) -> bool:
        return self.number(field, "B") != 0

    def table(self, field: int) -> Table | None:
        at = self._place(field)
        return None if at is None else _table(self.data, at)

    def vector(self, field: int, size: int) -> Vector:
        """Elements of so many bytes; none where it was not written."""
        at = self._place(field)
        if at is None:
            return Vector(self.data, 0, 0, size)
        start = at + number(self.data, "I", at)
        count = number(self.data, "I", start)
        if start + 4 + count * size > len(self.data):
            raise ValueError
        return Vector(self.data, start + 4, count, size)

    def text(self, field: int, most: int) -> str:
        """UTF-8, so many bytes of it; "" where it was not written."""
        found = self.vector(field, 1)
        return found.data[found.start : found.start + min(found.many, most)].decode("utf-8", "replace")


class Vector(NamedTuple):
    """`many` elements, all of which lie within the data, of `size` bytes each."""

    data: bytes
    start: int
    many: int
    size: int

    def _place(self, index: int) -> int:
        if not 0 <= index < self.many:
            raise ValueError
        return self.start + index * self.size

    def numbers(self, index: int) -> tuple[int, ...]:
        """An element that is so many numbers of 64 bits."""
        return unpack_from(f"<{self.size // 8}q", self.data, self._place(index))

    def table(self, index: int) -> Table:
        return _table(self.data, self._place(index))


def _table(data: bytes, at: int) -> Table:
    """The one that the offset at this place leads to; the offsets of its fields stand elsewhere, before or after."""
    start = at + number(data, "I", at)
    described = start - number(data, "i", start)
    size = number(data, "H", described)
    if size < 4 or size % 2 or described + size > len(data):
        raise ValueError
    return Table(data, start, unpack_from(f"<{size // 2 - 2}H", data, described + 4))
