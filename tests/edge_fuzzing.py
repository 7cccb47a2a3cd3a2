"""Draws requests from the schema and judges the answers: `python tests/edge_fuzzing.py --requests 100000`.

A tenth of them is drawn by hypothesis-graphql. Ends with 1 where an answer was of no form, or something was left.
"""

import argparse
import asyncio
import logging
import resource
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory

from starlette.types import ASGIApp

from edge import by_hypothesis
from edge.form import Malformed
from edge.fuzzing import Logged, Report, check_tasks, fuzzed, judged, open_files
from edge.hostile import Sent
from edge.pools import Pools, pools
from edge.trees import fresh, gateway_over
from running import Runs, made

BUILDS = Path(__file__).parents[1] / "build" / "test-runs"
_TOLD_EVERY = 10_000
_AT_ONCE = 500


def run(app: ASGIApp, seed: int, by_us: int, by_hypothesis_graphql: int, seconds: float = 0) -> Report:
    """So many requests to an application, and as many as there is time for besides; raises Malformed."""
    print(
        f"seed {seed}: {by_us:,} requests, as many as there are in {seconds:.0f} s, "
        f"and {by_hypothesis_graphql:,} of hypothesis-graphql",
        flush=True,
    )
    report, logged = Report(), Logged()
    logging.getLogger("metaflow_graphql").addHandler(logged)
    with asyncio.Runner() as runner:
        known = runner.run(pools(app))
        runner.run(fuzzed(app, known, seed, range(-100, 0), Report()))  # what is opened once
        files = open_files()
        try:
            runner.run(fuzzed(app, known, seed, _numbers(by_us, seconds), report))
            _by_hypothesis(app, known, seed, by_hypothesis_graphql, report, runner)
        except Malformed as error:
            raise Malformed("\n".join([str(error), *logged.records[-1:]])) from error
        finally:
            logging.getLogger("metaflow_graphql").removeHandler(logged)
        if open_files() > files:
            raise Malformed(f"{open_files() - files} files are left open")
    return report


def _numbers(least: int, seconds: float) -> Iterator[int]:
    until = time.monotonic() + seconds
    for number in count():
        if number >= least and time.monotonic() >= until:
            return
        if number and not number % _TOLD_EVERY:
            print(f"{number:,} requests", flush=True)
        yield number


def _by_hypothesis(app: ASGIApp, known: Pools, seed: int, many: int, report: Report, runner: asyncio.Runner) -> None:
    async def judge(sent: Sent) -> None:
        await judged(app, sent, report)
        await check_tasks()

    # It keeps in memory what it has drawn.
    for first in range(0, many, _AT_ONCE):
        by_hypothesis.every(known, min(_AT_ONCE, many - first), seed + first, lambda sent: runner.run(judge(sent)))


def copied(runs: Runs, to: Path) -> Path:
    """A copy of real runs whose tags may be changed."""
    return runs.copy(to / "runs").root


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--requests", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=SystemRandom().randrange(2**31))
    given = asked.parse_args()
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    by_other = given.requests // 10
    with TemporaryDirectory() as folder, gateway_over(copied(made(BUILDS), Path(folder))) as gateway:
        try:
            report = run(fresh(gateway), given.seed, given.requests - by_other, by_other)
        except Malformed as error:
            print(error)
            return 1
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{report.outcomes.total():,} answered in {time.monotonic() - began:.0f} s, memory grew by {grown:.0f} MiB")
    for what, counts in (("outcomes", report.outcomes), ("errors", report.codes)):
        print(what, ", ".join(f"{times:,} {name}" for name, times in counts.most_common()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
