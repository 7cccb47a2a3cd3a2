"""How long something takes: the minimum and the median of several rounds, as a table."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Taken(NamedTuple):
    """Seconds."""

    least: float
    median: float


def taken(seconds: list[float]) -> Taken:
    return Taken(min(seconds), statistics.median(seconds))


def timed(do: Callable[[], T], rounds: int) -> tuple[Taken, T]:
    """What each of some rounds took, and what the last one returned."""
    seconds: list[float] = []
    for _ in range(rounds - 1):
        seconds.append(_once(do)[0])
    last, answer = _once(do)
    return taken([*seconds, last]), answer


def show(rows: dict[str, Taken], *ratios: tuple[str, str]) -> None:
    """A table in ms; and of each pair, how many times as long the first takes as the second, minimum by minimum."""
    width = max(map(len, rows))
    print(f"{'':{width}} {'min ms':>8} {'median ms':>10}")
    for what, (least, median) in rows.items():
        print(f"{what:{width}} {least * 1000:8.1f} {median * 1000:10.1f}")
    for one, other in ratios:
        print(f"{one} / {other}: {rows[one].least / rows[other].least:.2f}")


def _once(do: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    answer = do()
    return time.perf_counter() - begun, answer
