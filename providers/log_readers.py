"""Lines out of a file of a log, from a place on or back from it, out of parts that someone else reads."""

from collections import deque
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
        self._ready: deque[tuple[bytes, bool, bool]] = deque()
        self._rest = b""
        self._begins = True
        self._want(more=place.offset < self._end)

    def feed(self, part: bytes | None) -> None:
        part = part or b""
        wanted, self.wanted = self.wanted, None
        if wanted and len(part) < wanted.length:
            self._end = self._loaded + len(part)
        if self._loaded < self._offset and not self._ready and not self._rest:
            part = self._from_place(part)
            self._loaded = self._offset
        self._loaded += len(part)
        *lines, self._rest = (self._rest + part).split(b"\n")
        self._ready.extend((line, True, True) for line in lines)
        if self._loaded >= self._end:
            if self._rest:
                self._ready.append((self._rest, False, True))
            self._rest = b""
        while len(self._rest) > LONGEST_LINE:
            cut = _between_characters(self._rest)
            self._ready.append((self._rest[:cut], False, False))
            self._rest = self._rest[cut:]
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
        if not self._ready:
            self.head = None
            self._want(more=self._loaded < self._end)
            return
        raw, ended, ends = self._ready.popleft()
        if len(raw) > LONGEST_LINE:
            cut = _between_characters(raw)
            self._ready.appendleft((raw[cut:], ended, ends))
            raw, ended, ends = raw[:cut], False, False
        time, text = self._parsed(raw) if self._begins else (None, raw)
        self.head = Line(time, text, len(raw) + ended, ended, self._begins, ends)
        self.order = (time or "", self.rank)

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
        self._ready: list[_Raw] = []
        self._rest = _NOTHING  # of the line that begins before what is loaded
        self._time: str | None = None
        self._searched = False  # whether no line that is ready is known to have a time
        self._want(more=self._loaded > start)

    def feed(self, part: bytes | None) -> None:
        part = part or b""
        wanted, self.wanted, self._searched = self.wanted, None, False
        if wanted and len(part) < wanted.length:  # it was cut off since it was looked at
            self._rest = _NOTHING
        self._loaded = wanted.start if wanted else self._loaded
        if not self._rest.size and part.endswith(b"\n"):
            part, self._rest = part[:-1], _NEWLINE
        first, *lines = part.split(b"\n")
        if lines:
            last = self._rest.after(lines.pop())
            self._ready[:0] = [*(_NEWLINE.after(line) for line in lines), last]
            self._rest = _NEWLINE
        self._rest = self._rest.after(first)
        if self._rest.size and (self._loaded <= self._start or self._rest.size > _LONGEST_BACKWARDS):
            self._ready.insert(0, self._rest)
            self._rest = _NOTHING
        self._next()

    def take(self) -> None:
        if self.head:
            self._offset = min(self._offset, self._file.size) - self.head.size
            if self._lines is not None:
                self._lines -= self.head.ended
            if self.head.time is not None:
                self._time = None
            self._ready.pop()
        self._next()

    def _next(self) -> None:
        self.head = None
        more = self._loaded > self._start
        if not self._ready:
            self._want(more=more)
            return
        raw, size, ended = self._ready[-1]
        time, text = self._parsed(raw[: _between_characters(raw)] if len(raw) > LONGEST_LINE else raw)
        self._time = time or self._time or self._time_before()
        if self._time is None and more and not self._file.plain and self._loaded > self._offset - LARGEST_BLOCK:
            self._want(more=True)
            return
        self.head = Line(time, text, size, ended)
        self.order = (self._time or "", self.rank)

    def _time_before(self) -> str | None:
        """Of the nearest line before the next that has a time."""
        if self._file.plain or self._searched:
            return None
        times = (self._parsed(line.raw)[0] for line in reversed(self._ready[:-1]))
        found = next((time for time in times if time), None)
        self._searched = found is None
        return found

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


def _between_characters(raw: bytes) -> int:
    """The place, at LONGEST_LINE or up to three bytes before it, where a character of UTF-8 begins."""
    places = range(LONGEST_LINE, LONGEST_LINE - 4, -1)
    return next((place for place in places if raw[place] & 0xC0 != 0x80), LONGEST_LINE)
