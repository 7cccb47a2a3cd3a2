"""Who may send a request next."""

from asyncio import Future, get_running_loop
from collections import Counter, deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager


class Turns:
    """At most `at_once` at a time. Those who wait are let in by turns among operations, and in order within each.

    So one question of a thousand requests does not keep a question of one waiting for all of them; nor do a few that
    are answered slowly, for no operation has more than three quarters of the places.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._most = at_once - at_once // 4
        self._held = Counter[Hashable]()
        # Operations by whose turn is next.
        self._waiting: dict[Hashable, deque[Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, operation: Hashable) -> AsyncGenerator[None]:
        """Begins when the operation has its turn, and holds it."""
        await self._begin(operation)
        try:
            yield
        finally:
            self._end(operation)

    async def _begin(self, operation: Hashable) -> None:
        if self._free and self._held[operation] < self._most:
            self._let_in(operation)
            return
        place = get_running_loop().create_future()
        self._waiting.setdefault(operation, deque()).append(place)
        try:
            await place
        except BaseException:
            # Cancelled in the moment in which it had its turn: others want it.
            if not place.cancelled():
                self._end(operation)
            raise

    def _let_in(self, operation: Hashable) -> None:
        self._free -= 1
        self._held[operation] += 1

    def _end(self, operation: Hashable) -> None:
        self._free += 1
        self._held[operation] -= 1
        if not self._held[operation]:
            del self._held[operation]
        while self._free and (waiting := self._next()) is not None:
            places = self._waiting.pop(waiting)
            place = places.popleft()
            if places:
                self._waiting[waiting] = places
            if not place.done():
                self._let_in(waiting)
                place.set_result(None)

    def _next(self) -> Hashable | None:
        """The operation whose turn is next, of those that may have another place."""
        return next((one for one in self._waiting if self._held[one] < self._most), None)
