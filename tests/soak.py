"""Many clients of a gateway over a metadata service that stalls and recovers: `python tests/soak.py --minutes 5`.

Prints what the gateway holds while they ask and change tags, and ends with 1 where it leaks, or was ever wrong.
"""

import argparse
import asyncio
import json
import signal
import statistics
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import aiohttp

from faults import Fault, Plan, Proxy, always, seeded, spoiled
from questions import Question, questions
from service import Store, fill, serving
from soak_clients import Clients, Tags
from watched import Held, Watched, watching

MUTATING = 0.3  # of the clients
TAGGED_RUNS = 6
# Seconds of a round, and what the service does in it, from when on.
ROUND = 20.0
PHASES: tuple[tuple[float, Plan], ...] = (
    (0, always(Fault.NONE)),
    (6, seeded(5, 0.5, (Fault.SLOW,))),
    (9, always(Fault.LATE)),
    (11, always(Fault.NONE)),
    (13, seeded(4, 0.2)),
    (16, always(Fault.BAD_GATEWAY)),
    (17, always(Fault.RESET)),
    (18, always(Fault.NONE)),
)
# Connections to the service that are kept open for the next.
IDLE = 16
# What memory may grow by, in MiB, from the first third of the time to the last: it keeps what was once needed at once.
GROWTH = 48
# What the objects of a gateway that is idle may be more than before, as blocks of memory: caches that are limited.
BLOCKS = 50_000


class Sample(NamedTuple):
    """What the gateway held so many seconds after the start, and what had come of operations by then."""

    seconds: float
    held: Held
    outcomes: dict[str, int]


class Soaked(NamedTuple):
    """What came of it; `wrong`: answers, and tags that were lost.

    `before`, `after`: what the gateway held while nobody asked. `said`: what it wrote to its log.
    """

    outcomes: Counter[str]
    wrong: list[str]
    before: Held
    after: Held
    samples: list[Sample]
    said: str

    @property
    def growth(self) -> float:
        """By how much (MiB) memory grew from the first third of the time to the last."""
        sizes = [sample.held.memory for sample in self.samples]
        third = max(1, len(sizes) // 3)
        return statistics.median(sizes[-third:]) - statistics.median(sizes[:third])

    @property
    def faults(self) -> list[str]:
        """What must not be."""
        found = [f"wrong: {told}" for told in self.wrong]
        found += [f"memory grew by {self.growth:.1f} MiB"] * (self.growth > GROWTH)
        more = self.after.blocks - self.before.blocks
        found += [f"objects are left: {more} blocks of memory"] * (more > BLOCKS)
        found += [f"tasks are left: {self.after.tasks}"] * (self.after.tasks != self.before.tasks)
        found += [f"sockets are left: {self.after.sockets}"] * (self.after.sockets > self.before.sockets + IDLE)
        found += [f"without an answer: {self.outcomes['unanswered']}"] * (self.outcomes["unanswered"] > 0)
        return found + [f"it said: {self.said}"] * (self.said != "")


def soak(seconds: float, clients: int, *, runs: int = 2_000) -> Soaked:
    """So many clients for so long, over a made history of so many runs."""
    with TemporaryDirectory() as folder, closing(Store()) as store:
        fill(store, flows=8, runs=runs, running=0)
        with serving(store) as service, spoiled(service.url) as proxy, watching(Path(folder), proxy.url) as gateway:
            soaked = asyncio.run(_soaked(gateway, proxy, store, seconds, clients))
            gateway.signal(signal.SIGTERM)
            gateway.ended()
            return soaked._replace(said=gateway.said)


async def _soaked(gateway: Watched, proxy: Proxy, store: Store, seconds: float, clients: int) -> Soaked:
    sql = "SELECT flow_id || '/' || run_number AS run FROM run_view ORDER BY ts_epoch DESC"
    runs = [row["run"] for row in store.rows(sql)]
    given = questions([f"MadeFlow{number:02}" for number in range(6)], runs[:40:4])
    # The oldest, which no other question is about.
    tags = Tags(runs[-TAGGED_RUNS:])
    expected = await _answers(f"{gateway.url}/graphql", given)
    await asyncio.sleep(1)
    before, ends = await gateway.held_soon(), time.monotonic() + seconds
    asking = Clients(f"{gateway.url}/graphql", expected, tags, ends)
    mutating = int(clients * MUTATING)
    sampling = asyncio.create_task(_samples(gateway, asking))
    await asyncio.gather(
        _stalling(proxy, ends),
        *(asking.mutate(number) for number in range(mutating)),
        *(asking.read(number) for number in range(mutating, clients)),
    )
    samples = await sampling
    await asyncio.sleep(1)
    lost = _lost(store, tags)
    return Soaked(asking.outcomes, asking.wrong + lost, before, await gateway.held_soon(), samples, "")


async def _answers(url: str, given: list[Question]) -> list[tuple[Question, Any]]:
    """What is right, asked while all is well."""
    answers: list[tuple[Question, Any]] = []
    async with aiohttp.ClientSession() as session:
        for question in given:
            async with session.post(url, json=question.body) as response:
                answer = await response.json()
            assert "errors" not in answer, answer
            answers.append((question, answer["data"]))
    return answers


async def _stalling(proxy: Proxy, ends: float) -> None:
    """What becomes of the service, round by round; in the end it is well."""
    proxy.pause = 1.0
    began = time.monotonic()
    while time.monotonic() < ends:
        within = (time.monotonic() - began) % ROUND
        proxy.plan = next(plan for since, plan in reversed(PHASES) if since <= within)
        await asyncio.sleep(0.1)
    proxy.plan = always(Fault.NONE)


async def _samples(gateway: Watched, asking: Clients) -> list[Sample]:
    """What it holds every few seconds, which is printed too."""
    began, samples = time.monotonic(), list[Sample]()
    every = max(1.0, (asking.ends - began) / 60)
    while time.monotonic() < asking.ends - every:
        await asyncio.sleep(every)
        samples.append(Sample(time.monotonic() - began, await gateway.held_soon(), dict(asking.outcomes)))
        print(_line(samples[-1]), flush=True)
    return samples


def _line(sample: Sample) -> str:
    held, outcomes = sample.held, ", ".join(f"{count} {name}" for name, count in sorted(sample.outcomes.items()))
    tasks = sum(held.tasks.values())
    return f"{sample.seconds:6.1f} s  {held.memory:6.1f} MiB  {held.sockets:3} sockets  {tasks:5} tasks  {outcomes}"


def _lost(store: Store, tags: Tags) -> list[str]:
    """Tags of acknowledged changes that the service does not have, or has in spite of them."""
    sql = "SELECT tags FROM run_view WHERE flow_id || '/' || run_number = ?"
    found = {run: store.rows(sql, run)[0]["tags"] for run in tags.runs}
    strange = {run: tags.strange(run, json.loads(told)) for run, told in found.items()}
    return [f"{run} in the end: {names}" for run, names in strange.items() if names]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--clients", type=int, default=50)
    given = parser.parse_args()
    soaked = soak(given.minutes * 60, given.clients)
    print(f"while nobody asks: {soaked.before}, then {soaked.after}; memory grew by {soaked.growth:.1f} MiB")
    print(dict(soaked.outcomes))
    for fault in soaked.faults:
        print(fault)
    return 1 if soaked.faults else 0


if __name__ == "__main__":
    sys.exit(main())
