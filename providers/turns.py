"""Who may send a request next."""

from asyncio import Future, get_running_loop
from collections import deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager


class Turns:
    """At most `at_once` at a time. Those who wait are let in by turns among operations, and in order within each.

    So one question of a thousand requests does not keep a question of one waiting for all of them.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        # Operations by whose turn is next.
        self._waiting: dict[Hashable, deque[Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, operation: Hashable) -> AsyncGenerator[None]:
        """Begins when the operation has its turn, and holds it."""
        await self._begin(operation)
        try:
            yield
        finally:
            self._end()

    async def _begin(self, operation: Hashable) -> None:
        if self._free:
            self._free -= 1
            return
        place = get_running_loop().create_future()
        self._waiting.setdefault(operation, deque()).append(place)
        try:
            await place
        except BaseException:
            # Cancelled in the moment in which it had its turn: others want it.
            if not place.cancelled():
                self._end()
            raise

    def _end(self) -> None:
        while self._waiting:
            operation = next(iter(self._waiting))
            places = self._waiting.pop(operation)
            place = places.popleft()
            if places:
                self._waiting[operation] = places
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
