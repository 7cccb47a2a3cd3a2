"""How long others wait while one client asks for much: a query of one field, alone and beside nested walks."""

import statistics
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def walking(url: str) -> Generator[list[int]]:
    """Meanwhile another client asks for all artifacts of all runs, again and again; the sizes of its answers."""
    ended = threading.Event()
    sizes: list[int] = []

    def walk() -> None:
        gateway = Gateway(url)
        while not ended.is_set():
            sizes.append(len(gateway.answer(QUERY)))
        gateway.close()

    thread = threading.Thread(target=walk)
    thread.start()
    try:
        yield sizes
    finally:
        ended.set()
        thread.join()


def show(what: str, seconds: list[float]) -> None:
    p99 = statistics.quantiles(seconds, n=100)[98]
    times = (statistics.median(seconds), p99, max(seconds))
    print(f"{what:24} {len(seconds):6,}", *(f"{1000 * time:8.2f}" for time in times))


def main(root: Path) -> None:
    with serving(root) as gateway:
        gateway.answer(QUERY)
        alone = waited(gateway)
        with walking(gateway.url) as sizes:
            beside = waited(gateway)
    print(f"one field, alone and beside {len(sizes)} walks over {RUNS} runs, of {sizes[0]:,} bytes each; ms")
    print(f"{'':24} {'asked':>6} {'median':>8} {'p99':>8} {'worst':>8}")
    show("alone", alone)
    show("beside walks", beside)


if __name__ == "__main__":
    main(tree(RUNS))
