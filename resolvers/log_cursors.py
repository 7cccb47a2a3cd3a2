"""Cursors of the lines of a log: places in its files, which hold while these grow, and while others appear."""

from collections.abc import Sequence
from typing import NamedTuple

from ..providers.errors import BadUserInput
from ..providers.log_pages import Cut, Found, moved
from ..providers.log_readers import Place
from ..providers.records import LogStream
from .pages import decode, encode

_MOST = 2**53
_UNKNOWN = -1


class Cursors(NamedTuple):
    """Of one attempt's log, of the streams of these files.

    A cursor is numbers: the attempt; the streams, as bits; the rank of the line's file, its size there, and whether a
    newline ends it; the offset, and the lines before it, in each file before the line.
    """

    pathspec: str
    attempt: int
    streams: Sequence[LogStream]

    def of_line(self, found: Found) -> str:
        return self._encoded(found.before, found.file, found.line.size, found.line.ended)

    def of_place(self, cut: Cut) -> str:
        """Of a place where no line need be."""
        return self._encoded(cut)

    def before(self, cursor: str | None) -> Cut | None:
        """The places before the line; raises BadUserInput where it is no cursor of this log."""
        return None if cursor is None else self._decoded(cursor)[0]

    def after(self, cursor: str | None) -> Cut | None:
        """The places behind the line; raises BadUserInput where it is no cursor of this log."""
        return None if cursor is None else moved(*self._decoded(cursor))

    def _encoded(self, cut: Cut, file: int = 0, size: int = 0, ended: bool = False) -> str:
        places = (
            number for place in cut for number in (place.offset, _UNKNOWN if place.lines is None else place.lines)
        )
        return encode(self.attempt, self._bits, file, size, int(ended), *places)

    def _decoded(self, cursor: str) -> tuple[Cut, int, int, bool]:
        numbers = decode(cursor, tuple[int, ...])
        if len(numbers) < 5 or not all(_UNKNOWN <= number < _MOST for number in numbers):
            raise BadUserInput("The cursor is none that this list gave out.")
        attempt, streams, file, size, ended, *rest = numbers
        if streams != self._bits or len(rest) != 2 * len(self.streams) or file not in range(len(self.streams)):
            raise BadUserInput("The cursor is of other streams of the log.")
        if attempt != self.attempt:
            raise BadUserInput(
                f"The cursor is of attempt {attempt} of {self.pathspec}, this is the log of attempt {self.attempt}: "
                "ask for the task at that attempt, or without a cursor."
            )
        if size < 0 or min(rest[::2]) < 0:
            raise BadUserInput("The cursor is none that this list gave out.")
        places = zip(rest[::2], rest[1::2], strict=True)
        return tuple(Place(offset, None if lines < 0 else lines) for offset, lines in places), file, size, ended > 0

    @property
    def _bits(self) -> int:
        return sum({1 << list(LogStream).index(stream) for stream in self.streams})
