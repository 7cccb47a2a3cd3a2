"""Answers of many shapes: how many times as long they take as dict comprehensions and orjson, from body to bytes.

As they are served but for HTTP: documents are parsed and validated once for each text, answers encoded in slices.
Beside it Strawberry as it comes. CPU time, for what a provider takes is the same for all. Arguments pick shapes by
parts of their names.
"""

import gc
import json
import logging
import sys
import time
import tracemalloc

import uvloop
from support.answering import Answering, answerings
from support.shapes import QUERIES
from support.timing import taken

from metaflow_graphql.server.serve import collect_briefly

SECONDS = 3.0  # for each way of each shape


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
    ways = await answerings(body)
    print(f"{shape}: {len(await ways['ours'](body)):,} bytes")
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
    collect_briefly()
    print(f"  {'':18} {'min':>9} {'median':>12} {'ratios':>12} {'peak':>12}")
    for shape, query in QUERIES.items():
        if not names or any(name in shape for name in names):
            await measured(shape, query)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
