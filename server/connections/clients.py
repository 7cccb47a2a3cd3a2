"""Whether a client is still there; and work that is done for one as long as it is."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

T = TypeVar("T")

# Who is answered sooner need not be watched over, which takes longer than many an answer.
_SOON_SECONDS = 0.005
# Of a connection, in the state of its requests.
_GONE = "gone"


def tell_whether_gone(scope: Scope, gone: Callable[[], bool]) -> None:
    """Let those who answer the request know whether anything that they send goes out."""
    scope["state"][_GONE] = gone


def has_gone(scope: Scope) -> bool:
    """Whether what is sent goes nowhere; False where nobody tells."""
    gone: Callable[[], bool] | None = scope.get("state", {}).get(_GONE)
    return gone is not None and gone()


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """What the work returns; ClientDisconnect, and an end of the work, once the client has gone away.

    It is done in the caller's own task: what waits for nothing is done at once, not some turns of the loop later.
    """
    worker = asyncio.current_task()
    assert worker is not None
    working, gone = True, False
    going: asyncio.Task[None] | None = None

    def left(_: object) -> None:
        nonlocal gone
        if working:
            gone = worker.cancel()

    def watch() -> None:
        nonlocal going
        going = asyncio.create_task(_gone(receive))
        going.add_done_callback(left)

    watching = asyncio.get_running_loop().call_later(_SOON_SECONDS, watch)
    try:
        return await work
    except asyncio.CancelledError:
        if not gone or worker.uncancel():
            raise
        raise ClientDisconnect from None
    finally:
        working = False
        watching.cancel()
        if going is not None:
            going.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
