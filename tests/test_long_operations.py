"""Operations that may take long: some are executed at a time, and nobody else waits for them."""

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import strawberry

from guarded import EVERYONE, TOKEN, guarded, issuing, token_table, who, written
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.server import long_operations
from metaflow_graphql.server.errors import Faults, RequestError
from metaflow_graphql.server.operations import Operation, Operations
from serving import address

# 1 + 500 x 400 values, a part of that, and as many as are short.
LONG = f"{{ all: ones(first: 500) {{ {' '.join(f'a{number}: held' for number in range(400))} }} }}"
LESS_LONG = f"{{ all: ones(first: 500) {{ {' '.join(f'a{number}: held' for number in range(60))} }} }}"
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
            operation = Operation(query, None, asker="::1")._replace(**parameters)
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
        of_each = [ask(LONG, asker=f"::{number}") for number in range(10)]
        await are(begun, 8)
        short = ask(SHORT)
        await are(begun, 9)
        assert begun == ["all"] * 8 + ["few"]
        let_go.set()
        answers = await asyncio.gather(*of_each, short)
        assert answers == [ALL] * 10 + [{"data": {"few": [{"held": True}]}}]

    asked(work)


def test_nobody_has_all_places() -> None:
    async def work(ask: Asks, let_go: asyncio.Event, begun: list[str]) -> None:
        many = [ask(LONG) for _ in range(10)]
        await are(begun, 6)
        of_other = ask(LONG, asker="::2")
        await are(begun, 7)
        let_go.set()
        await asyncio.gather(*many, of_other)
        assert len(begun) == 11

    asked(work)


def test_of_whom_nothing_is_known_each_is_another() -> None:
    async def work(ask: Asks, let_go: asyncio.Event, begun: list[str]) -> None:
        many = [ask(LONG, asker=None) for _ in range(10)]
        await are(begun, 8)
        let_go.set()
        async with asyncio.timeout(10):
            await asyncio.gather(*many)

    asked(work)


def test_more_of_those_that_are_not_as_long_are_executed_at_a_time() -> None:
    async def work(ask: Asks, let_go: asyncio.Event, begun: list[str]) -> None:
        longest = [ask(LONG, asker=f"::{number}") for number in range(9)]
        others = [ask(LESS_LONG, asker=f"::{number}") for number in range(33)]
        await are(begun, 8 + 32)
        let_go.set()
        await asyncio.gather(*longest, *others)
        assert len(begun) == 9 + 33

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


def test_who_has_several_tokens_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_operations, "_KINDS", ((0, 4),))
    monkeypatch.setattr(long_operations, "_WAITING_SECONDS", 0.1)
    body = json.dumps({"query": 'mutation { slow(pathspec: "A/1") }'})
    with issuing() as issuer, ExitStack() as asking:
        path = written(tmp_path, issuer.table() + token_table("alice", TOKEN) + EVERYONE)
        client = asking.enter_context(guarded(path))
        ends = int(time.time()) + 300
        tokens = [issuer.token(exp=ends + number) for number in range(4)]
        assert [who(client, token) for token in tokens] == [(200, "carol")] * 4
        for token in tokens[:3]:
            connection = asking.enter_context(socket.create_connection(address(client)))
            head = f"authorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
            connection.sendall(f"POST /graphql HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n{body}".encode())
        time.sleep(0.5)
        assert (who(client, tokens[3])[0], who(client, TOKEN)) == (503, (200, "alice"))
