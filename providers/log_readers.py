"""Lines out of a file of a log, from a place on or back from it, out of parts that someone else reads."""

from typing import NamedTuple

from . import mflog
from .base import FileKey, PartKey

FIRST_BLOCK, LARGEST_BLOCK = 64 * 1024, 2**20
LONGEST_LINE = 2**20
_LONGEST_BACKWARDS = 16 * 2**20


class LogFile(NamedTuple):
    """A file of a log; `size` in bytes as it stands, 0 where there is none (yet). `plain`: its lines have no times."""

    key: FileKey | None
    size: int = 0
    plain: bool = False


class Place(NamedTuple):
    """A place in a file: its offset, and how many lines end before it, where that is known."""

    offset: int
    lines: int | None


class Line(NamedTuple):
    """A line of a log, or a piece of a very long one.

    `size` in bytes in its file; `ended` by a newline there. `begins` and `ends`: whether it is the first and the last
    piece of its line.
    """

    time: str | None
    text: bytes
    size: int
    ended: bool
    begins: bool = True
    ends: bool = True


class Reader:
    """What both directions have in common.

    `head` is the next line, None where there is none or where it is not known before the part `wanted` has been
    fed. `order` is its place among the next lines of other files, which `rank` decides where times are equal.
    """

    def __init__(self, file: LogFile, rank: int, place: Place) -> None:
        self.rank = rank
        self.head: Line | None = None
        self.wanted: PartKey | None = None
        self.order = ("", rank)
        self._file = file
        self._offset: int = place.offset
        self._lines: int | None = place.lines
        self._loaded: int = place.offset  # up to where, in its direction, there were parts
        self._block = FIRST_BLOCK

    @property
    def place(self) -> Place:
        """Up to where its lines were taken."""
        return Place(self._offset, self._lines)

    def feed(self, part: bytes | None) -> None:
        """Take up what the part wanted holds."""
        raise NotImplementedError

    def take(self) -> None:
        """Go on to the next line."""
        raise NotImplementedError

    def _parsed(self, line: bytes) -> tuple[str | None, bytes]:
        return (None, line) if self._file.plain else mflog.parsed(line)


class Forward(Reader):
    """The lines from a place up to `end`. Lines longer than LONGEST_LINE come in pieces.

    A line without a time has the order of the line before it: it comes at once.
    """

    def __init__(self, file: LogFile, rank: int, place: Place, end: int) -> None:
        super().__init__(file, rank, place)
        self._end: int = min(end, file.size)
        # The byte before a place tells whether a line begins there.
        self._loaded = max(0, place.offset - 1)
        # Lines are cut off one at a time: a block may hold a million.
        self._buffer = b""
        self._at = 0
        self._begins = True
        self._want(more=place.offset < self._end)

    def feed(self, part: bytes | None) -> None:
        part = part or b""
        wanted, self.wanted = self.wanted, None
        if wanted and len(part) < wanted.length:
            self._end = self._loaded + len(part)
        if self._loaded < self._offset:
            part = self._from_place(part)
            self._loaded = self._offset
        self._loaded += len(part)
        self._buffer, self._at = self._buffer[self._at :] + part, 0
        self._next()

    def take(self) -> None:
        if self.head:
            self._offset += self.head.size
            self._begins = self.head.ends
            if self._lines is not None:
                self._lines += self.head.ended
        self._next()

    def _from_place(self, part: bytes) -> bytes:
        """Without the byte before the place; a line that was taken before its newline was there is not taken again."""
        if part[:1] != b"\n" and part[1:2] == b"\n":
            self._offset += 1
            self._lines = None if self._lines is None else self._lines + 1
            return part[2:]
        return part[1:]

    def _next(self) -> None:
        raw, ended, ends = self._cut_off()
        if not raw and not ended:
            self.head = None
            self._want(more=self._loaded < self._end)
            return
        time, text = self._parsed(raw) if self._begins else (None, raw)
        self.head = Line(time, text, len(raw) + ended, ended, self._begins, ends)
        self.order = (time or "", self.rank)

    def _cut_off(self) -> tuple[bytes, bool, bool]:
        """The next line, or piece of one, whether a newline ended it, and whether it ends there; else nothing."""
        newline = self._buffer.find(b"\n", self._at)
        end = len(self._buffer) if newline < 0 else newline
        if end - self._at > LONGEST_LINE:
            piece = self._buffer[self._at : self._at + LONGEST_LINE + 1]
            piece = piece[: _between_characters(piece)]
            self._at += len(piece)
            return piece, False, False
        if newline < 0 and self._loaded < self._end:
            return b"", False, False
        line = self._buffer[self._at : end]
        self._at = end + (newline >= 0)
        return line, newline >= 0, True

    def _want(self, *, more: bool) -> None:
        if more and self._file.key:
            self.wanted = PartKey(self._file.key, self._loaded, min(self._block, self._end - self._loaded))
            self._block = min(2 * self._block, LARGEST_BLOCK)


