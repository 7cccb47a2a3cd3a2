"""Where the time goes of the nested walk over local files, once they are known: by part of the gateway.

Of runs at rest, which nothing has changed for an hour, folders are looked at once a second; of others, for each query.
"""

import os
import signal
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import uvloop
from nested_walk import QUERY, RUNS
from support.trees import tree

import metaflow_graphql
from metaflow_graphql.providers.local import folder
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.encoding import encoded
from metaflow_graphql.server.errors import Faults
from metaflow_graphql.server.operations import Operation, Operations
from metaflow_graphql.server.serve import collect_briefly

ROUNDS = 100
SAMPLE_SECONDS = 0.001
PARTS = {
    "execution/": "execution",
    "resolvers/": "resolvers, called by it",
    "schema/": "resolvers, called by it",
    "server/encoding.py": "encoding",
    "providers/": "providers, on the loop",
    "server/": "the rest of the server",
}
EVENT_LOOP = "the event loop"
ROOT = f"{Path(metaflow_graphql.__path__[0]).resolve()}/"


class Samples:
    """In which part of the gateway the event loop's thread was at each of many moments."""

    def __init__(self) -> None:
        self.parts = Counter[str]()
        self._known: dict[str, str | None] = {}

    def take(self, _signal: int, frame: FrameType | None) -> None:
        part = None
        while part is None and frame is not None:
            file = frame.f_code.co_filename
            if file not in self._known:
                self._known[file] = _part(os.path.realpath(file))
            part, frame = self._known[file], frame.f_back
        self.parts[part or EVENT_LOOP] += 1
        signal.setitimer(signal.ITIMER_REAL, SAMPLE_SECONDS)


def _part(file: str) -> str | None:
    """None of what is used by all of them."""
    within = file.removeprefix(ROOT)
    return next((part for start, part in PARTS.items() if within != file and within.startswith(start)), None)


class Spent(NamedTuple):
    """Seconds per walk: how long it takes, and what the event loop's thread and all threads compute meanwhile."""

    wall: float
    loop: float
    process: float


async def walks(root: Path) -> tuple[Spent, Counter[str]]:
    """What walks take, and then, of as many more, samples."""
    gateway = Gateway({"runs": LocalProvider("runs", root)}, "runs")
    operations, samples = Operations(schema, gateway), Samples()

    async def several() -> None:
        for _ in range(ROUNDS):
            await encoded(await operations.answer(Operation(QUERY, None), Faults()))

    await several()
    collect_briefly()
    began = time.perf_counter(), time.thread_time(), time.process_time()
    await several()
    ended = time.perf_counter(), time.thread_time(), time.process_time()
    signal.signal(signal.SIGALRM, samples.take)
    signal.setitimer(signal.ITIMER_REAL, SAMPLE_SECONDS)
    await several()
    signal.setitimer(signal.ITIMER_REAL, 0)
    await gateway.close()
    return Spent(*((now - then) / ROUNDS for now, then in zip(ended, began, strict=True))), samples.parts


def show(runs: str, spent: Spent, samples: Counter[str]) -> None:
    a_sample = spent.wall / samples.total()
    # While it waits the event loop computes nothing: of its own is what the parts leave of its thread's time.
    waiting = samples.pop(EVENT_LOOP, 0) * a_sample
    rows = {part: count * a_sample for part, count in samples.most_common()}
    rows |= {
        EVENT_LOOP: max(0.0, spent.loop - sum(rows.values())),
        "threads of the provider": spent.process - spent.loop,
    }
    print(
        f"a walk over {RUNS} runs {runs}: {1000 * spent.wall:.1f} ms, of which the loop waits some {1000 * waiting:.1f}"
    )
    print(f"{'':26} {'CPU ms':>8} {'share':>7}")
    for part, seconds in rows.items():
        print(f"{part:26} {1000 * seconds:8.1f} {seconds / sum(rows.values()):7.0%}")


def main(root: Path) -> None:
    for runs, left_alone_ns in (("at rest", 0), ("that may change", time.time_ns())):
        folder.LEFT_ALONE_NS = left_alone_ns
        show(runs, *uvloop.run(walks(root)))


if __name__ == "__main__":
    main(tree(RUNS))
