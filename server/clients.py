"""Work that is done for a client as long as it is there."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """What the work returns; ClientDisconnect, and an end of the work, once the client has gone away.

    It is done in the caller's own task: what waits for nothing is done at once, not some turns of the loop later.
    """
    worker = asyncio.current_task()
    assert worker is not None
    working, gone = True, False

    def left(_: object) -> None:
        nonlocal gone
        if working:
            gone = worker.cancel()

    going = asyncio.create_task(_gone(receive))
    going.add_done_callback(left)
    try:
        return await work
    except asyncio.CancelledError:
        if not gone or worker.uncancel():
            raise
        raise ClientDisconnect from None
    finally:
        working = False
        going.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
