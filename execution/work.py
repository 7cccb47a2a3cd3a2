"""Pieces of work that go on side by side in turns, and hold the event loop for no longer than a slice of time.

A piece is a generator. It yields a Join to go on when other pieces have ended, a Wait to go on when awaitables have,
and None to let others have a turn. So what is written reads from top to bottom, costs nothing of asyncio where nothing
is awaited, and can end without an event loop.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Generator, Sequence
from time import perf_counter
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")
Work = Generator["Join | Wait | None", Any, T]

# Seconds that the event loop is held at a time.
SLICE = 0.001
# Before others have a turn, a few milliseconds: values looked at one by one; values put into rows, of which each takes
# as long as A_ROW more (100,000 in structs 1 to 2 ms, in dicts up to 5); objects whose fields are read.
TURN = 512
IN_ROWS = 100_000
A_ROW = 3
OBJECTS = 20_000


def rows_at_once(width: int) -> int:
    """How many rows of so many values are made before others have a turn."""
    return max(1, IN_ROWS // (A_ROW + width))


class Join:
    """Pieces of work; who yields it goes on with their results once it is over, as a rule when all have ended."""

    __slots__ = ("missing", "over", "results", "waiting", "works")

    def __init__(self, works: Sequence[Work[Any]]) -> None:
        self.works = works
        self.results: list[Any] = [None] * len(works)
        self.missing = len(works)
        self.over = False
        self.waiting: _Piece

    def take(self, number: int, result: Any) -> None:
        """The result of one of them."""
        self.results[number] = result
        self.missing -= 1
        self.over = not self.missing


class Wait:
    """Awaitables; who yields it goes on with their futures once all are done: see `awaited`."""

    __slots__ = ("awaitables",)

    def __init__(self, awaitables: list[Awaitable[Any]]) -> None:
        self.awaitables = awaitables


class _Piece(NamedTuple):
    """Work, and the join whose result of that number it is."""

    work: Work[Any]
    join: Join | None
    number: int


class Run(Generic[T]):
    """A piece of work, with all that it waits for."""

    def __init__(self, work: Work[T]) -> None:
        self.over = False
        self.result: T
        self._ready = deque[tuple[_Piece, Any]]([(_Piece(work, None, 0), None)])
        self._waits: list[tuple[_Piece, Wait]] = []
        self._waiting = set[_Piece]()
        self._futures = set[asyncio.Future[Any]]()
        self._wake: asyncio.Future[None] | None = None
        self._until = perf_counter() + SLICE  # when others are to have a turn

    @property
    def unbegun(self) -> list[Awaitable[Any]]:
        """The awaitables that are waited for, and that `finish` has not begun to await."""
        return [awaitable for _, wait in self._waits for awaitable in wait.awaitables]

    def end(self) -> None:
        """Leave undone what is not done: its result is of no use any more."""
        self.over = True

    def go(self, *, for_a_slice: bool = False) -> None:
        """Go on until all is done or waits, or until others are to have a turn."""
        while self._ready and not self.over:
            self._turn()
            if for_a_slice and perf_counter() > self._until:
                return

    async def finish(self) -> None:
        """Go on until all is done, in slices; what was begun for it ends with it."""
        try:
            while not self.over:
                await self._slice()
        finally:
            self._leave()

    async def _slice(self) -> None:
        while self._ready:
            self._turn()
            if self.over:
                return
            if perf_counter() > self._until:
                await asyncio.sleep(0)
                self._until = perf_counter() + SLICE
                return
        waits, self._waits = self._waits, []
        if len(waits) == 1 and not self._waiting and len(waits[0][1].awaitables) == 1:
            await self._wait_here(*waits[0])
            return
        # All that can be asked for now is begun in one tick of the loop: a DataLoader makes one batch of it.
        for piece, wait in waits:
            self._begin(piece, wait)
        self._wake = asyncio.get_running_loop().create_future()
        await self._wake
        self._until = perf_counter() + SLICE

    async def _wait_here(self, piece: _Piece, wait: Wait) -> None:
        """Wait for the one thing that there is to wait for, which takes no task of its own. It may be there at once:
        then nobody has had a turn."""
        self._waiting.add(piece)
        (awaitable,) = wait.awaitables
        self._ready.append((piece, [await _done(awaitable)]))
        self._waiting.discard(piece)

    def _leave(self) -> None:
        """End what was begun and is not done; what was not begun never will be."""
        left, self._futures = self._futures, set[asyncio.Future[Any]]()
        for future in left:
            future.cancel()
        for awaitable in filter(asyncio.iscoroutine, self.unbegun):
            awaitable.close()
        self.let_go()

    def let_go(self) -> None:
        """End the pieces that are not done: each refers to who waits for it, and that to it, with all their values."""
        self.over = True
        left = [*(piece for piece, _ in self._ready), *(piece for piece, _ in self._waits), *self._waiting]
        self._ready.clear()
        self._waits.clear()
        self._waiting.clear()
        for piece in left:
            piece.work.close()
            while piece.join is not None:
                piece = piece.join.waiting
                piece.work.close()

    def _turn(self) -> None:
        piece, value = self._ready.popleft()
        if piece.join is not None and piece.join.over:
            piece.work.close()  # nobody waits for it any more
            return
        try:
            asked = piece.work.send(value)
        except StopIteration as end:
            self._ended(piece, end.value)
            return
        if asked is None:
            self._ready.append((piece, None))
        elif isinstance(asked, Join):
            asked.waiting = piece
            self._ready.extend((_Piece(work, asked, index), None) for index, work in enumerate(asked.works))
        else:
            self._waits.append((piece, asked))

    def _ended(self, piece: _Piece, result: Any) -> None:
        if piece.join is None:
            self.result, self.over = result, True
            return
        piece.join.take(piece.number, result)
        if piece.join.over:
            self._ready.append((piece.join.waiting, piece.join.results))

    def _begin(self, piece: _Piece, wait: Wait) -> None:
        self._waiting.add(piece)
        futures = [asyncio.ensure_future(awaitable) for awaitable in wait.awaitables]
        left = len(futures)

        def came(future: asyncio.Future[Any]) -> None:
            nonlocal left
            left -= 1
            self._futures.discard(future)
            if not future.cancelled():
                future.exception()  # looked at, lest asyncio complains of what nobody asks for any more
            if not left and not self.over:
                self._waiting.discard(piece)
                self._arrived(piece, futures)

        # What it was given is not its own to cancel: a loader's future is others' too.
        given = zip(futures, wait.awaitables, strict=True)
        self._futures.update(future for future, awaitable in given if future is not awaitable)
        for future in futures:
            future.add_done_callback(came)

    def _arrived(self, piece: _Piece, futures: Sequence[asyncio.Future[Any]]) -> None:
        self._ready.append((piece, futures))
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


async def _done(awaitable: Awaitable[Any]) -> asyncio.Future[Any]:
    """Its future; what it was given is not its own to cancel: a loader's future is others' too."""
    if asyncio.isfuture(awaitable):
        await asyncio.wait([awaitable])
        return awaitable
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    try:
        future.set_result(await awaitable)
    except Exception as error:
        future.set_exception(error)
    return future


def awaited(awaitables: list[Awaitable[Any]]) -> Work[list[Any]]:
    """What they come to, an Exception in the place of what one raised.

    Raises what is no Exception, such as that one was cancelled: it ends the operation.
    """
    futures: list[asyncio.Future[Any]] = yield Wait(awaitables)
    return [future.result() if (error := future.exception()) is None else _met(error) for future in futures]


def _met(error: BaseException) -> Exception:
    if not isinstance(error, Exception):
        raise error
    return error
