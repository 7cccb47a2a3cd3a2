"""A dataloader (aiodataloader's) that takes the keys of a level at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from aiodataloader import DataLoader

from ..providers import usage
from ..providers.errors import TimedOut, alone

K = TypeVar("K")
V = TypeVar("V")

# In one turn of the loop: keys that are made, asked for, or whose answers are used, of all levels of an operation; and
# futures that are done, for each of which a coroutine may go on.
AT_ONCE = 512
_DONE = 128


class Pace:
    """How fast those go on that ask the loaders of an operation for many keys: what they make of each answer takes a
    microsecond or more, and dozens may have waited for the same batch.

    Who asks at that pace says so (`asking`): no batch begins meanwhile, lest one level becomes several.
    """

    def __init__(self) -> None:
        self._taken = 0
        self._waiting = deque[tuple[int, asyncio.Future[None]]]()
        self._asking = 0
        self._batches: list[Callable[[], None]] = []

    @contextmanager
    def asking(self) -> Generator[None]:
        """More keys come in the next turns of the loop."""
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1
            if not self._asking:
                batches, self._batches = self._batches, []
                for begin in batches:
                    self.begin(begin)

    @property
    def is_asked(self) -> bool:
        return self._asking > 0

    def begin(self, batch: Callable[[], None]) -> None:
        """Begin a batch in the next turn of the loop, or once nobody is asking any more."""
        if self._asking:
            self._batches.append(batch)
        else:
            asyncio.get_running_loop().call_soon(batch)

    async def turn(self, keys: int) -> None:
        """Return when it is time to begin with so many, which are to come in one batch with others of their level."""
        if self._is_full(keys):
            with self.asking():
                await self.take(keys)
        else:
            self._take(keys)

    async def take(self, keys: int) -> None:
        """Return when it is time to go on with so many."""
        if self._is_full(keys):
            self._waiting.append((keys, turn := asyncio.get_running_loop().create_future()))
            await turn
        else:
            self._take(keys)

    def _is_full(self, keys: int) -> bool:
        return bool(self._waiting) or (self._taken > 0 and self._taken + keys > AT_ONCE)

    def _take(self, keys: int) -> None:
        if not self._taken:
            asyncio.get_running_loop().call_soon(self._begin_anew)
        self._taken += keys

    def _begin_anew(self) -> None:
        self._taken = 0
        while self._waiting and (not self._taken or self._taken + self._waiting[0][0] <= AT_ONCE):
            keys, turn = self._waiting.popleft()
            if not turn.done():  # who waited may have been cancelled
                self._take(keys)
                turn.set_result(None)


class Loader(DataLoader[K, V]):
    """Takes many keys at once, and hands out in parts what came for them.

    aiodataloader's own takes half as long again, and wakes all that wait for thousands of keys in one turn of the loop.
    `batch` returns errors in the place of the values that met them. Unless `kept`, what was read is not remembered, and
    read again for whoever asks later.
    """

    def __init__(
        self,
        batch: Callable[[list[K]], Coroutine[Any, Any, Sequence[V | BaseException]]],
        pace: Pace,
        *,
        kept: bool = True,
    ) -> None:
        # It raises an entry that is an exception where its key is awaited; its types do not say so, nor are they whole.
        values = cast("Callable[[list[K]], Coroutine[Any, Any, list[V]]]", batch)
        super().__init__(values, cache=kept)  # pyright: ignore[reportUnknownMemberType]
        self.pace = pace
        self.met_errors = False  # in the place of any value so far
        self._waiting: list[tuple[K, asyncio.Future[V]]] = []
        self._batches = set[asyncio.Future[None]]()  # asyncio itself holds no reference to what runs

    def load_all(self, keys: list[K]) -> list[asyncio.Future[V]]:
        """As `load` for each key."""
        if not self.cache:
            return list(map(self.load, keys))
        known: dict[K, asyncio.Future[V]] = cast(Any, self)._cache
        waiting, new = self._waiting, self.loop.create_future
        first, futures = not waiting, list[asyncio.Future[V]]()
        for key in keys:
            future = known.get(key)
            if future is None:
                future = known[key] = new()
                waiting.append((key, future))
            futures.append(future)
        if first and waiting:
            self.pace.begin(self._begin)
        return futures

    def forgotten(self) -> dict[K, asyncio.Future[V]]:
        """All that was remembered, and no more is."""
        held: Any = self
        known, held._cache = held._cache, {}
        return known

    def do_resolve_reject(self, key: K, future: asyncio.Future[V]) -> None:
        """Called by `load` with a key that is not known yet."""
        self._waiting.append((key, future))
        if len(self._waiting) == 1:
            self.pace.begin(self._begin)

    def _begin(self) -> None:
        if self.pace.is_asked:
            self.pace.begin(self._begin)
            return
        batch = asyncio.ensure_future(self._batch())
        self._batches.add(batch)
        batch.add_done_callback(self._batches.discard)

    async def _batch(self) -> None:
        """Load all keys that were asked for until now. As in aiodataloader, none is known after what `batch` raises.

        Once the operation is over they are cancelled, for who waits for them would ask for more; once its time is up
        they are TimedOut.
        """
        waiting, self._waiting = self._waiting, []
        spent = usage.current.get()
        time = asyncio.timeout(spent.seconds_left)
        try:
            spent.go_on()
            async with time:
                values = list(await self.batch_load_fn([key for key, _ in waiting]))
            spent.go_on()
            if len(values) != len(waiting):
                raise TypeError(f"A batch of {len(waiting)} keys came to {len(values)} entries.")
            with self.pace.asking():  # those who go on ask for more: in several turns, but for one batch
                for start in range(0, len(waiting), _DONE):
                    if start:
                        await asyncio.sleep(0)
                    part = slice(start, start + _DONE)
                    for (_, future), value in zip(waiting[part], values[part], strict=True):
                        if isinstance(value, BaseException):
                            self._fail(future, value)
                        elif not future.done():
                            future.set_result(value)
        except BaseException as error:
            late = TimedOut(usage.TOO_LONG) if time.expired() else None
            for key, future in waiting:
                self.clear(key)
                self._fail(future, late or error)  # by no name of its own, which would hold this frame by its traceback
            if not isinstance(error, Exception):
                raise
        finally:
            del time  # it refers to the task that this runs in, whose exception refers to this frame

    def _fail(self, future: asyncio.Future[V], error: BaseException) -> None:
        self.met_errors = True
        if future.done():
            return
        if isinstance(error, asyncio.CancelledError):
            future.cancel()
        else:
            future.set_exception(alone(error))
            future.exception()  # looked at, lest asyncio complains where nobody asks for it any more
