"""Measures what hostile requests cost a gateway and its other clients: `python tests/edge_measuring.py`.

Prints for each family the worst of its requests, then the audits of GraphQL over HTTP, and fuzzes for a minute. Ends
with 1 where something is beyond its goal.
"""

import argparse
import os
import statistics
import sys
import time
from bisect import bisect_left
from collections import defaultdict
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory
from typing import NamedTuple

import orjson

from auditing import LEAST, audits
from edge import CORPUS, LONG
from edge.form import Malformed
from edge.gateway_process import Asked, Other, Process, asked, serving
from edge.hostile import Sent
from edge.socket_client import Client
from edge.trees import fresh, gateway_over, small_tree
from edge_fuzzing import BUILDS, copied, run
from running import made

# Goals: milliseconds over a trivial query, milliseconds that others wait longer, MiB in all.
OVER, DELAY, GROWTH = 200, 200, 200
ALL = CORPUS | LONG
# In each round every request is sent once, and the least of its times counts: what else the machine does is none of it.
# The first space of each document is another one.
_SPACES = " \t,"
_TRIVIAL = 100
_BY_HYPOTHESIS = 100  # of the requests that are drawn


class Case(NamedTuple):
    """One request, sent once. `computed`: seconds, by the gateway meanwhile; `memory`: MiB that it held then."""

    name: str
    times: Asked
    computed: float
    outcome: str
    memory: float


class Worst(NamedTuple):
    """Milliseconds of one request.

    `over`: over a trivial query's time. `computed`: by the gateway, which is hardly more where the machine is busy.
    `delay`: that others waited longer meanwhile.
    """

    name: str
    over: float
    computed: float
    delay: float


class Trivial(NamedTuple):
    """What a trivial query takes, in seconds."""

    times: float
    computed: float


def varied(sent: Sent, number: int) -> Sent:
    """The same with another document of the same size, such that it is not known from the round before."""
    try:
        asked = orjson.loads(sent.body)
        if orjson.dumps(asked) != sent.body:
            return sent  # what JSON libraries write otherwise is not let through to be kept
        return sent._replace(body=orjson.dumps({**asked, "query": asked["query"].replace(" ", _SPACES[number], 1)}))
    except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
        return sent  # no document is read of it


def trivial(process: Process, client: Client) -> Trivial:
    before = process.computed()
    times = asked(client, _TRIVIAL)
    return Trivial(statistics.median(times), (process.computed() - before) / _TRIVIAL)


def cases(process: Process, client: Client) -> list[Case]:
    """All requests of the corpus, over and over."""
    found: list[Case] = []
    for number in range(len(_SPACES)):
        for name, hostile in ALL.items():
            sent = varied(hostile.made(), number)
            before, began = process.computed(), time.monotonic()
            outcome = client.outcome(sent)
            times = Asked(began, time.monotonic())
            found.append(Case(name, times, process.computed() - before, outcome, process.memory()))
    return found


def worst(found: list[Case], waited: list[Asked], usual: Trivial) -> list[Worst]:
    """Of each request the best of its times, and of the others' waiting meanwhile."""
    began = [of.began for of in waited]
    known = defaultdict[str, list[Worst]](list)
    for case in found:
        first, last = bisect_left(began, case.times.began), bisect_left(began, case.times.ended)
        # The one that was under way when the request came, too: since then.
        meanwhile = waited[max(0, first - 1) : last]
        over = case.times.ended - case.times.began - usual.times
        computed = case.computed - usual.computed * len(meanwhile)
        longest = max((of.ended - max(of.began, case.times.began) for of in meanwhile), default=0)
        delay = max(0, longest - usual.times)
        known[case.name].append(Worst(case.name, 1000 * over, 1000 * computed, 1000 * delay))
    return [
        Worst(
            name,
            min(of.over for of in of_name),
            min(of.computed for of in of_name),
            min(of.delay for of in of_name),
        )
        for name, of_name in known.items()
    ]


def show(found: list[Worst]) -> None:
    families = defaultdict[str, list[Worst]](list)
    for of in found:
        families[of.name.partition(":")[0]].append(of)
    print(
        f"\n{'family':11} {'requests':>8} {'over ms':>8} {'computed':>8} {'delay':>8}  slowest | whom others waited for"
    )
    for family, of_family in families.items():
        slowest, rude = max(of_family, key=lambda of: of.over), max(of_family, key=lambda of: of.delay)
        computed = max(of.computed for of in of_family)
        names = " | ".join(of.name.partition(": ")[2] for of in (slowest, rude))
        print(f"{family:11} {len(of_family):8} {slowest.over:8.1f} {computed:8.1f} {rude.delay:8.1f}  {names}")


def measured(root: Path) -> list[str]:
    """What is beyond the goals, of the corpus and the audits."""
    faults: list[str] = []
    with serving(small_tree(root)) as process, Client(process.url) as client:
        usual = trivial(process, client)
        before = process.memory()
        with Other(process.url) as other:
            found = cases(process, client)
            waited = other.waited()
        after, most = process.memory(), max(case.memory for case in found)
        for case in found:
            if case.outcome not in ALL[case.name].outcomes:
                faults.append(f"{case.name}: {case.outcome}, where {sorted(ALL[case.name].outcomes)} is right")
        of_each = worst(found, waited, usual)
        print(f"{len(ALL)} requests, {len(_SPACES)} times each; a trivial query takes {1000 * usual.times:.1f} ms")
        print(f"processes that wanted to run meanwhile: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        show(of_each)
        faults += [
            f"{of.name}: {of.over:.0f} ms over a trivial query, computed {of.computed:.0f}"
            for of in of_each
            if of.over > OVER and of.name not in LONG
        ]
        faults += [f"{of.name}: others waited {of.delay:.0f} ms longer" for of in of_each if of.delay > DELAY]
        print(f"\nmemory: {before:.0f} MiB before, {most:.0f} at the most, {after:.0f} after all")
        faults += [f"memory grew by {most - before:.0f} MiB"] * (most - before > GROWTH)
        with TemporaryDirectory() as folder:
            audited = audits(process.url, Path(folder))
    failed = [f"audit {audit['id']}: {audit['reason']}" for audit in audited if audit["status"] != "ok"]
    print(f"audits: {len(audited) - len(failed)} of {len(audited)} are ok")
    return faults + failed + ["audits are missing"] * (len(audited) < LEAST)


def fuzzed(seconds: float, root: Path) -> list[str]:
    began = time.monotonic()
    with gateway_over(copied(made(BUILDS), root)) as gateway:
        try:
            report = run(fresh(gateway), SystemRandom().randrange(2**31), 0, _BY_HYPOTHESIS, seconds)
        except Malformed as error:
            return [str(error)]
    print(
        f"fuzz: {report.outcomes.total():,} requests in {time.monotonic() - began:.0f} s, all of them answered in form"
    )
    return []


def main() -> int:
    asked_for = argparse.ArgumentParser(description=__doc__)
    asked_for.add_argument("--fuzz-seconds", type=float, default=60)
    given = asked_for.parse_args()
    with TemporaryDirectory() as folder:
        (root := Path(folder) / "small").mkdir()
        faults = measured(root) + fuzzed(given.fuzz_seconds, Path(folder))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
