"""Arrow's IPC streams: a schema, then batches of rows, as messages one after the other.

Numbers of fields are those of Message.fbs: arrow.apache.org/docs/format/Columnar.html.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from ..pickles.payloads import Payload, cut
from .arrow_layouts import LONGEST, Layout, Parts, Piece, Room
from .arrow_schemas import Field, Schema
from .arrow_values import series_in
from .flatbuffers import Table, number, root
from .series import Series

SCHEMA, DICTIONARY, BATCH = 1, 2, 3
COMPRESSION = 3  # the field of a batch
# How many buffers an array has, beside those that its views lead to; others have two.
_BUFFERS = {
    "null": 0,
    "struct": 1,
    "fixed_size_list": 1,
    **dict.fromkeys(("string", "binary", "large_string", "large_binary"), 3),
}

Source = bytes | bytearray | Payload


class Dictionaries:
    """What codes choose from, by the ids of the fields: a message can put others in the place of those before it."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[list[int], list[Series]]] = {}

    def put(self, key: int, message: int, choices: Series) -> None:
        messages, all_choices = self._found.setdefault(key, ([], []))
        messages.append(message)
        all_choices.append(choices)

    def at(self, key: int, message: int) -> Series | None:
        """As they were when this message came."""
        messages, all_choices = self._found.get(key, ([], []))
        place = bisect_right(messages, message) - 1
        return all_choices[place] if place >= 0 else None


class Batch:
    """So many rows; their columns are found when they are asked for, and raise FAULTS where they do not fit."""

    __slots__ = ("_found", "_message", "_reading", "length")

    def __init__(self, length: int, message: Message, reading: _Reading) -> None:
        self.length = length
        self._message = message
        self._reading = reading
        self._found: Sequence[Series] | None = None

    def columns(self) -> Sequence[Series]:
        if self._found is None:
            self._found = self._reading.columns(self._message, self.length)
        return self._found


@dataclass(frozen=True, slots=True)
class Stream:
    """`readable`: whether values can be made, or no more is known than how many rows of what there are."""

    fields: tuple[Field, ...]
    batches: list[Batch]
    readable: bool

    @property
    def length(self) -> int:
        return sum(batch.length for batch in self.batches)

    def columns(self) -> list[Series]:
        """The values of each field, across the batches."""
        ends = list(accumulate(batch.length for batch in self.batches))
        return [self._column(index, field.type.name, ends) for index, field in enumerate(self.fields)]

    def _column(self, index: int, dtype: str, ends: list[int]) -> Series:
        def cut_out(start: int, stop: int) -> list[object]:
            found: list[object] = []
            place = bisect_right(ends, start)
            while start < stop:
                begin, end = ends[place] - self.batches[place].length, min(stop, ends[place])
                found += self.batches[place].columns()[index].values(start - begin, end - begin)
                start, place = end, place + 1
            return found

        return Series(dtype, ends[-1] if ends else 0, cut_out)


class Message(NamedTuple):
    number: int
    kind: int
    header: Table
    body: Piece


def stream_of(source: Source, parts: Parts) -> Stream:
    """FAULTS of what is no stream, TooLarge where bytes were not kept that tell where the next batch begins."""
    messages = _messages(source, parts)
    first = next(messages, None)
    if first is None or first.kind != SCHEMA or first.header.number(0, "h"):
        raise ValueError  # numbers would be big-endian
    fields = Schema(parts).fields(first.header, 1)
    return _Reading(fields, parts).read(messages)


def _messages(source: Source, parts: Parts) -> Iterator[Message]:
    """Up to the one that says it is the last, or the end of the bytes."""
    at, count = 0, 0
    while at < len(source):
        parts.take("messages")
        begin = at + 8 if _whole_number(source, at) == -1 else at + 4  # before 0.15 there was no mark
        size = _whole_number(source, begin - 4)
        if size == 0:
            return
        described = root(Piece(source, begin, size).cut(0, size))
        header = described.table(2)
        if header is None:
            raise ValueError
        body = Piece(source, begin + size, described.number(3, "q"))
        yield Message(count, described.number(1, "B"), header, body)
        at, count = body.start + body.length, count + 1


