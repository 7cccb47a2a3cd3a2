"""Operations that may take long: some are executed at a time, and nobody else waits for them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import strawberry

from metaflow_graphql.providers.grants import Principal
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.server import long_operations
from metaflow_graphql.server.errors import Faults, RequestError
from metaflow_graphql.server.operations import Operation, Operations

# 1 + 500 x 400 values, and as many as are short.
LONG = f"{{ all: ones(first: 500) {{ {' '.join(f'a{number}: held' for number in range(400))} }} }}"
SHORT = "{ few: ones(first: 500) { held } }"
ALL = {"data": {"all": [{f"a{number}": True for number in range(400)}]}}

Asks = Callable[..., asyncio.Task[dict[str, Any]]]


def asked(work: Callable[[Asks, asyncio.Event, list[str]], Awaitable[None]]) -> None:
    """Have operations asked of a gateway whose fields are held until the event; the list: those that were begun."""

    async def run() -> None:
        let_go, begun = asyncio.Event(), list[str]()

        @strawberry.type
        class One:
            held: bool = True

        @strawberry.type
        class Query:
            @strawberry.field
            async def ones(self, info: strawberry.Info, first: int) -> list[One]:
                begun.append(f"{info.path.key}")
                await let_go.wait()
                return [One()]

        operations = Operations(strawberry.Schema(Query), Gateway({}, "default"))

        def ask(query: str, **parameters: Any) -> asyncio.Task[dict[str, Any]]:
            operation = Operation(query, None, network="::1")._replace(**parameters)
            return asyncio.create_task(operations.answer(operation, Faults()))

        await work(ask, let_go, begun)

    asyncio.run(run())


async def are(begun: list[str], many: int) -> None:
    """So many operations are begun before long, and no more than that."""
    async with asyncio.timeout(10):
        while len(begun) < many:  # noqa: ASYNC110 - of fields that are not to know of their tests
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.02)
    assert len(begun) == many


def test_so_many_are_executed_at_a_time_and_short_ones_meanwhile() -> None:
    async def work(ask: Asks, let_go: asyncio.Event, begun: list[str]) -> None:
        of_each = [ask(LONG, network=f"::{number}") for number in range(10)]
        await are(begun, 8)
        short = ask(SHORT)
        await are(begun, 9)
        assert begun == ["all"] * 8 + ["few"]
        let_go.set()
        answers = await asyncio.gather(*of_each, short)
        assert answers == [ALL] * 10 + [{"data": {"few": [{"held": True}]}}]

    asked(work)


@pytest.mark.parametrize(
    ("one", "other"),
    [({"network": "::1"}, {"network": "::2"}), ({"principal": Principal("a")}, {"principal": Principal("b")})],
)
def test_nobody_has_all_places(one: dict[str, Any], other: dict[str, Any]) -> None:
    async def work(ask: Asks, let_go: asyncio.Event, begun: list[str]) -> None:
        many = [ask(LONG, **one) for _ in range(10)]
        await are(begun, 6)
        of_other = ask(LONG, **other)
        await are(begun, 7)
        let_go.set()
        await asyncio.gather(*many, of_other)
        assert len(begun) == 11

    asked(work)


def test_who_goes_away_while_waiting_is_not_executed() -> None:
    async def work(ask: Asks, let_go: asyncio.Event, begun: list[str]) -> None:
        many = [ask(LONG) for _ in range(8)]
        await are(begun, 6)
        many.pop().cancel()
        many.pop(0).cancel()
        await are(begun, 7)  # six, and the one that had waited longest
        let_go.set()
        await asyncio.gather(*many)
        assert len(begun) == 7

    asked(work)


def test_who_waits_too_long_is_told_to_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_operations, "_WAITING_SECONDS", 0.01)

    async def work(ask: Asks, let_go: asyncio.Event, begun: list[str]) -> None:
        many = [ask(LONG) for _ in range(6)]
        with pytest.raises(RequestError) as refused:
            await ask(LONG)
        error = refused.value
        assert (error.status, error.headers) == (503, {"retry-after": "1"})
        assert [entry["extensions"]["code"] for entry in error.errors] == ["RATE_LIMITED"]
        let_go.set()
        await asyncio.gather(*many)
        assert len(begun) == 6

    asked(work)
