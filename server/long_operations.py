"""Operations that may take long, some at a time: side by side, each would make all others wait, and take memory."""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext

from ..providers.turns import Turns
from .errors import refused

# Values, as estimated, beyond which operations take turns, and how many have one at a time. If they are there, 200,000
# take a quarter of a second; of 180,000, 80 operations side by side made others wait half a second, 24 a tenth.
_KINDS = ((200_000, 8), (20_000, 32))
# As long as clients and proxies wait as a rule.
_WAITING_SECONDS = 30.0


class LongOperations:
    """Those that are executed, and those that wait, the longest apart from others: who asks for many waits for
    themselves, and others are let in between; nobody has more than three quarters of the places of either."""

    def __init__(self) -> None:
        self._turns = [(values, Turns(at_once)) for values, at_once in _KINDS]

    def turn(self, asker: str | None, values: int) -> AbstractAsyncContextManager[None]:
        """For an operation of so many values; at once for a short one. RequestError (503) where it waits too long.
        `asker` None: another than all others.
        """
        turns = next((turns for more_than, turns in self._turns if values > more_than), None)
        return nullcontext() if turns is None else _waited(turns, asker or object())


@asynccontextmanager
async def _waited(turns: Turns, asker: Hashable) -> AsyncGenerator[None]:
    async with AsyncExitStack() as held:
        try:
            async with asyncio.timeout(_WAITING_SECONDS):
                await held.enter_async_context(turns.turn(asker))
        except TimeoutError:
            message = "Too many long operations are under way: ask again later, or for less."
            raise refused("RATE_LIMITED", message, 503, {"retry-after": "1"}) from None
        yield
