"""File work in threads of the provider's own, never on the event loop."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from .. import usage
from ..errors import GatewayError, ProviderUnavailable, alone

K = TypeVar("K")
R = TypeVar("R")

_AT_ONCE = 4
# Threads wait for disks side by side, but share one interpreter: two that compute take three times as long as one after
# the other. Which part of its time one computes at least, where the disk is no matter; and how long it is then alone.
_COMPUTING = 0.25
_ALONE_SECONDS = 0.05
# A hop costs 50 µs, a key 5 to 1,000; others get their turn in between.
_KEYS_A_HOP = 256
_A_HOP_SECONDS = 0.005


class _Hop:
    """Work for a thread, which may wait for the one before it to end; `began`: when a thread was asked to (seconds)."""

    __slots__ = ("began", "ended")

    def __init__(self) -> None:
        self.began: float | None = None
        self.ended: asyncio.Future[Any]

    def has_company(self) -> bool:
        return self.began is not None and time.perf_counter() - self.began > _ALONE_SECONDS


class Threads:
    """Where batches are read: a hop into a thread for each, several for large ones."""

    def __init__(self, name: str, at_once: int = _AT_ONCE) -> None:
        self._executor = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._last: _Hop | None = None
        self._at_once = at_once
        self._running = 0
        self._computing = True  # as far as is known

    async def each(
        self,
        method: str,
        read: Callable[[K], R],
        keys: Sequence[K],
        known: Callable[[Sequence[K]], list[R | None]] | None = None,
    ) -> list[R | GatewayError]:
        """What `read` returns for each key, or the GatewayError that it raises; but for what is `known` of many."""
        usage.current.get().calls[method] += bool(keys)
        parts = [keys[start : start + _KEYS_A_HOP] for start in range(0, len(keys), _KEYS_A_HOP)]
        found: list[list[R | GatewayError]] = [[] for _ in parts]
        left = iter(zip(parts, found, strict=True))

        async def some() -> None:
            for part, entries in left:
                while len(entries) < len(part):
                    entries += await self.call(partial(_entries, read, known, part[len(entries) :]))

        await asyncio.gather(*(some() for _ in parts[:_AT_ONCE]))
        return list(chain.from_iterable(found))

    async def call(self, function: Callable[[], R]) -> R:
        """What the function returns, in a thread; whatever it raises is raised."""
        before, self._last = self._last, (hop := _Hop())
        # In the context of the caller, whose usage is counted there.
        run: Callable[[Callable[[], R]], R] = copy_context().run
        hop.ended = reading = asyncio.ensure_future(self._after(before, hop, partial(run, function)))
        try:
            return await reading
        finally:
            if self._last is hop:
                self._last = None  # it holds what was read

    async def _after(self, before: _Hop | None, hop: _Hop, function: Callable[[], R]) -> R:
        while self._computing and before is not None and not (before.ended.done() or before.has_company()):
            await asyncio.wait((before.ended,), timeout=_ALONE_SECONDS)
        hop.began = time.perf_counter()
        self._running += 1
        try:
            loop = asyncio.get_running_loop()
            at_work = min(self._running, self._at_once)
            return await loop.run_in_executor(self._executor, self._watched, function, at_work)
        finally:
            self._running -= 1

    def _watched(self, function: Callable[[], R], at_work: int) -> R:
        # Threads that compute side by side share one interpreter: of its time each has its part.
        began, computed = time.perf_counter(), time.thread_time()
        try:
            return function()
        finally:
            computing = (time.thread_time() - computed) * at_work
            self._computing = computing > _COMPUTING * (time.perf_counter() - began)

    def close(self) -> None:
        """Let go of the threads, without waiting for what they do."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _entries(
    read: Callable[[K], R], known: Callable[[Sequence[K]], list[R | None]] | None, keys: Sequence[K]
) -> list[R | GatewayError]:
    """Of as many of the keys as there is time for, at least the first."""
    spent, found = usage.current.get(), list[R | GatewayError]()
    spent.go_on()
    entries = known(keys) if known else [None] * len(keys)
    until = time.perf_counter() + _A_HOP_SECONDS
    for key, entry in zip(keys, entries, strict=True):
        if entry is not None:
            found.append(entry)
            continue
        spent.go_on()
        found.append(_entry(read, key))
        if time.perf_counter() > until:
            break
    return found


def _entry(read: Callable[[K], R], key: K) -> R | GatewayError:
    try:
        return read(key)
    except GatewayError as error:
        return alone(error)
    except OSError as error:
        unavailable = ProviderUnavailable("The disk that holds the metadata did not answer; try again.")
        unavailable.__cause__ = error
        return unavailable
    except Exception as error:  # whatever is wrong with one key must not cost the others of the batch
        fault = GatewayError("Internal server error")
        fault.__cause__ = error
        return fault
