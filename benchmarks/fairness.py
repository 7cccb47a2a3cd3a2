"""How long others wait while one client asks for much: a query of one field, alone and beside nested walks."""

import multiprocessing
import statistics
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nested_walk import QUERY, RUNS
from support.serving import Gateway, serving
from support.trees import tree

FIELD = "{ serverInfo { version } }"
SECONDS = 20.0
# Between two questions: who asks all the time measures itself.
PAUSE = 0.002


def waited(gateway: Gateway) -> list[float]:
    """The seconds that each of many small questions took."""
    found: list[float] = []
    until = time.perf_counter() + SECONDS
    while (begun := time.perf_counter()) < until:
        gateway.answer(FIELD)
        found.append(time.perf_counter() - begun)
        time.sleep(PAUSE)
    return found


def walk(url: str, ended: Any, walks: Any) -> None:
    """Ask for all artifacts of all runs, again and again."""
    gateway = Gateway(url)
    while not ended.is_set():
        gateway.answer(QUERY)
        walks.value += 1


@contextmanager
def walking(url: str) -> Generator[Any]:
    """Meanwhile another client, in a process of its own, asks for much; how often it has."""
    ended, walks = multiprocessing.Event(), multiprocessing.Value("i", 0)
    process = multiprocessing.Process(target=walk, args=(url, ended, walks))
    process.start()
    try:
        yield walks
    finally:
        ended.set()
        process.join()


def show(what: str, seconds: list[float]) -> None:
    p99 = statistics.quantiles(seconds, n=100)[98]
    times = (statistics.median(seconds), p99, max(seconds))
    print(f"{what:24} {len(seconds):6,}", *(f"{1000 * time:8.2f}" for time in times))


def main(root: Path) -> None:
    with serving(root) as gateway:
        size = len(gateway.answer(QUERY))
        alone = waited(gateway)
        with walking(gateway.url) as walks:
            beside = waited(gateway)
    print(f"one field, alone and beside {walks.value} walks over {RUNS} runs, of {size:,} bytes each; ms")
    print(f"{'':24} {'asked':>6} {'median':>8} {'p99':>8} {'worst':>8}")
    show("alone", alone)
    show("beside walks", beside)


if __name__ == "__main__":
    main(tree(RUNS))
