"""The ways in which a request for one of the shapes is answered, from its body to the answer's bytes."""

import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any

from graphql import ExecutionResult, execute  # pyright: ignore[reportUnknownVariableType] - of graphql-core

from metaflow_graphql.execution import structs
from metaflow_graphql.execution.strawberry import StrawberryExecutor
from metaflow_graphql.server.documents.kept import Documents
from metaflow_graphql.server.encoding import dumps, encoded

from .limit import Limit
from .shapes import OURS, STRAWBERRYS, Context

Answering = Callable[[bytes], Awaitable[bytes | memoryview]]

_schema: Any = OURS._schema  # pyright: ignore[reportPrivateUsage] - Strawberry has no other name for it
_documents = Documents(_schema)


class _Executor(StrawberryExecutor):
    rows = structs


def _sent(result: ExecutionResult | Any) -> dict[str, Any]:
    data = {"data": result.data}
    return {"errors": [error.formatted for error in result.errors], **data} if result.errors else data


async def ours(body: bytes) -> memoryview:
    document = await _documents.document(json.loads(body)["query"])
    result = execute(_schema, document.node, context_value=Context(), executor_class=_Executor)
    return await encoded(_sent(await result if inspect.isawaitable(result) else result))


async def strawberrys(body: bytes) -> bytes:
    return dumps(_sent(await STRAWBERRYS.execute(json.loads(body)["query"], context_value=Context())))


async def answerings(body: bytes) -> dict[str, Answering]:
    """The ways in which a request is answered, the least first; all their answers are the same."""
    found = [json.loads(bytes(await answer(body))) for answer in (ours, strawberrys)]
    assert found[0]["data"] == found[1]["data"], "the answers differ"
    limit = Limit(found[0]["data"])

    async def least(_body: bytes) -> bytes:
        return limit()

    return {"dicts and orjson": least, "ours": ours, "Strawberry": strawberrys}
