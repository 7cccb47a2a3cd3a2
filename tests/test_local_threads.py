"""Threads of the local provider: one as long as the disk is quick, company for one that waits, and a turn for all."""

import asyncio
import time
from collections.abc import Callable, Generator
from threading import Barrier, Event, Lock

import pytest

from metaflow_graphql.providers.errors import GatewayError
from metaflow_graphql.providers.local.threads import Threads


@pytest.fixture
def threads() -> Generator[Threads]:
    made = Threads("made")
    yield made
    made.close()


class Watched:
    """Work, and how many threads were at it at a time at most."""

    def __init__(self) -> None:
        self._lock, self._at_work, self.most = Lock(), 0, 0

    def __call__(self, work: Callable[[], object]) -> None:
        with self._lock:
            self._at_work += 1
            self.most = max(self.most, self._at_work)
        work()
        with self._lock:
            self._at_work -= 1


def compute() -> None:
    until = time.thread_time() + 0.002
    while time.thread_time() < until:
        pass


def wait() -> None:
    time.sleep(0.05)


@pytest.mark.parametrize(("work", "most"), [(compute, 1), (wait, 4)])
def test_what_computes_is_done_by_one_thread_and_what_waits_by_four(
    threads: Threads, work: Callable[[], None], most: int
) -> None:
    watched = Watched()

    async def several() -> None:
        await threads.call(work)
        await asyncio.gather(*(threads.call(lambda: watched(work)) for _ in range(4)))

    asyncio.run(several())
    assert watched.most == most


def test_what_takes_long_has_company_before_it_is_known_to_wait(threads: Threads) -> None:
    together = Barrier(4)  # each of four waits for the other three

    async def several() -> list[int]:
        return await asyncio.gather(*(threads.call(lambda: together.wait(30)) for _ in range(4)))

    assert sorted(asyncio.run(several())) == [0, 1, 2, 3]


def test_who_always_has_more_to_read_does_not_keep_others_waiting(threads: Threads) -> None:
    async def both() -> None:
        done = asyncio.Event()

        async def more() -> None:
            while not done.is_set():
                await threads.call(compute)

        always = asyncio.ensure_future(more())
        await asyncio.sleep(0.05)
        await asyncio.wait_for(threads.call(lambda: None), 10)
        done.set()
        await always

    asyncio.run(both())


def test_a_long_batch_lets_others_in_between(threads: Threads) -> None:
    def slow(key: int) -> int:
        time.sleep(0.002)
        return key

    async def both() -> tuple[list[int | GatewayError], int]:
        batch = asyncio.ensure_future(threads.each("reads", slow, range(200)))
        await asyncio.sleep(0.01)
        await threads.call(lambda: None)
        done = batch.done()
        return await batch, done

    assert asyncio.run(both()) == (list(range(200)), False)


def test_who_is_cancelled_while_it_waits_keeps_nobody_waiting(threads: Threads) -> None:
    hung = Event()

    async def three() -> int:
        first = asyncio.ensure_future(threads.call(lambda: hung.wait(30)))
        second = asyncio.ensure_future(threads.call(lambda: 2))
        third = asyncio.ensure_future(threads.call(lambda: 3))
        await asyncio.sleep(0)
        second.cancel()
        try:
            return await asyncio.wait_for(third, 10)
        finally:
            hung.set()
            await first

    assert asyncio.run(three()) == 3


def test_a_large_batch_is_read_in_its_order_and_an_error_costs_its_key(threads: Threads) -> None:
    def read(key: int) -> int:
        if key == 700:
            raise GatewayError("no")
        return 2 * key

    found = asyncio.run(threads.each("reads", read, range(3_000)))
    assert [place for place, entry in enumerate(found) if isinstance(entry, GatewayError)] == [700]
    assert [entry for entry in found if isinstance(entry, int)] == [2 * key for key in range(3_000) if key != 700]


def test_it_serves_one_event_loop_after_the_other(threads: Threads) -> None:
    async def several() -> list[int]:
        return await asyncio.gather(*(threads.call(lambda number=number: number) for number in range(20)))

    for _ in range(3):
        assert asyncio.run(several()) == list(range(20))
