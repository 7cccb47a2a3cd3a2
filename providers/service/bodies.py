"""From the bytes of a reply to what they mean, without keeping the event loop."""

import asyncio
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

import msgspec

from ..errors import LimitExceeded

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# What takes longer to decode than others should be kept waiting.
LARGE = 1_000_000
# Of small ones, a hundred bytes may take a thousand in memory.
_MOST_ROWS = 500_000
_PIECE = 500_000
_RAW_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_TOO_LONG = f"It is a list of more than {_MOST_ROWS} entries, which the gateway does not read whole."
_BROKEN = "a list of objects was expected"
_BLANK = b" \t\n\r"
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Form(Protocol[T_co]):
    """What a body has to be."""

    def decode(self, body: bytes, /) -> T_co:
        """The body in this form; raises msgspec.DecodeError, UnicodeDecodeError or RecursionError."""
        ...


class ListOf(Generic[T]):
    """The form of a list of objects, each of which has the form of the row, or at least of its `place`."""

    def __init__(self, row: type[T], place: type[T] | None = None) -> None:
        self._whole = msgspec.json.Decoder(list[row])
        self._row = msgspec.json.Decoder(row)
        self._place = None if place is None else msgspec.json.Decoder(place)

    def decode(self, body: bytes, /) -> list[T]:
        """As of Form; LimitExceeded beyond what is read of a list."""
        if len(body) <= LARGE:
            try:
                return self._whole.decode(body)
            except UNREADABLE:
                if self._place is None:
                    raise
        return list(map(self._either, raw_rows(body)))

    def _either(self, raw: msgspec.Raw) -> T:
        try:
            return self._row.decode(raw)
        except UNREADABLE:
            if self._place is None:
                raise
            return self._place.decode(raw)


async def decoded(body: bytes, form: Form[T]) -> T:
    """The body in the form, or what the form raises; a large one is decoded in a thread."""
    return await asyncio.to_thread(form.decode, body) if len(body) > LARGE else form.decode(body)


def raw_rows(body: bytes) -> Iterator[msgspec.Raw]:
    """The objects of a list, undecoded; raises msgspec.DecodeError where it is none, LimitExceeded as of ListOf.

    In pieces: msgspec holds the interpreter while it decodes, so a thread alone would be of no use. Of 27 MB at once
    the event loop stood still for 0.1 s.
    """
    start, end = _within_brackets(body)
    size, first, entries = _PIECE, start, 0
    while start < end:
        cut = body.find(b"}", start + size, end) + 1
        piece = body[start : cut or end]
        # Before it is decoded: 60 MB of entries that are no objects take two thousand in memory.
        if piece.count(b",") > _MOST_ROWS:
            raise LimitExceeded(_TOO_LONG)
        # What is a list up to there, from the beginning of a row on, ends where a row does.
        try:
            found = _RAW_ROWS.decode(b"[%b]" % piece)
        except msgspec.DecodeError:
            if not cut:
                raise
            size *= 2
            continue
        if not found and start > first:
            raise msgspec.DecodeError(_BROKEN)
        entries += piece.count(b"{")
        if entries > _MOST_ROWS:
            raise LimitExceeded(_TOO_LONG)
        yield from found
        start, size = _after_comma(body, cut, end) if cut else end, _PIECE


def _within_brackets(body: bytes) -> tuple[int, int]:
    """Where the entries of a list begin and end."""
    start, end = body.find(b"[") + 1, body.rfind(b"]")
    if not start or end < start or body[: start - 1].strip(_BLANK) or body[end + 1 :].strip(_BLANK):
        raise msgspec.DecodeError(_BROKEN)
    return start, end


def _after_comma(body: bytes, cut: int, end: int) -> int:
    """Where the next row begins, behind one that ends at `cut`; `end` where there is none."""
    comma = body.find(b",", cut, end)
    if body[cut : end if comma < 0 else comma].strip(_BLANK) or comma + 1 == end:
        raise msgspec.DecodeError(_BROKEN)
    return end if comma < 0 else comma + 1
