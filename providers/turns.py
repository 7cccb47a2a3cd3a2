"""Who may send a request next."""

from asyncio import Future, Task, current_task, get_running_loop
from collections import Counter, deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from typing import Any, cast
from weakref import WeakKeyDictionary


class Turns:
    """At most `at_once` at a time. Those who wait are let in by turns among operations, and in order within each.

    So one question of a thousand requests does not keep a question of one waiting for all of them; nor do a few that
    are answered slowly, for no operation has more than three quarters of the places. What several operations ask is
    let in with the first of them that has its turn.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._most = at_once - at_once // 4
        self._held = Counter[Hashable]()
        # Operations by whose turn is next. A place is the operation that it is let in for.
        self._waiting: dict[Hashable, deque[Future[Hashable]]] = {}
        self._place_of = WeakKeyDictionary[Task[Any], Future[Hashable]]()
        self._askers = WeakKeyDictionary[Task[Any], dict[Hashable, None]]()

    @asynccontextmanager
    async def turn(self, operation: Hashable) -> AsyncGenerator[None]:
        """Begins when the operation, or one that joined the current task, has its turn, and holds it."""
        let_in = await self._begin(operation)
        try:
            yield
        finally:
            self._end(let_in)

    def join(self, task: Task[Any], operation: Hashable) -> None:
        """What the task waits for, or will, is wanted by this operation as well."""
        askers = self._askers.setdefault(task, {})
        place = self._place_of.get(task)
        if operation not in askers and place is not None and not place.done():
            self._queue(place, [operation])
        askers[operation] = None

    async def _begin(self, operation: Hashable) -> Hashable:
        task = cast("Task[Any]", current_task())
        place = self._place_of[task] = get_running_loop().create_future()
        askers = self._askers[task] = dict.fromkeys((operation, *self._askers.get(task, ())))
        self._queue(place, [*askers])
        try:
            return await place
        except BaseException:
            # Cancelled in the moment in which it had its turn: others want it.
            if not place.cancelled():
                self._end(place.result())
            raise

    def _queue(self, place: "Future[Hashable]", operations: list[Hashable]) -> None:
        """Let it in at once, or have it wait for the turn of each."""
        for operation in operations:
            if self._free and self._held[operation] < self._most:
                self._let_in(operation, place)
                return
        for operation in operations:
            self._waiting.setdefault(operation, deque()).append(place)

    def _let_in(self, operation: Hashable, place: "Future[Hashable]") -> None:
        self._free -= 1
        self._held[operation] += 1
        place.set_result(operation)

    def _end(self, operation: Hashable) -> None:
        self._free += 1
        self._held[operation] -= 1
        if not self._held[operation]:
            del self._held[operation]
        while self._free and (waiting := self._next()) is not None:
            places = self._waiting[waiting]
            place = places.popleft()
            # One that has gone, or was let in for another operation, was no turn.
            if not place.done():
                del self._waiting[waiting]
                self._waiting[waiting] = places
                self._let_in(waiting, place)
            if not places:
                del self._waiting[waiting]

    def _next(self) -> Hashable | None:
        """The operation whose turn is next, of those that may have another place."""
        return next((one for one in self._waiting if self._held[one] < self._most), None)
