"""Lines of the files of a log, merged by time: a page of them, or all as text."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial
from itertools import count
from operator import attrgetter
from typing import NamedTuple

from . import mflog, usage
from .base import PartKey
from .log_readers import LONGEST_LINE, Backward, Forward, Line, LogFile, Place, Reader

Cut = tuple[Place, ...]
Read = Callable[[PartKey], Awaitable[bytes | None]]
Hides = Callable[[str], bool]
# Takes the next line of a reader; False where no more are needed.
Consume = Callable[[Reader, Line], bool]

# A page ends early once it has read so much, or holds so much text.
READ_A_PAGE = 64 * 2**20
_TEXT_A_PAGE = 8 * 2**20
_STEP = 65_536  # bytes that are read at a time to find where a line begins
# All pages of an answer together: those that come after this end as soon as they can.
_READ_AN_ANSWER = 512 * 2**20
# Lines that a page, or all of an answer, has gone through: of empty ones, a million take a second.
LINES_A_PAGE = 1_000_000
LINES_AN_ANSWER = 5_000_000
ANY_PAGE = 2_000  # lines that a page goes through in any case

_order = attrgetter("order")


class Found(NamedTuple):
    """A line on a page: the rank of its file, and the places in all files before it."""

    file: int
    line: Line
    before: Cut

    @property
    def after(self) -> Cut:
        """The places in all files behind the line."""
        return moved(self.before, self.file, self.line.size, self.line.ended)


class LogPage(NamedTuple):
    """`more`: others follow, or may, in the direction of the page, behind (backwards: before) the places of `end`."""

    found: list[Found]
    more: bool
    end: Cut


class Extent(NamedTuple):
    """What part of a log is asked for: `size` lines, `backward` from its end, between two places, with a text.

    `hides` tells of which lines nothing is shown.
    """

    size: int
    backward: bool
    after: Cut | None = None
    before: Cut | None = None
    grep: str = ""
    hides: Hides | None = None


def moved(cut: Cut, file: int, size: int, ended: bool) -> Cut:
    """Behind a line of that size."""
    offset, lines = cut[file]
    behind = Place(offset + size, None if lines is None else lines + ended)
    return (*cut[:file], behind, *cut[file + 1 :])


async def page(files: Sequence[LogFile], extent: Extent, read: Read, turns: asyncio.Semaphore) -> LogPage:
    """The first, or last, lines between two places that contain a text.

    Files are appended to and nothing else: the lines of each are in the order in which they were written. Those of
    several are merged by time; where times are equal, in the order of the files. A line without a time stays
    behind the line before it. (Where a clock went back, pages forward and backward may merge lines of different files
    differently. Either way each comes once.)
    """
    if extent.hides:
        extent = await _on_lines(files, extent, read)
    start = extent.after or (Place(0, 0),) * len(files)
    end = extent.before or tuple(
        Place(max(file.size, place.offset), None) for file, place in zip(files, start, strict=True)
    )
    ranks = range(len(files))
    readers = [
        Backward(files[rank], rank, end[rank]._replace(lines=end[rank].lines or 0), start[rank].offset)
        if extent.backward
        else Forward(files[rank], rank, start[rank], end[rank].offset)
        for rank in ranks
    ]
    of_page = _Page(readers, extent)
    stopped = False
    async with aclosing(_rounds(readers, of_page.consume, read, turns, max if extent.backward else min)) as rounds:
        async for read_so_far in rounds:
            stopped = read_so_far > READ_A_PAGE or (read_so_far > 0 and usage.current.get().logs_read > _READ_AN_ANSWER)
            if stopped:
                break
    unknown = {rank for rank in ranks if extent.backward and end[rank].lines is None}
    return of_page.made(stopped, unknown)


async def texts(
    files: Sequence[LogFile], read: Read, turns: asyncio.Semaphore, hides: Hides | None = None
) -> AsyncGenerator[str]:
    """The text of all lines that are not hidden, each with a newline, in chunks of a few MB at most.

    Where any may be, the text of a line ends at LONGEST_LINE: what hides it may stand across pieces.
    """
    pieces: list[str] = []

    spent = usage.current.get()

    def consume(reader: Reader, line: Line) -> bool:
        spent.log_lines += 1
        text = mflog.text(line.text)
        if hides is None:
            pieces.append(f"{text}\n" if line.ends else text)
        elif line.begins and not hides(text):
            pieces.append(f"{text}\n")
        reader.take()
        return True

    readers = [Forward(file, rank, Place(0, 0), file.size) for rank, file in enumerate(files)]
    async with aclosing(_rounds(readers, consume, read, turns, min)) as rounds:
        async for _ in rounds:
            yield "".join(pieces)
            pieces.clear()
    yield "".join(pieces)


async def _rounds(
    readers: Sequence[Reader], consume: Consume, read: Read, turns: asyncio.Semaphore, pick: Callable[..., Reader]
) -> AsyncGenerator[int]:
    """Lines are consumed as far as they are read, then more is read; before that the bytes read so far.

    The first blocks of all logs of a level are read together. Few are read on at a time: they are held in memory.
    """
    parts: list[tuple[Reader, bytes | None]] = []
    read_so_far = 0
    async with AsyncExitStack() as turn:
        for number in count():
            # Not on the loop, however little came: it may be all that kept a million lines waiting.
            step = partial(_merge, readers, parts, consume, pick)
            if await asyncio.to_thread(step) if parts else step():
                return
            yield read_so_far
            if number == 1:
                await turn.enter_async_context(turns)
            wanted = [(reader, reader.wanted) for reader in readers if reader.wanted]
            found = await asyncio.gather(*(read(part) for _, part in wanted))
            parts = [(reader, part) for (reader, _), part in zip(wanted, found, strict=True)]
            read_so_far += sum(part.length for _, part in wanted)
            usage.current.get().logs_read += sum(part.length for _, part in wanted)


def _merge(
    readers: Sequence[Reader],
    parts: list[tuple[Reader, bytes | None]],
    consume: Consume,
    pick: Callable[..., Reader],
) -> bool:
    """Whether no more lines are needed, or left; else, parts of files are wanted first."""
    usage.current.get().go_on()
    for reader, part in parts:
        reader.feed(part)
    if any(reader.wanted for reader in readers):
        return False
    active = [reader for reader in readers if reader.head]
    while active:
        reader = active[0] if len(active) == 1 else pick(active, key=_order)
        head = reader.head
        if head is None or not consume(reader, head):
            return True
        if reader.wanted:
            return False
        if reader.head is None:
            active.remove(reader)
    return True


async def _on_lines(files: Sequence[LogFile], extent: Extent, read: Read) -> Extent:
    """Without the parts of lines at its ends: what hides a line may stand in the part that is left out.

    Cursors are texts that anybody can write.
    """
    after = extent.after and [await _next_line(*one, read) for one in zip(files, extent.after, strict=True)]
    before = extent.before and [await _this_line(*one, read) for one in zip(files, extent.before, strict=True)]
    return extent._replace(after=after and tuple(after), before=before and tuple(before))


async def _next_line(file: LogFile, place: Place, read: Read) -> Place:
    """The place, or where the next line begins."""
    if not 0 < place.offset < file.size or file.key is None:
        return place
    for start in range(place.offset - 1, min(place.offset + 2 * LONGEST_LINE, file.size), _STEP):
        part = await read(PartKey(file.key, start, min(_STEP, file.size - start)))
        found = (part or b"").find(b"\n")
        if found >= 0:
            offset = start + found + 1
            return place if offset == place.offset else Place(offset, None)
    return Place(file.size, None)


async def _this_line(file: LogFile, place: Place, read: Read) -> Place:
    """The place, or where the line begins that it is in."""
    if not 0 < place.offset < file.size or file.key is None:
        return place
    for end in range(place.offset, max(0, place.offset - 2 * LONGEST_LINE), -_STEP):
        start = max(0, end - _STEP)
        part = await read(PartKey(file.key, start, end - start))
        found = (part or b"").rfind(b"\n")
        if found >= 0:
            offset = start + found + 1
            return place if offset == place.offset else Place(offset, None)
    return Place(0, None)


class _Page:
    """The lines that a page holds so far, the next in its direction last; one more than it is to have, at the end."""

    def __init__(self, readers: Sequence[Reader], extent: Extent) -> None:
        self._readers = readers
        self._size, self._backward = extent.size, extent.backward
        self._matches = _matching(extent.grep)
        self._hides = extent.hides
        self._found: list[Found] = []
        self._text = 0
        self._spent = usage.current.get()
        self._lines = 0
        self._early = False
        self._open = False  # whether pieces that come next are of the last line found

    def consume(self, reader: Reader, line: Line) -> bool:
        if not line.begins:
            self._pass(reader, line)
            return True
        if self._text > _TEXT_A_PAGE or self._is_worn():
            self._early = True
            return False
        self._open = self._matches(line.text) and not (self._hides and self._hides(mflog.text(line.text)))
        if not self._open:
            reader.take()
            return True
        self._text += len(line.text)
        usage.current.get().spend(len(line.text))
        cut = self._cut()
        reader.take()
        self._found.append(Found(reader.rank, line, self._cut() if self._backward else cut))
        return len(self._found) <= self._size

    def made(self, stopped: bool, uncounted: set[int]) -> LogPage:
        """The page; `uncounted`: the files whose lines were counted from where the page began, for want of better."""
        kept, more = self._found[: self._size], self._found[self._size :]
        end = self._cut()
        if more:
            end = more[0].after if self._backward else more[0].before
        # Whoever comes to the beginning of a file knows how many lines there were.
        shifts = {rank: self._readers[rank].place for rank in uncounted}
        known = {rank: -(place.lines or 0) if place.offset == 0 else None for rank, place in shifts.items()}
        found = [line._replace(before=_counted(line.before, known)) for line in kept]
        return LogPage(
            found[::-1] if self._backward else found, bool(more) or self._early or stopped, _counted(end, known)
        )

    def _is_worn(self) -> bool:
        """Whether it, or the answer, has gone through as many lines as it may."""
        self._lines += 1
        self._spent.log_lines += 1
        return self._lines > LINES_A_PAGE or (self._lines > ANY_PAGE and self._spent.log_lines > LINES_AN_ANSWER)

    def _pass(self, reader: Reader, line: Line) -> None:
        """The rest of a very long line: it belongs to it, and is not shown."""
        reader.take()
        if self._open:
            last = self._found[-1]
            whole = last.line._replace(size=last.line.size + line.size, ended=line.ended)
            self._found[-1] = last._replace(line=whole)

    def _cut(self) -> Cut:
        return tuple(reader.place for reader in self._readers)


def _counted(cut: Cut, shifts: dict[int, int | None]) -> Cut:
    """With the lines of some files counted from their beginnings; None where that was not reached."""
    if not shifts:
        return cut
    return tuple(_shifted(place, shifts[rank]) if rank in shifts else place for rank, place in enumerate(cut))


def _shifted(place: Place, shift: int | None) -> Place:
    return Place(place.offset, None if shift is None or place.lines is None else place.lines + shift)


def _matching(grep: str) -> Callable[[bytes], bool]:
    """Whether a line's text contains another."""
    if not grep:
        return lambda _: True
    if "\ufffd" in grep:  # what is not UTF-8 is shown so
        return lambda line: grep in mflog.text(line)
    try:
        needle = grep.encode()
    except UnicodeEncodeError:
        return lambda _: False
    return lambda line: needle in line
