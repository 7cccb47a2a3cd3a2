"""What operations leave behind for the garbage collector, whose full passes stop everybody."""

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from executors import ON_GRAPHQL_CORE
from local_trees import EPOCH_MS, put_object, put_run
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.encoding import encoded
from metaflow_graphql.server.errors import Faults
from metaflow_graphql.server.operations import Operation, Operations

# What graphql-core's executor leaves is not ours to mend.
pytestmark = pytest.mark.skipif(ON_GRAPHQL_CORE, reason="TESTS_EXECUTOR is graphql-core's")

TASKS = 400
QUERY = """{ runs { nodes { status durationMs steps { status startedAt taskCounts { total }
    tasks(first: 400) { nodes { taskId status createdAt durationMs attempts { attempt } metadataDict } } } } } }"""
Asking = Callable[[Operations], Coroutine[Any, Any, None]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put_run(tmp_path, "1")
    put_object(tmp_path, "Made/1/start", EPOCH_MS)
    for number in range(TASKS):
        put_object(tmp_path, f"Made/1/start/{number}", EPOCH_MS + number)
    return tmp_path


async def whole(operations: Operations) -> None:
    """Ask, and take the answer."""
    made = await encoded(await operations.answer(Operation(QUERY, None), Faults()))
    assert bytes(made).count(b'"taskId"') == TASKS


def turns(many: int) -> Asking:
    async def cut(operations: Operations) -> None:
        """Ask, and go away after so many turns of the event loop."""
        asking = asyncio.ensure_future(operations.answer(Operation(QUERY, None), Faults()))
        for _ in range(many):
            await asyncio.sleep(0.001)
        asking.cancel()
        await asyncio.wait((asking,))

    return cut


def left_by(root: Path, ask: Asking) -> int:
    """How many objects refer to each other after an operation over what was read before."""

    async def asked() -> int:
        provider = LocalProvider("default", root)
        operations = Operations(schema, Gateway({"default": provider}, "default"))
        try:
            await whole(operations)
            gc.collect()
            gc.disable()
            await ask(operations)
            await asyncio.sleep(0.2)  # its threads end
            return gc.collect()
        finally:
            gc.enable()
            await provider.close()

    return asyncio.run(asked())


@pytest.mark.parametrize("ask", [whole, turns(1), turns(5), turns(20)], ids=["whole", "1", "5", "20"])
def test_an_operation_leaves_nothing_of_what_it_read(root: Path, ask: Asking) -> None:
    assert left_by(root, ask) < 2 * TASKS


@pytest.mark.parametrize("ask", [whole, turns(1), turns(5), turns(20)], ids=["whole", "1", "5", "20"])
def test_nor_of_the_errors_that_it_met(root: Path, ask: Asking, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(TASKS):
        (root / f".metaflow/Made/1/start/{number}/_meta/_self.json").write_text("{")
        (root / f".metaflow/Made/1/start/{number}/_meta/sysmeta_attempt_{EPOCH_MS}.json").write_text("{")
    assert left_by(root, ask) < 2 * TASKS
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