class Backward(Reader):
    """The lines back from a place down to `start`. Of lines longer than LONGEST_LINE, what is beyond is left out.

    A line without a time has the order of the nearest one before it that has a time.
    """

    def __init__(self, file: LogFile, rank: int, place: Place, start: int) -> None:
        super().__init__(file, rank, place)
        self._start = start
        self._loaded = min(place.offset, file.size)
        # Lines are cut off one at a time, as forward: what is left are the first `_stop` bytes.
        self._buffer = b""
        self._stop = 0
        self._rest = _NOTHING  # of the line that ends behind the buffer
        self._line: _Raw | None = None  # that was cut off last, and not taken
        self._time: str | None = None
        self._searched = False  # whether no line in the buffer is known to have a time
        self._want(more=self._loaded > start)

    def feed(self, part: bytes | None) -> None:
        part = part or b""
        wanted, self.wanted, self._searched = self.wanted, None, False
        if wanted and len(part) < wanted.length:  # it was cut off since it was looked at
            self._rest, self._stop = _NOTHING, 0
        self._loaded = wanted.start if wanted else self._loaded
        self._buffer = part + self._buffer[: self._stop]
        self._stop = len(self._buffer)
        self._next()

    def take(self) -> None:
        if self.head:
            self._offset = min(self._offset, self._file.size) - self.head.size
            if self._lines is not None:
                self._lines -= self.head.ended
            if self.head.time is not None:
                self._time = None
            self._line = None
        self._next()

    def _next(self) -> None:
        self.head = None
        more = self._loaded > self._start
        self._line = self._line or self._cut_off()
        if self._line is None:
            self._want(more=more)
            return
        raw, size, ended = self._line
        time, text = self._parsed(raw[: _between_characters(raw)] if len(raw) > LONGEST_LINE else raw)
        self._time = time or self._time or self._time_before()
        if self._time is None and more and not self._file.plain and self._loaded > self._offset - LARGEST_BLOCK:
            self._want(more=True)
            return
        self.head = Line(time, text, size, ended)
        self.order = (self._time or "", self.rank)

    def _cut_off(self) -> "_Raw | None":
        """The line before, None where it begins before what is loaded."""
        if not self._rest.size and self._stop and self._buffer[self._stop - 1] == _NEWLINE_BYTE:
            self._rest, self._stop = _NEWLINE, self._stop - 1
        begin = self._buffer.rfind(b"\n", 0, self._stop) + 1
        line = self._rest.after(self._buffer[begin : self._stop])
        self._rest, self._stop = _NOTHING, begin
        if begin or self._loaded <= self._start or line.size > _LONGEST_BACKWARDS:
            return line if line.size else None
        self._rest = line
        return None

    def _time_before(self) -> str | None:
        """Of the nearest line before the next that has a time."""
        if self._file.plain or self._searched:
            return None
        stop, least = self._stop, 0 if self._loaded <= self._start else 1
        while (mark := self._buffer.rfind(mflog.MARK, 0, stop)) >= 0:
            stop = self._buffer.rfind(b"\n", 0, mark) + 1
            if stop < least:
                break
            time, _ = self._parsed(self._buffer[stop : self._buffer.find(b"\n", mark)])
            if time:
                return time
        self._searched = True
        return None

    def _want(self, *, more: bool) -> None:
        if more and self._file.key:
            length = min(self._block, self._loaded - self._start)
            self.wanted = PartKey(self._file.key, self._loaded - length, length)
            self._block = min(2 * self._block, LARGEST_BLOCK)


class _Raw(NamedTuple):
    """The bytes of a line, not many more than LONGEST_LINE of them; its size in the file, with the newline."""

    raw: bytes
    size: int
    ended: bool

    def after(self, before: bytes) -> "_Raw":
        """With the bytes that come before it."""
        return _Raw((before + self.raw)[: LONGEST_LINE + 1], len(before) + self.size, self.ended)


_NOTHING, _NEWLINE = _Raw(b"", 0, False), _Raw(b"", 1, True)
_NEWLINE_BYTE = 0x0A


def _between_characters(raw: bytes) -> int:
    """The place, at LONGEST_LINE or up to three bytes before it, where a character of UTF-8 begins."""
    places = range(LONGEST_LINE, LONGEST_LINE - 4, -1)
    return next((place for place in places if raw[place] & 0xC0 != 0x80), LONGEST_LINE)
