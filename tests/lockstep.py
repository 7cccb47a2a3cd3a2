"""An event loop in which every call into a thread takes exactly one tick: what waits together is asked for together.

In real threads a batch that ends a moment earlier may send off the next one before others have joined it, so that the
number of batches varies from one time to another. Here it is always the same, and the ticks are the calls that had to
wait for each other.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, TypeVarTuple

from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.errors import Faults
from metaflow_graphql.server.operations import Operation, Operations

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


class Cost(NamedTuple):
    """What an operation costs upstream: batches by method, and how many calls had to wait for each other."""

    calls: Mapping[str, int]
    ticks: int


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


def cost(root: Path, query: str, variables: dict[str, Any]) -> Cost:
    """What a query costs a gateway that has just been started; its answer must have no errors."""

    async def measured() -> Cost:
        operations = Operations(schema, Gateway({"default": LocalProvider("default", root)}, "default"))
        await operations.answer(Operation("{ __typename }"), Faults())
        begun = asyncio.get_running_loop().time()
        answer = await operations.answer(Operation(query, variables, show_usage=True), Faults())
        assert "errors" not in answer, answer["errors"]
        # One tick is for parsing the document.
        ticks = round(asyncio.get_running_loop().time() - begun) - 1
        return Cost(answer["extensions"]["usage"]["calls"], ticks)

    return run(measured())