def _whole_number(source: Source, at: int) -> int:
    return number(bytes(cut(source, at, at + 4)), "i", 0)


class _Reading:
    """What was met so far in a stream."""

    def __init__(self, fields: tuple[Field, ...], parts: Parts) -> None:
        self._fields = fields
        self._parts = parts
        self._room = Room()
        self._chosen = {part.dictionary: part.choices for field in fields for part in field.within() if part.choices}
        self._dictionaries = Dictionaries()
        self._readable = all(field.type.kind for field in fields)
        self._each = sum(1 for field in fields for _ in field.within())

    def read(self, messages: Iterator[Message]) -> Stream:
        batches: list[Batch] = []
        for message in messages:
            if message.kind == BATCH:
                batches.append(self._batch(message))
            elif message.kind == DICTIONARY:
                self._dictionary(message)
            else:
                raise ValueError
        if sum(batch.length for batch in batches) >= LONGEST:
            raise ValueError
        return Stream(self._fields, batches, self._readable)

    def _can_read(self, header: Table, arrays: int) -> bool:
        self._parts.take("arrays", arrays)
        self._readable = self._readable and header.table(COMPRESSION) is None
        return self._readable

    def _batch(self, message: Message) -> Batch:
        length = message.header.number(0, "q")
        if length < 0:
            raise ValueError
        self._can_read(message.header, self._each)
        return Batch(length, message, self)

    def columns(self, message: Message, length: int) -> Sequence[Series]:
        """Of a batch, by the dictionaries that were there when it came."""
        return _Columns(message, message.header, self._dictionaries, self._room).columns(self._fields, length)

    def _dictionary(self, message: Message) -> None:
        """Values that batches after it choose from; those that add to others, which polars does not write, are not
        read.
        """
        key, header = message.header.number(0, "q"), message.header.table(1)
        choices = self._chosen.get(key)
        if choices is None or header is None:
            raise ValueError
        self._readable = self._readable and not message.header.flag(2)
        if self._can_read(header, sum(1 for _ in choices.within())):
            reader = _Columns(message, header, self._dictionaries, self._room)
            (found,) = reader.columns((choices,), header.number(0, "q"))
            self._dictionaries.put(key, message.number, found)


class _Columns:
    """The arrays of a batch, which takes its buffers in the order of its fields."""

    def __init__(self, message: Message, header: Table, dictionaries: Dictionaries, room: Room) -> None:
        self._nodes = header.vector(1, 16)
        self._buffers = header.vector(2, 16)
        self._views = header.vector(4, 8)  # how many buffers these have each
        self._message = message.number
        self._body = message.body
        self._dictionaries = dictionaries
        self._room = room
        self._node = self._buffer = self._view = 0  # the next of each

    def columns(self, fields: tuple[Field, ...], length: int) -> Sequence[Series]:
        """All of them, once."""
        found = [series_in(self._layout(field)) for field in fields]
        if any(series.length != length for series in found):
            raise ValueError
        return found

    def _layout(self, field: Field) -> Layout:
        length, _ = self._nodes.numbers(self._node)
        self._node += 1
        many = _BUFFERS.get(field.type.kind, 2)
        if field.type.kind.endswith("_view"):
            many += self._views.numbers(self._view)[0]
            self._view += 1
        if not 0 <= many <= self._buffers.many - self._buffer:
            raise ValueError
        buffers = [self._piece(self._buffer + index) for index in range(many)] or [None]
        self._buffer += many
        if buffers[0] is not None and buffers[0].length == 0:
            buffers[0] = None  # nothing is missing
        children = [self._layout(child) for child in field.children]
        dictionary = None if field.dictionary is None else self._dictionaries.at(field.dictionary, self._message)
        return Layout(field.type, length, 0, buffers, children, dictionary, self._room)

    def _piece(self, index: int) -> Piece | None:
        offset, length = self._buffers.numbers(index)
        if not (offset >= 0 <= length and offset + length <= self._body.length):
            raise IndexError
        return Piece(self._body.source, self._body.start + offset, length)
