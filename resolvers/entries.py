"""Entries: one for each object of a level or for each key, its value or what it met; and lists that hold errors."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from aiodataloader import DataLoader
from aiodataloader import Loader as Waiting

from ..providers.errors import GatewayError
from ..providers.usage import Exhausted

K = TypeVar("K")
V = TypeVar("V")
W = TypeVar("W")

Answers = list[V | BaseException]

# Objects that are answered for, and answers that are begun or handed out, before others have a turn: a few milliseconds
# for all but what goes through long lists.
_PART = 256
_AT_ONCE = 128


class Partial(NamedTuple):
    """A list, or a dict, without what could not be read, and the errors of that."""

    value: list[Any] | dict[str, Any]
    errors: list[GatewayError]


class Loader(DataLoader[K, V]):
    """A dataloader that takes the keys of a level at once, and hands out what came for them in parts.

    aiodataloader's own takes half as long again, and wakes all that wait for thousands of keys in one turn of the loop.
    """

    def __init__(self, batch: Any, cache: bool = True) -> None:
        super().__init__(batch, cache=cache)  # pyright: ignore[reportUnknownMemberType] - its types are not complete
        self._batches = set[asyncio.Future[None]]()  # asyncio itself holds no reference to what runs

    def load_all(self, keys: Iterable[K]) -> list[asyncio.Future[V]]:
        """As `load` for each key."""
        if not self.cache:
            return list(map(self.load, keys))
        known: dict[K, asyncio.Future[V]] = cast(Any, self)._cache
        queue, new = self._queue, self.loop.create_future
        first, futures = not queue, list[asyncio.Future[V]]()
        for key in keys:
            future = known.get(key)
            if future is None:
                future = known[key] = new()
                queue.append(Waiting(key, future))
            futures.append(future)
        if first and queue:
            self.loop.call_soon(self._begin)
        return futures

    def do_resolve_reject(self, key: K, future: asyncio.Future[V]) -> None:
        """Called by `load` with a key that is not known yet."""
        self._queue.append(Waiting(key, future))
        if len(self._queue) == 1:
            self.loop.call_soon(self._begin)

    def _begin(self) -> None:
        batch = asyncio.ensure_future(self._batch())
        self._batches.add(batch)
        batch.add_done_callback(self._batches.discard)

    async def _batch(self) -> None:
        """Load all keys that were asked for until now. As in aiodataloader, none is known after what `batch` raises."""
        waiting = cast("list[Any]", self._queue)
        self._queue = []
        try:
            values = list(await self.batch_load_fn([one.key for one in waiting]))
            if len(values) != len(waiting):
                raise TypeError(f"A batch of {len(waiting)} keys came to {len(values)} entries.")
            for number, (one, value) in enumerate(zip(waiting, values, strict=True), 1):
                _settle(one.future, value)
                if not number % _AT_ONCE:
                    await asyncio.sleep(0)
        except BaseException as error:
            for one in waiting:
                self.clear(one.key)
                _settle(one.future, error)
            if not isinstance(error, Exception):
                raise


def _settle(future: asyncio.Future[V], value: V | BaseException) -> None:
    if future.done():
        return
    if isinstance(value, asyncio.CancelledError):
        future.cancel()
    elif isinstance(value, BaseException):
        future.set_exception(value)
    else:
        future.set_result(value)


async def each(loader: Loader[K, V], keys: Iterable[K]) -> Answers[V]:
    """What the loader has for each key, in their order; what a key met in the place of its value."""
    futures = loader.load_all(keys)
    for future in futures:
        # Much of a batch is there at once: to wait for the first of it is enough, and costs nothing for the others.
        if not future.done():
            await asyncio.wait((future,))
    return list(map(_outcome, futures))


def _outcome(future: asyncio.Future[V]) -> V | BaseException:
    try:
        error = future.exception()
    except asyncio.CancelledError as cancelled:
        return cancelled
    return future.result() if error is None else error


async def gathered(answers: Iterator[Awaitable[V]], at_once: int = _AT_ONCE) -> Answers[V]:
    """The answers of all, in their order; what one met in the place of its answer. Exhausted is an end to them all.

    So many are begun at once: what each does before it waits holds the event loop.
    """
    tasks: list[asyncio.Future[V]] = []
    try:
        for answer in answers:
            tasks.append(asyncio.ensure_future(answer))
            if not len(tasks) % at_once:
                await asyncio.sleep(0)
        found = await asyncio.gather(*tasks, return_exceptions=True)
    except BaseException:
        for task in tasks:
            task.cancel()
        raise
    for entry in found:
        if isinstance(entry, Exhausted):
            raise entry
    return found


async def in_parts(by: Callable[[list[K]], Awaitable[Sequence[V | BaseException]]], objects: list[K]) -> Answers[V]:
    """What `by` answers for objects, an entry for each; asked for some of them at a time."""
    if len(objects) <= _PART:
        return list(await by(objects))
    parts = [objects[start : start + _PART] for start in range(0, len(objects), _PART)]
    answers = await gathered((by(part) for part in parts), at_once=1)
    entries: Answers[V] = []
    for part, answer in zip(parts, answers, strict=True):
        entries += [answer] * len(part) if isinstance(answer, BaseException) else answer
    return entries


def mapped(found: Sequence[V | BaseException], make: Callable[[V], W]) -> Answers[W]:
    """What `make` makes of each value; errors stay in their places."""
    return [entry if isinstance(entry, BaseException) else make(entry) for entry in found]


def raised(found: V | BaseException) -> V:
    """The value; raises what was met in its place."""
    if isinstance(found, BaseException):
        raise found
    return found


def readable(entries: Sequence[V | GatewayError]) -> tuple[list[V], list[GatewayError]]:
    """What could be read of a list, and the errors of the rest."""
    errors = [entry for entry in entries if isinstance(entry, GatewayError)]
    if not errors and isinstance(entries, list):  # as most are: thousands of lists need not be copied
        return cast("list[V]", entries), errors
    return [entry for entry in entries if not isinstance(entry, GatewayError)], errors


def existing(entries: Sequence[V | BaseException | None]) -> list[V | GatewayError]:
    """Of objects that were asked for one by one, those that exist; raises what is no GatewayError."""
    found: list[V | GatewayError] = []
    for entry in entries:
        if isinstance(entry, BaseException) and not isinstance(entry, GatewayError):
            raise entry
        if entry is not None:
            found.append(entry)
    return found


def partial(entries: Sequence[V | GatewayError]) -> list[V] | Partial:
    """The list, without those that could not be read."""
    found, errors = readable(entries)
    return Partial(found, errors) if errors else found
