"""Equal questions under way are asked once."""

import time
from asyncio import Task, create_task, current_task, wait
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from . import usage
from .errors import ProviderUnavailable, TimedOut

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Shared:
    task: Task[Any]
    waiting: int = 0


class Sharing:
    """Questions under way, each in a task of its own, which no one who waits for it can end for the others."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, _Shared] = {}
        self._tasks = set[Task[Any]]()

    async def answer(self, question: Hashable, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the question is answered, or raises; `ask` is called where nobody else has asked it.

        It is cancelled when nobody waits for it any more: their operations are over, or their time is.
        """
        spent = usage.current.get()
        spent.go_on()
        if time.monotonic() >= spent.deadline:
            raise _late()
        shared = self._under_way.get(question)
        if shared is None:
            shared = self._under_way[question] = _Shared(create_task(ask()))
            self._tasks.add(shared.task)
            shared.task.add_done_callback(partial(self._end, question, shared))
        shared.waiting += 1
        try:
            return await _result(shared.task, spent)
        finally:
            shared.waiting -= 1
            if not shared.waiting:
                self._forget(question, shared)
                shared.task.cancel()

    def under_way(self, question: Hashable) -> Task[Any] | None:
        """The task that whoever asks it now would wait for; None where it is not asked."""
        shared = self._under_way.get(question)
        return shared and shared.task

    def begin_anew(self) -> None:
        """Whoever asks from now on is not answered with what others were asking already: something has changed."""
        self._under_way.clear()

    async def close(self) -> None:
        """Whoever still waits is told that the provider is unavailable."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await wait(tasks)

    def _end(self, question: Hashable, shared: _Shared, task: Task[Any]) -> None:
        self._tasks.discard(task)
        self._forget(question, shared)
        if not task.cancelled():
            task.exception()  # else asyncio logs it where all have left in the moment in which it failed

    def _forget(self, question: Hashable, shared: _Shared) -> None:
        if self._under_way.get(question) is shared:
            del self._under_way[question]


async def _result(task: Task[T], spent: usage.Usage) -> T:
    """The task's result; CancelledError at the end of the operation, TimedOut at its deadline."""
    waiting = cast("Task[Any]", current_task())
    known = waiting in spent.work
    spent.work.add(waiting)
    try:
        # Unlike awaiting the task, this does not cancel it.
        done, _ = await wait([task], timeout=_left(spent))
    finally:
        if not known:
            spent.work.discard(waiting)
    if not done:
        raise _late()
    if task.cancelled():
        raise ProviderUnavailable("The gateway is about to stop; try again.")
    return task.result()


def _left(spent: usage.Usage) -> float | None:
    left = spent.deadline - time.monotonic()
    return None if left == float("inf") else left


def _late() -> TimedOut:
    return TimedOut("What this needs was not there within the time of an operation; try again, or ask for less.")
