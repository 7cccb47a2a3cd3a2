"""Answers of many shapes: how many times as long they take as dict comprehensions and orjson, from body to bytes.

As they are served but for HTTP: documents are parsed and validated once for each text, answers encoded in slices.
Beside it Strawberry as it comes. CPU time, for what a provider takes is the same for all. Arguments pick shapes by
parts of their names.
"""

import asyncio
import gc
import inspect
import json
import logging
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

from graphql import ExecutionResult, execute  # pyright: ignore[reportUnknownVariableType] - of graphql-core
from support.limit import Limit
from support.shapes import OURS, QUERIES, STRAWBERRYS, Context
from support.timing import taken

from metaflow_graphql.execution.strawberry import StrawberryExecutor
from metaflow_graphql.server.documents import Documents
from metaflow_graphql.server.encoding import dumps, encoded

Answering = Callable[[bytes], Awaitable[bytes]]
SECONDS = 3.0  # for each way of each shape

_schema: Any = OURS._schema  # pyright: ignore[reportPrivateUsage] - Strawberry has no other name for it
_documents = Documents(_schema)


def _sent(result: ExecutionResult | Any) -> dict[str, Any]:
    data = {"data": result.data}
    return {"errors": [error.formatted for error in result.errors], **data} if result.errors else data


async def ours(body: bytes) -> bytes:
    document = await _documents.document(json.loads(body)["query"])
    result = execute(_schema, document.node, context_value=Context(), executor_class=StrawberryExecutor)
    return await encoded(_sent(await result if inspect.isawaitable(result) else result))


async def strawberrys(body: bytes) -> bytes:
    return dumps(_sent(await STRAWBERRYS.execute(json.loads(body)["query"], context_value=Context())))


async def seconds(answer: Answering, body: bytes, rounds: int) -> list[float]:
    found = list[float]()
    for _ in range(rounds):
        begun = time.process_time()
        await answer(body)
        found.append(time.process_time() - begun)
    return found


async def peak(answer: Answering, body: bytes) -> float:
    """The most memory that an answer takes, in MB."""
    gc.collect()
    tracemalloc.start()
    await answer(body)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


async def measured(shape: str, query: str) -> None:
    body = json.dumps({"query": query}).encode()
    found = [json.loads(await answer(body)) for answer in (ours, strawberrys)]
    assert found[0]["data"] == found[1]["data"], "the answers differ"
    limit = Limit(found[0]["data"])

    async def least(_body: bytes) -> bytes:
        return limit()

    print(f"{shape}: {limit.leaves:,} leaves, {len(await ours(body)):,} bytes")
    ways = {"dicts and orjson": least, "ours": ours, "Strawberry": strawberrys}
    times: dict[str, list[float]] = {way: await seconds(answer, body, 1) for way, answer in ways.items()}
    for _ in range(5):  # in turns: what else the machine does is spread over all of them
        for way, answer in ways.items():
            rounds = max(1, min(200, int(SECONDS / 5 / max(times[way][-1], 1e-5))))
            times[way] += await seconds(answer, body, rounds)
    lowest = taken(times["dicts and orjson"])
    for way, answer in ways.items():
        least_of, median = taken(times[way])
        ratios = f"{least_of / lowest.least:7.2f} {median / lowest.median:7.2f}"
        print(f"  {way:18} {least_of * 1000:9.3f} {median * 1000:9.3f} ms {ratios} {await peak(answer, body):6.1f} MB")


async def main(*names: str) -> None:
    logging.disable()  # Strawberry logs each error
    gc.collect()
    gc.freeze()  # as server/serve.py does
    gc.set_threshold(20_000, 20, 20)
    print(f"  {'':18} {'min':>9} {'median':>12} {'ratios':>12} {'peak':>12}")
    for shape, query in QUERIES.items():
        if not names or any(name in shape for name in names):
            await measured(shape, query)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
