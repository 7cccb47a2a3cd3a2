"""Entries: one for each object of a level or for each key, its value or what it met; and lists that hold errors."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from aiodataloader import DataLoader, enqueue_post_future_job
from aiodataloader import Loader as Waiting

from ..providers.errors import GatewayError
from ..providers.usage import Exhausted

K = TypeVar("K")
V = TypeVar("V")
W = TypeVar("W")

Answers = list[V | BaseException]


class Partial(NamedTuple):
    """A list, or a dict, without what could not be read, and the errors of that."""

    value: list[Any] | dict[str, Any]
    errors: list[GatewayError]


class Loader(DataLoader[K, V]):
    """A dataloader that takes the keys of a level at once, which takes two thirds of the time."""

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
            enqueue_post_future_job(self.loop, self)
        return futures


async def each(loader: Loader[K, V], keys: Iterable[K]) -> Answers[V]:
    """What the loader has for each key, in their order; what a key met in the place of its value."""
    futures = loader.load_all(keys)
    for future in futures:
        # A batch is there all at once: to wait for the first of it is enough, and costs nothing for the others.
        if not future.done():
            await asyncio.wait((future,))
    return list(map(_outcome, futures))


def _outcome(future: asyncio.Future[V]) -> V | BaseException:
    try:
        error = future.exception()
    except asyncio.CancelledError as cancelled:
        return cancelled
    return future.result() if error is None else error


async def gathered(answers: Iterable[Awaitable[V]]) -> Answers[V]:
    """The answers of all, in their order; what one met in the place of its answer. Exhausted is an end to them all."""
    found = await asyncio.gather(*answers, return_exceptions=True)
    for entry in found:
        if isinstance(entry, Exhausted):
            raise entry
    return found


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
    if not errors:
        return list(cast("Sequence[V]", entries)), errors
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
