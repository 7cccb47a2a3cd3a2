"""Batches of what answers key by key: side by side, with one entry for each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from . import usage
from .errors import GatewayError

K = TypeVar("K")
R = TypeVar("R")

# Of one batch: as many as may be in flight, so that what is read is not held for long before it is made use of.
_AT_ONCE = 16


async def each(
    method: str, read: Callable[[K], Awaitable[R]], keys: Sequence[K], *, at_once: int | None = _AT_ONCE
) -> list[R | GatewayError]:
    """What `read` returns for each key, or the GatewayError that it raises; one call of `method`.

    `at_once`: how many keys are read at a time; None where all are, as those that share a question have to be.
    """
    usage.current.get().calls[method] += bool(keys)
    free = asyncio.Semaphore(at_once or max(1, len(keys)))

    async def entry(key: K) -> R | GatewayError:
        async with free:
            return await _entry(read, key)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(entry(key)) for key in keys]
    return [task.result() for task in tasks]


async def _entry(read: Callable[[K], Awaitable[R]], key: K) -> R | GatewayError:
    try:
        return await read(key)
    except GatewayError as error:
        return error
    except Exception as error:  # whatever is wrong with one key must not cost the others of the batch
        fault = GatewayError("Internal server error")
        fault.__cause__ = error
        return fault
