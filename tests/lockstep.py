"""An event loop in which every call into a thread takes exactly one tick: what waits together is asked for together.

In real threads a batch that ends a moment earlier may send off the next one before others have joined it, so that the
number of batches varies from one time to another. Here it is always the same.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.errors import Faults
from metaflow_graphql.server.operations import Operation, Operations

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


class _Clock(selectors.DefaultSelector):
    """Jumps to the next timer instead of waiting for it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Arguments], T], *args: *Arguments
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()

        def call() -> None:
            try:
                future.set_result(func(*args))
            except BaseException as error:
                future.set_exception(error)

        self.call_later(1, call)
        return future


def run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)


def calls(root: Path, query: str, **variables: Any) -> dict[str, int]:
    """The batches, by method, that a query costs a gateway that has just been started; it must have no errors."""

    async def answered() -> dict[str, Any]:
        # No retry is due any more, though some tests come within a minute of the runs.
        gateway = Gateway({"default": LocalProvider("default", root)}, "default", stalled_after=0.001)
        operations = Operations(schema, gateway)
        return await operations.answer(Operation(query, None, variables, show_usage=True), Faults())

    answer = run(answered())
    assert "errors" not in answer, answer["errors"]
    return answer["extensions"]["usage"]["calls"]
