"""Operations that may take long, some at a time: side by side, each would make all others wait, and take memory."""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import AsyncExitStack, asynccontextmanager

from ..providers.turns import Turns
from .errors import refused

# Values, as estimated, from which on an operation takes turns: if they are there, they take a quarter of a second.
_LONG = 200_000
_AT_ONCE = 8
# As long as clients and proxies wait as a rule.
_WAITING_SECONDS = 30.0


class LongOperations:
    """Those that are executed, and those that wait: who asks for many waits for themselves, and others are let in
    between; nobody has more than three quarters of the places."""

    def __init__(self) -> None:
        self._turns = Turns(_AT_ONCE)

    @asynccontextmanager
    async def turn(self, asker: Hashable, values: int) -> AsyncGenerator[None]:
        """For an operation of so many values; at once for a short one. RequestError (503) where it waits too long."""
        async with AsyncExitStack() as held:
            if values > _LONG:
                try:
                    async with asyncio.timeout(_WAITING_SECONDS):
                        await held.enter_async_context(self._turns.turn(asker))
                except TimeoutError:
                    message = "Too many long operations are under way: ask again later, or for less."
                    raise refused("RATE_LIMITED", message, 503, {"retry-after": "1"}) from None
            yield
