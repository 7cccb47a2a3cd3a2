"""How keys become batches, and what comes for them answers, at a pace that leaves others their turn."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from time import monotonic
from typing import Any, TypeVar, cast

import pytest

from metaflow_graphql.providers import usage
from metaflow_graphql.providers.errors import GatewayError, TimedOut
from metaflow_graphql.resolvers import dataloader
from metaflow_graphql.resolvers.dataloader import AT_ONCE, Loader, Pace
from metaflow_graphql.resolvers.entries import Answers, combined, each, each_of, each_of_some, in_parts, mapped, whole

T = TypeVar("T")


class Squares:
    """A batch method, and the batches that it got; 13 can't be squared."""

    def __init__(self, seconds: float = 0) -> None:
        self.batches: list[list[int]] = []
        self.seconds = seconds

    async def batch(self, keys: list[int]) -> list[int | GatewayError]:
        self.batches.append(keys)
        await asyncio.sleep(self.seconds)
        return [GatewayError("unlucky") if key == 13 else key**2 for key in keys]


def run(asked: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(asked())


def told(entries: Iterable[Any]) -> list[Any]:
    """The same, with the texts of errors."""
    return [
        str(entry)
        if isinstance(entry, BaseException)
        else told(cast("Any", entry))
        if isinstance(entry, list)
        else entry
        for entry in entries
    ]


async def turns_of(work: Awaitable[Any]) -> int:
    """How many turns of the loop it takes."""
    task, turns = asyncio.ensure_future(work), 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    await task
    return turns


def test_keys_of_several_levels_are_one_batch_and_each_is_asked_for_once() -> None:
    squares = Squares()

    async def asked() -> tuple[Any, Any, Any, Any]:
        loader = Loader(squares.batch, Pace())
        one, other, single = await asyncio.gather(each(loader, [1, 2, 13]), each(loader, [2, 3]), loader.load(3))
        return one, other, single, await each(loader, [1, 3])

    one, other, single, again = run(asked)
    assert (told(one), other, single, again) == ([1, 4, "unlucky"], [4, 9], 9, [1, 9])
    assert [sorted(batch) for batch in squares.batches] == [[1, 2, 3, 13]]


def test_what_is_not_kept_is_asked_for_again() -> None:
    squares = Squares()

    async def asked() -> None:
        loader = Loader(squares.batch, Pace(), kept=False)
        for _ in range(2):
            assert await each(loader, [2, 2]) == [4, 4]

    run(asked)
    assert squares.batches == [[2, 2], [2, 2]]


def test_a_batch_that_fails_fails_for_all_who_wait_for_it_and_is_tried_again() -> None:
    left = [RuntimeError("down")]

    async def batch(keys: list[int]) -> list[int]:
        if left:
            raise left.pop()
        return keys

    async def asked() -> tuple[Answers[int], Answers[int], Answers[int]]:
        loader = Loader(batch, Pace())
        one, other = await asyncio.gather(each(loader, [1, 2]), each(loader, [2]))
        return one, other, await each(loader, [1])

    one, other, again = run(asked)
    assert (told(one), told(other), again) == (["down", "down"], ["down"], [1])


def test_what_is_not_there_when_time_is_up_is_an_error_for_all_who_wait() -> None:
    async def batch(keys: list[int]) -> list[int]:
        await asyncio.sleep(60)
        return keys

    async def asked() -> list[Any]:
        usage.current.set(usage.Usage(deadline=monotonic() + 0.1))
        loader = Loader(batch, Pace())
        return [*await each(loader, [1, 2]), *await asyncio.gather(loader.load(3), return_exceptions=True)]

    assert list(map(type, run(asked))) == [TimedOut] * 3


@pytest.mark.parametrize("short", [True, False])
def test_a_batch_with_an_entry_too_few_or_too_many_gives_nobody_what_is_anothers(short: bool) -> None:
    async def batch(keys: list[int]) -> list[int]:
        return keys[1:] if short else [0, *keys]

    async def asked() -> Answers[int]:
        return await each(Loader(batch, Pace()), [1, 2, 3])

    entries = f"A batch of 3 keys came to {2 if short else 4} entries."
    assert told(run(asked)) == [entries] * 3


def test_who_is_cancelled_takes_nothing_from_those_who_wait_for_the_same() -> None:
    async def asked() -> Answers[int]:
        loader = Loader(Squares().batch, Pace())
        gone = asyncio.ensure_future(each(loader, [1, 2]))
        other = asyncio.ensure_future(each(loader, [1]))
        await asyncio.sleep(0)
        gone.cancel()
        return await other

    assert run(asked) == [1]


def test_many_keys_are_asked_for_and_answered_at_a_pace() -> None:
    squares, keys = Squares(), list(range(14, 14 + 4 * AT_ONCE))

    async def asked() -> tuple[int, Answers[int]]:
        loader = Loader(squares.batch, Pace())
        turns = await turns_of(each(loader, keys))
        return turns, await each(loader, keys)

    turns, found = run(asked)
    assert list(map(len, squares.batches)) == [len(keys)]
    assert found == [key**2 for key in keys]
    # What came is handed out so many at a time, and is taken so many at a time after that.
    assert turns >= len(keys) // dataloader._DONE  # pyright: ignore[reportPrivateUsage] - how many


def test_those_who_waited_for_one_batch_go_on_one_after_the_other() -> None:
    levels = [[level * AT_ONCE + place + 14 for place in range(AT_ONCE // 2)] for level in range(10)]

    async def asked() -> list[int]:
        loader, at_turn, turn = Loader(Squares().batch, Pace()), list[int](), 0

        async def level(keys: list[int]) -> None:
            await each(loader, keys)
            at_turn.append(turn)

        await each(loader, [key for keys in levels for key in keys])
        waiting = asyncio.gather(*map(level, levels))  # for what is known already
        while not waiting.done():
            turn += 1
            await asyncio.sleep(0)
        return at_turn

    at_turn = run(asked)
    assert len(at_turn) == 10
    assert max(map(at_turn.count, at_turn)) <= 2  # of half of AT_ONCE each


def test_a_level_that_was_cancelled_keeps_nobody_waiting_for_its_turn() -> None:
    async def asked() -> None:
        pace = Pace()
        await pace.take(AT_ONCE)
        first, second = asyncio.ensure_future(pace.take(AT_ONCE)), asyncio.ensure_future(pace.take(1))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait_for(second, 5)

    run(asked)


def test_objects_are_answered_for_in_parts_and_a_part_that_fails_costs_its_own() -> None:
    async def answers(part: list[int]) -> list[int]:
        assert len(part) <= AT_ONCE // 2
        if 300 in part:
            raise GatewayError("no")
        return part

    objects = list(range(1_000))
    found = run(lambda: in_parts(answers, objects, Pace()))
    failed = {place for place, entry in enumerate(found) if isinstance(entry, GatewayError)}
    assert 300 in failed
    assert len(failed) <= AT_ONCE // 2
    assert [entry for entry in found if isinstance(entry, int)] == [one for one in objects if one not in failed]


def test_a_level_that_asks_in_parts_is_one_batch() -> None:
    squares, objects = Squares(), list(range(14, 14 + 2 * AT_ONCE))

    async def asked() -> tuple[Answers[int], Answers[int]]:
        pace = Pace()
        loader = Loader(squares.batch, pace)

        async def field(part: list[int]) -> Answers[int]:
            return await each(loader, part)

        return await asyncio.gather(in_parts(field, objects, pace), each(loader, [1, 2]))

    level, other = run(asked)
    assert (level, other) == ([key**2 for key in objects], [1, 4])
    assert list(map(len, squares.batches)) == [len(objects) + 2]


def test_hundreds_of_fields_of_a_level_begin_one_after_the_other_and_are_one_batch() -> None:
    squares, begun = Squares(), Counter[int]()

    async def asked() -> int:
        pace, turn = Pace(), 0
        loader = Loader(squares.batch, pace)

        async def by(part: list[int]) -> Answers[int]:
            begun[turn] += len(part)
            return await each(loader, part)

        fields = [asyncio.ensure_future(in_parts(by, list(range(of, of + 100)), pace)) for of in range(100, 400)]
        while not squares.batches:
            turn += 1
            await asyncio.sleep(0)
        return sum(map(sum, await asyncio.gather(*fields)))  # pyright: ignore[reportArgumentType, reportUnknownVariableType]

    assert run(asked) == sum(key**2 for of in range(100, 400) for key in range(of, of + 100))
    assert (len(squares.batches), max(begun.values()) <= AT_ONCE, sum(begun.values())) == (1, True, 30_000)


def test_what_an_operation_that_is_over_still_asks_for_is_cancelled() -> None:
    squares = Squares(seconds=0.1)

    async def asked() -> list[type]:
        usage.current.set(spent := usage.Usage())
        loader = Loader(squares.batch, Pace())
        under_way = asyncio.ensure_future(each(loader, [1, 2]))
        await asyncio.sleep(0.01)
        spent.end()
        return list(map(type, [*await under_way, *await each(loader, [3])]))

    assert run(asked) == [asyncio.CancelledError] * 3
    assert squares.batches == [[1, 2]]


def test_a_level_that_is_cancelled_while_it_asks_holds_back_nobody() -> None:
    async def asked() -> Answers[int]:
        pace = Pace()
        loader = Loader(Squares().batch, pace)

        async def field(part: list[int]) -> Answers[int]:
            return await each(loader, part)

        level = asyncio.ensure_future(in_parts(field, list(range(14, 14 + 10 * AT_ONCE)), pace))
        await asyncio.sleep(0)
        level.cancel()
        outcome = await asyncio.gather(level, return_exceptions=True)
        assert isinstance(outcome[0], asyncio.CancelledError)
        return await asyncio.wait_for(each(loader, [1, 2]), 10)

    assert run(asked) == [1, 4]


def test_a_key_that_can_not_be_made_holds_back_nobody() -> None:
    def keys() -> Iterator[int]:
        yield 1
        raise GatewayError("no key")

    async def asked() -> Answers[int]:
        loader = Loader(Squares().batch, Pace())
        with pytest.raises(GatewayError, match="no key"):
            await each(loader, keys())
        return await asyncio.wait_for(each(loader, [1, 2]), 10)

    assert run(asked) == [1, 4]


def test_those_who_go_on_ask_for_one_batch_more() -> None:
    first, second = Squares(), Squares()

    async def asked() -> Answers[int]:
        pace = Pace()
        one, other = Loader(first.batch, pace), Loader(second.batch, pace)

        async def field(part: list[int]) -> Answers[int]:
            return await each(other, [key for key in await each(one, part) if isinstance(key, int)])

        return await in_parts(field, list(range(14, 14 + 2 * AT_ONCE)), pace)

    assert run(asked) == [key**4 for key in range(14, 14 + 2 * AT_ONCE)]
    assert [len(squares.batches) for squares in (first, second)] == [1, 1]


def test_lists_and_gaps_are_answered_in_their_places() -> None:
    squares, lost = Squares(), GatewayError("lost")

    async def asked() -> tuple[Any, Any]:
        loader = Loader(squares.batch, Pace())
        lists = await each_of(loader, [[1, 2], lost, [], [13, 3]])
        return lists, await each_of_some(loader, [None, 2, lost, 13])

    lists, some = run(asked)
    assert told(lists) == [[1, 4], "lost", [], ["unlucky", 9]]
    assert told(some) == [None, 4, "lost", "unlucky"]
    assert squares.batches == [[1, 2, 13, 3]]
    assert told(whole(lists)) == [[1, 4], "lost", [], "unlucky"]


def test_what_is_made_of_a_value_may_fail_for_that_value_alone() -> None:
    met = GatewayError("met")
    values: Answers[int] = [1, met, 0]
    assert told(mapped(values, lambda value: 1 // value)) == [1, "met", "integer division or modulo by zero"]
    first, second = GatewayError("first"), GatewayError("second")
    ones: Answers[int] = [6, first, 1, first, 1]
    others: Answers[int] = [3, 1, second, second, 0]
    both = combined(lambda one, other: one // other, ones, others)
    assert told(both) == [2, "first", "second", "first", "integer division or modulo by zero"]
