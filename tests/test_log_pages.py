"""Pages of logs: every line once and in one order, whatever blocks they are read in; no more is read than they need."""

import asyncio
import tracemalloc
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaflow_graphql.providers import log_pages, log_readers, mflog, usage
from metaflow_graphql.providers.base import FileKey, PartKey
from metaflow_graphql.providers.errors import LimitExceeded
from metaflow_graphql.providers.log_pages import Extent, Found, LogPage
from metaflow_graphql.providers.log_readers import LogFile, Place
from metaflow_graphql.providers.records import LogStream
from metaflow_graphql.resolvers.log_cursors import Cursors

MIB = 2**20
TURNS = asyncio.Semaphore


def line(tick: int, text: bytes, source: str = "task") -> bytes:
    """A line of a log, without its newline, written so many µs after the first."""
    return f"[MFLOG|0|2026-11-23T22:28:15.{tick:06}Z|{source}|2b24516b-8b98]".encode() + text


class Log:
    """Files that are held in memory, and what was read of them."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = contents
        self.files = [LogFile(FileKey("", "", str(place)), len(content)) for place, content in enumerate(contents)]
        self.parts: list[PartKey] = []
        self.cursors = Cursors("", 0, [LogStream.STDOUT for _ in contents])

    async def read(self, part: PartKey) -> bytes:
        self.parts.append(part)
        return self.contents[int(part.file.path)][part.start : part.start + part.length]

    async def page(self, extent: Extent) -> LogPage:
        return await log_pages.page(self.files, extent, self.read, TURNS(1))

    async def pages(self, size: int, *, backward: bool, grep: str = "") -> list[LogPage]:
        """All pages, each from the cursor of the one before, in the order in which they were asked for."""
        pages: list[LogPage] = []
        cursor: str | None = None
        while not pages or pages[-1].more:
            after, before = (None, self.cursors.before(cursor)) if backward else (self.cursors.after(cursor), None)
            pages.append(await self.page(Extent(size, backward, after, before, grep)))
            found = pages[-1].found
            edge = found[0 if backward else -1] if found else None
            cursor = self.cursors.of_line(edge) if edge else self.cursors.of_place(pages[-1].end)
        return pages

    async def walk(self, size: int, *, backward: bool, grep: str = "") -> list[Found]:
        """All lines, page by page."""
        pages = await self.pages(size, backward=backward, grep=grep)
        return [found for page in (pages[::-1] if backward else pages) for found in page.found]

    async def text(self) -> str:
        return "".join([chunk async for chunk in log_pages.texts(self.files, self.read, TURNS(1))])


def told(found: list[Found]) -> list[tuple[int, str]]:
    return [(one.file, mflog.text(one.line.text)) for one in found]


class Written(NamedTuple):
    """A line as it was written: None is a line without a prefix."""

    tick: int | None
    text: bytes


def content(lines: Sequence[Written], *, ended: bool) -> bytes:
    texts = [one.text if one.tick is None else line(one.tick, one.text) for one in lines]
    return b"\n".join(texts) + (b"\n" if ended and texts else b"")


def merged(files: Sequence[Sequence[Written]]) -> list[tuple[int, str]]:
    """The order that lines should have, by sorting them all at once."""
    keyed: list[tuple[int, int, int, str]] = []
    for rank, lines in enumerate(files):
        moments = accumulate((-1 if one.tick is None else one.tick for one in lines), max)
        for place, (one, moment) in enumerate(zip(lines, moments, strict=True)):
            keyed.append((moment, rank, place, one.text.decode()))
    return [(rank, text) for _, rank, _, text in sorted(keyed)]


TEXTS = st.text("ab ]|é", max_size=6).map(str.encode)
STEPS = st.tuples(st.none() | st.integers(0, 2), TEXTS)


@st.composite
def files_of_lines(draw: st.DrawFn, *, back: bool = False) -> list[list[Written]]:
    """Files whose times go on, or, `back`, any way."""
    files: list[list[Written]] = []
    for steps in draw(st.lists(st.lists(STEPS, max_size=12), min_size=1, max_size=4)):
        tick, lines = 0, list[Written]()
        for step, text in steps:
            tick = (step or 0) if back else tick + (step or 0)
            lines.append(Written(None if step is None else tick, text or b"."))
        files.append(lines)
    return files


@settings(max_examples=150, deadline=None)
@given(files_of_lines(), st.integers(1, 9), st.booleans(), st.integers(1, 90), st.booleans())
def test_every_line_comes_once_and_in_the_order_of_time(
    files: list[list[Written]], size: int, ended: bool, block: int, backward: bool
) -> None:
    log = Log(*(content(lines, ended=ended) for lines in files))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(log_readers, "FIRST_BLOCK", block)
        assert told(asyncio.run(log.walk(size, backward=backward))) == merged(files)


@settings(max_examples=100, deadline=None)
@given(files_of_lines(back=True), st.integers(1, 9), st.integers(1, 90), st.booleans())
def test_where_a_clock_goes_back_each_file_keeps_its_order(
    files: list[list[Written]], size: int, block: int, backward: bool
) -> None:
    log = Log(*(content(lines, ended=True) for lines in files))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(log_readers, "FIRST_BLOCK", block)
        found = told(asyncio.run(log.walk(size, backward=backward)))
    for rank, lines in enumerate(files):
        assert [text for file, text in found if file == rank] == [one.text.decode() for one in lines]


@settings(max_examples=60, deadline=None)
@given(files_of_lines(), st.integers(1, 5), st.booleans())
def test_grep_finds_what_contains_it(files: list[list[Written]], size: int, backward: bool) -> None:
    log = Log(*(content(lines, ended=True) for lines in files))
    found = told(asyncio.run(log.walk(size, backward=backward, grep="a")))
    assert found == [(rank, text) for rank, text in merged(files) if "a" in text]


@settings(max_examples=60, deadline=None)
@given(files_of_lines(), st.booleans(), st.integers(1, 90))
def test_the_text_is_that_of_all_lines(files: list[list[Written]], ended: bool, block: int) -> None:
    log = Log(*(content(lines, ended=ended) for lines in files))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(log_readers, "FIRST_BLOCK", block)
        assert asyncio.run(log.text()) == "".join(f"{text}\n" for _, text in merged(files))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 200), max_size=6), min_size=1, max_size=3), st.integers(1, 90), st.booleans())
def test_lines_longer_than_the_longest_come_whole_in_texts_and_cut_on_pages(
    lengths: list[list[int]], block: int, ended: bool
) -> None:
    files = [[Written(tick, b"x" * length) for tick, length in enumerate(of_file)] for of_file in lengths]
    log = Log(*(content(lines, ended=ended) for lines in files))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(log_readers, "FIRST_BLOCK", block)
        patched.setattr(log_readers, "LONGEST_LINE", 64)
        forward, backward = (asyncio.run(log.walk(2, backward=backward)) for backward in (False, True))
        assert asyncio.run(log.text()) == "".join(f"{text}\n" for _, text in merged(files))
    most = 64 - len(line(0, b""))
    cut = [(rank, text[:most]) for rank, text in merged(files)]
    assert told(forward) == told(backward) == cut


@settings(max_examples=60, deadline=None)
@given(files_of_lines(), st.data())
def test_what_is_appended_between_two_pages_comes_next(files: list[list[Written]], data: st.DataObject) -> None:
    """In whatever piece of a file it was up to: even a line of which a half was there comes once, in two parts."""
    whole = [content(lines, ended=True) for lines in files]
    cut = [data.draw(st.integers(0, len(file))) for file in whole]
    before, after = Log(*(file[:end] for file, end in zip(whole, cut, strict=True))), Log(*whole)
    early = asyncio.run(before.walk(1000, backward=False))
    cursor = before.cursors.of_line(early[-1]) if early else None
    late = asyncio.run(after.page(Extent(1000, False, after.cursors.after(cursor)))).found
    for rank, file in enumerate(whole):
        sizes = [one.line.size for one in (*early, *late) if one.file == rank]
        skipped = 0 < cut[rank] < len(file) and file[cut[rank] : cut[rank] + 1] == b"\n"
        assert sum(sizes) + skipped == len(file)


class Virtual(Log):
    """A log of one file, of the same lines again and again, that is nowhere as a whole."""

    def __init__(self, size: int) -> None:
        super().__init__(b"")
        self.chunk = b"".join(line(number, b"text %06d of some length\n" % number) for number in range(1000))
        self.times = size // len(self.chunk)
        self.files = [LogFile(FileKey("", "", "0"), self.times * len(self.chunk))]

    async def read(self, part: PartKey) -> bytes:
        self.parts.append(part)
        start = part.start % len(self.chunk)
        return (self.chunk * (2 + part.length // len(self.chunk)))[start : start + part.length]

    @property
    def bytes_read(self) -> int:
        return sum(part.length for part in self.parts)


BIG = 100 * MIB


def bounds(log: Virtual) -> Iterator[Extent]:
    middle = (Place(len(log.chunk) * (log.times // 2), None),)
    for size in (50, 1000):
        yield from (Extent(size, False), Extent(size, True))
        yield from (Extent(size, False, after=middle), Extent(size, True, before=middle))


def test_a_page_of_a_large_log_reads_and_holds_about_a_page() -> None:
    for extent in bounds(Virtual(BIG)):
        log = Virtual(BIG)
        tracemalloc.start()
        page = asyncio.run(log.page(extent))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(page.found) == extent.size
        assert page.more
        assert log.bytes_read <= 2**16 + extent.size * 300
        assert peak < 2 * MIB


def test_a_text_that_is_nowhere_is_looked_for_in_so_much_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert log_pages.READ_A_PAGE == 64 * MIB
    monkeypatch.setattr(log_pages, "READ_A_PAGE", 4 * MIB)
    log = Virtual(7 * MIB)
    first, last = asyncio.run(log.pages(50, backward=False, grep="nowhere"))
    assert (first.found, first.more, last.found, last.more) == ([], True, [], False)
    assert 4 * MIB < first.end[0].offset < 6 * MIB
    assert last.end == (Place(log.files[0].size, 1000 * log.times),)


def test_a_text_is_found_behind_pages_that_end_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_pages, "READ_A_PAGE", 2 * MIB)
    log = Virtual(7 * MIB)
    pages = asyncio.run(log.pages(50, backward=True, grep="text 000999"))
    assert sum(len(page.found) for page in pages) == log.times
    assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
    assert len(pages) > log.times // 50 + 1


@pytest.mark.parametrize(("grep", "found"), [("\ufffd", ["a\ufffdb"]), ("\ud800", []), ("é", ["é"]), ("\n", [])])
def test_a_text_is_looked_for_in_what_is_shown(grep: str, found: list[str]) -> None:
    log = Log(b"a\xffb\n\xed\xa0\x80\n" + "é".encode())
    texts = [text for _, text in told(asyncio.run(log.walk(1, backward=False, grep=grep)))]
    assert [text for text in texts if text != "\ufffd" * 3] == found


LONG = line(1, b"x" * (3 * MIB))


def test_a_very_long_line_is_cut_and_what_follows_is_not_lost() -> None:
    log = Log(b"\n".join([line(0, b"before"), LONG, line(2, b"behind")]) + b"\n")
    for backward in (False, True):
        found = asyncio.run(log.walk(1, backward=backward))
        assert [one.line.text[:6] for one in found] == [b"before", b"x" * 6, b"behind"]
        assert found[1].line.size == len(LONG) + 1
        assert MIB - 200 < len(found[1].line.text) <= MIB
    assert asyncio.run(log.text()) == f"before\n{'x' * (3 * MIB)}\nbehind\n"


def test_a_character_is_not_cut_in_two() -> None:
    log = Log(line(0, "é".encode() * MIB), line(0, b"x" + "é".encode() * MIB))
    for backward in (False, True):
        texts = [mflog.text(one.line.text) for one in asyncio.run(log.page(Extent(2, backward))).found]
        assert ["\ufffd" in text for text in texts] == [False, False]
    assert asyncio.run(log.text()) == "é" * MIB + "\nx" + "é" * MIB + "\n"


def test_a_file_without_a_newline_is_held_in_part_only() -> None:
    log = Virtual(BIG)
    log.chunk = b"x" * MIB
    for extent in (Extent(5, False), Extent(5, True)):
        tracemalloc.start()
        page = asyncio.run(log.page(extent))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert page.more
        assert [len(one.line.text) for one in page.found] == [MIB] * len(page.found) != []
        assert peak < 16 * MIB


def test_a_file_that_is_cut_off_while_it_is_read_ends_there() -> None:
    log = Log(b"one\ntwo\n")
    log.files = [log.files[0]._replace(size=1000)]
    page = asyncio.run(log.page(Extent(50, False)))
    assert (told(page.found), page.more) == ([(0, "one"), (0, "two")], False)


def test_the_last_of_many_lines_without_a_time_take_no_time() -> None:
    page = asyncio.run(Log(b"\n" * (MIB // 4)).page(Extent(1000, True)))
    assert told(page.found) == [(0, "")] * 1000


@pytest.mark.parametrize("extent", [Extent(5, False), Extent(5, True)])
def test_a_block_of_empty_lines_takes_no_more_than_its_bytes(extent: Extent) -> None:
    late = line(9, b"late") + b"\n" * 60_000
    early = b"\n".join(line(1, b"early") for _ in range(2000))
    log = Log(late, early) if not extent.backward else Log(b"\n" * 60_000)
    tracemalloc.start()
    page = asyncio.run(log.page(extent))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told(page.found) == [(0, "")] * 5 if extent.backward else [(1, "early")] * 5
    assert peak < MIB


def test_a_page_goes_through_so_many_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert log_pages.LINES_A_PAGE == 1_000_000
    monkeypatch.setattr(log_pages, "LINES_A_PAGE", 100)
    log = Log(b"\n" * 250)
    forward = asyncio.run(log.pages(50, backward=False, grep="x"))
    backward = asyncio.run(log.pages(50, backward=True, grep="x"))
    assert [(page.more, page.end[0].offset) for page in forward] == [(True, 100), (True, 200), (False, 250)]
    assert [(page.more, page.end[0].offset) for page in backward] == [(True, 150), (True, 50), (False, 0)]


def test_pages_of_an_answer_go_through_so_many_lines_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_pages, "LINES_AN_ANSWER", 100)
    monkeypatch.setattr(log_pages, "ANY_PAGE", 10)
    log = Log(b"\n" * 80)
    token = usage.current.set(usage.Usage())
    try:
        pages = [asyncio.run(log.page(Extent(50, False, grep="x"))) for _ in range(3)]
    finally:
        usage.current.reset(token)
    assert [(page.more, page.end[0].offset) for page in pages] == [(False, 80), (True, 20), (True, 10)]


def test_a_page_of_long_lines_ends_early() -> None:
    log = Log(b"\n".join(line(tick, b"%02d" % tick + b"x" * (MIB // 2)) for tick in range(40)))
    for backward in (False, True):
        pages = asyncio.run(log.pages(1000, backward=backward))
        assert [len(page.found) for page in pages] == [16, 16, 8]
        in_order = pages[::-1] if backward else pages
        assert [int(one.line.text[:2]) for page in in_order for one in page.found] == list(range(40))


def test_lines_count_among_the_values_of_an_answer() -> None:
    token = usage.current.set(usage.Usage(values_left=10))
    try:
        log = Log(b"\n".join(line(tick, b"0123456789") for tick in range(3)))
        assert len(asyncio.run(log.page(Extent(0, False))).found) == 0
        with pytest.raises(LimitExceeded, match="valuesBytes"):
            asyncio.run(log.page(Extent(2, False)))
    finally:
        usage.current.reset(token)
