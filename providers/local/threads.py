"""File work in threads of the provider's own, never on the event loop."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

from .. import usage
from ..errors import GatewayError, ProviderUnavailable

K = TypeVar("K")
R = TypeVar("R")

# Threads wait for disks, but share one interpreter: what does not wait is done sooner alone, and has so long for it.
_AT_ONCE = 4
_ALONE_SECONDS = 0.005
# A hop costs 50 µs, a key 10 to 1,000; others get their turn in between.
_KEYS_A_HOP = 256


class Threads:
    """Where batches are read: a hop into a thread for each, several for large ones."""

    def __init__(self, name: str, at_once: int = _AT_ONCE) -> None:
        self._executor = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._last: asyncio.Future[Any] | None = None

    async def each(self, method: str, read: Callable[[K], R], keys: Sequence[K]) -> list[R | GatewayError]:
        """What `read` returns for each key, or the GatewayError that it raises."""
        usage.current.get().calls[method] += bool(keys)
        parts = [keys[start : start + _KEYS_A_HOP] for start in range(0, len(keys), _KEYS_A_HOP)]
        found = dict[int, list[R | GatewayError]]()
        numbered = iter(enumerate(parts))

        async def some() -> None:
            for number, part in numbered:
                found[number] = await self.call(partial(_entries, read, part))

        await asyncio.gather(*(some() for _ in parts[:_AT_ONCE]))
        return [entry for number in range(len(parts)) for entry in found[number]]

    async def call(self, function: Callable[[], R]) -> R:
        """What the function returns, in a thread; whatever it raises is raised."""
        # In the context of the caller, whose usage is counted there.
        run: Callable[[Callable[[], R]], R] = copy_context().run
        before = self._last

        async def after() -> R:
            if before is not None and not before.done():
                await asyncio.wait((before,), timeout=_ALONE_SECONDS)
            return await asyncio.get_running_loop().run_in_executor(self._executor, run, function)

        self._last = own = asyncio.ensure_future(after())
        return await own

    def close(self) -> None:
        """Let go of the threads, without waiting for what they do."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _entries(read: Callable[[K], R], keys: Sequence[K]) -> list[R | GatewayError]:
    spent, found = usage.current.get(), list[R | GatewayError]()
    for key in keys:
        spent.go_on()
        found.append(_entry(read, key))
    return found


def _entry(read: Callable[[K], R], key: K) -> R | GatewayError:
    try:
        return read(key)
    except GatewayError as error:
        return error
    except OSError as error:
        unavailable = ProviderUnavailable("The disk that holds the metadata did not answer; try again.")
        unavailable.__cause__ = error
        return unavailable
    except Exception as error:  # whatever is wrong with one key must not cost the others of the batch
        fault = GatewayError("Internal server error")
        fault.__cause__ = error
        return fault
