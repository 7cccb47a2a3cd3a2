"""The fields of an operation's root: all side by side, or those of a mutation one after the other."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

from graphql import GraphQLObjectType

from .completion import Completed
from .core import AnyExecutor, AwaitableOrValue, GroupedFieldSet
from .execution import Execution
from .failures import Failures
from .objects import Declared
from .plans import plans
from .work import Run


class Root:
    """`parts`: sets of fields, of which one is executed after the other."""

    def __init__(
        self,
        executor: AnyExecutor,
        declared: Declared,
        type_: GraphQLObjectType,
        value: Any,
        parts: list[GroupedFieldSet],
    ) -> None:
        self._executor = executor
        self._declared = declared
        self._type = type_
        self._value = value
        self._parts = deque(parts)
        self._data: dict[str, Any] = {}

    def execute(self) -> AwaitableOrValue[dict[str, Any]]:
        """The data; a coroutine of it from the first field on that has to wait, or where others are to have a turn.

        Raises what makes all of it null.
        """
        while self._parts:
            part = self._next()
            part.run.go(for_a_slice=self._executor.in_slices)
            if not part.run.over:
                return self._go_on(part)
            self._executor.settle_in_background(part.run.unbegun)
            part.run.let_go()
            for _ in part.report(self._executor.collected_errors.errors):
                pass
            self._data |= part.data
        return self._data

    async def _go_on(self, part: "_Part") -> dict[str, Any]:
        await self._finished(part)
        while self._parts:
            await self._finished(self._next())
        return self._data

    async def _finished(self, part: "_Part") -> None:
        await part.run.finish()
        for _ in part.report(self._executor.collected_errors.errors):
            await asyncio.sleep(0)
        self._data |= part.data

    def _next(self) -> "_Part":
        failures = Failures()
        execution = Execution(self._executor, failures, self._declared)
        selected = plans(self._executor, self._declared.ways, self._type, self._parts.popleft())
        with suppress(Exception):  # what comes next is told of it
            self._declared.counted(1, len(selected))
        return _Part(Run(execution.level(self._type, [self._value], None, selected)), failures)


class _Part:
    """Fields of the root that are executed side by side."""

    def __init__(self, run: Run[Completed], failures: Failures) -> None:
        self.run = run
        self.report = failures.report
        failures.on_fatal = run.end

    @property
    def data(self) -> dict[str, Any]:
        """The data, when all is done, and no error makes it null."""
        (row,), _ = self.run.result
        return row
