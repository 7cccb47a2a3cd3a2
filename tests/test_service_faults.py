"""What a service in trouble costs: the question that met it, with an error that says so, and nothing of its words."""

import asyncio
import random
import socket
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest
from aiohttp import web

from faults import PASSING, SECRET, Fault, Proxy, always, seeded, spoiled
from metaflow_graphql.providers import usage
from metaflow_graphql.providers.errors import GatewayError, LimitExceeded, ProviderError
from metaflow_graphql.providers.service.client import Client, Crashed, Failed, Reply
from upstreams import client_of, in_a_loop, said, upstream

ROW = msgspec.json.Decoder(dict[str, Any])
UNAVAILABLE = ("PROVIDER_UNAVAILABLE", True)
LOST = "team broke off the connection; try again."


class Service:
    """Says what it was asked, and remembers it."""

    def __init__(self) -> None:
        self.targets: list[str] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.targets.append(f"{request.method} {request.path}")
        return said(f'{{"path": "{request.path}"}}')


@asynccontextmanager
async def troubled(**options: Any) -> AsyncGenerator[tuple[Client, Proxy, Service]]:
    """A client, the proxy that it asks, and the service behind it."""
    service = Service()
    async with upstream(service) as url:
        with spoiled(url) as proxy:
            async with client_of(proxy.url, **options) as client:
                yield client, proxy, service


async def asked(client: Client, name: str = "A") -> Any:
    return await client.get((name,), ROW, route="row")


async def fault(asking: Awaitable[Any]) -> tuple[str, bool | None, str]:
    """Code, `retryable` and message of what it raises, none of which is the service's own."""
    with pytest.raises(GatewayError) as raised:
        await asking
    assert SECRET not in repr(raised.value)
    assert isinstance(raised.value, ProviderError)
    return raised.value.code, raised.value.retryable, str(raised.value)


FINAL = {
    Fault.RESET: (*UNAVAILABLE, LOST, 3),
    Fault.UNANSWERED: (*UNAVAILABLE, LOST, 3),
    Fault.CUT: (*UNAVAILABLE, LOST, 3),
    Fault.SHORT: (*UNAVAILABLE, LOST, 3),
    Fault.HALF_JSON: ("PROVIDER_ERROR", True, "team answered with something else than the metadata service does.", 2),
    Fault.HTML: ("PROVIDER_ERROR", True, "team answered with something else than the metadata service does.", 2),
    Fault.TRACEBACK: (*UNAVAILABLE, "team did not answer (status 500); try again.", 2),
    Fault.DATABASE_GONE: (*UNAVAILABLE, "team did not answer (status 500); try again.", 3),
    Fault.DATABASE_REFUSED: (
        "PROVIDER_ERROR", False, "team could not answer this; its database refused the question.", 1,
    ),
    Fault.BAD_GATEWAY: (*UNAVAILABLE, "team did not answer (status 502); try again.", 3),
    Fault.BUSY: (*UNAVAILABLE, "team did not answer (status 503); try again.", 3),
    Fault.THROTTLED: (*UNAVAILABLE, "team did not answer (status 429); try again.", 3),
    Fault.FORBIDDEN: ("PROVIDER_ERROR", False, "team refuses the gateway's credentials.", 1),
}  # fmt: skip


@in_a_loop
@pytest.mark.parametrize("kind", FINAL)
async def test_a_fault_that_lasts_is_told_by_its_code_after_some_tries(kind: Fault) -> None:
    *told, tries = FINAL[kind]
    spent = usage.Usage()
    usage.current.set(spent)
    async with troubled() as (client, proxy, _):
        proxy.plan = always(kind)
        assert [*await fault(asked(client))] == told
        assert (proxy.counts, spent.requests) == (Counter({kind: tries}), Counter(row=tries))


@in_a_loop
@pytest.mark.parametrize("kind", PASSING)
async def test_a_fault_that_passes_costs_another_try_and_no_error(kind: Fault) -> None:
    async with troubled() as (client, proxy, _):
        proxy.next.append(kind)
        assert await asked(client) == Reply({"path": "/A"}, False, None)
        assert await asked(client) == Reply({"path": "/A"}, False, None)


@in_a_loop
@pytest.mark.parametrize("kind", [Fault.RESET, Fault.UNANSWERED, Fault.STALE])
async def test_a_change_is_sent_again_after_a_connection_that_broke_before_a_reply(kind: Fault) -> None:
    async with troubled() as (client, proxy, service):
        proxy.next += [kind, Fault.NONE]
        assert await client.patch(("A",), b"{}", ROW) == {"path": "/A"}
        assert await client.patch(("A",), b"{}", ROW) == {"path": "/A"}
        assert set(service.targets) == {"PATCH /A"}


@in_a_loop
@pytest.mark.parametrize("kind", [Fault.CUT, Fault.SHORT, Fault.HALF_JSON, Fault.BAD_GATEWAY, Fault.BUSY])
async def test_a_change_is_not_sent_again_after_any_reply(kind: Fault) -> None:
    async with troubled() as (client, proxy, _):
        proxy.next.append(kind)
        code, _, _ = await fault(client.patch(("A",), b"{}", ROW))
        assert (code in ("PROVIDER_UNAVAILABLE", "PROVIDER_ERROR"), len(proxy.done)) == (True, 1)


@in_a_loop
async def test_a_question_that_the_database_refuses_is_told_apart() -> None:
    async with troubled() as (client, proxy, _):
        proxy.next.append(Fault.DATABASE_REFUSED)
        with pytest.raises(Failed):
            await asked(client)


@in_a_loop
async def test_a_question_that_always_fails_does_not_close_the_service_to_others() -> None:
    async with troubled() as (client, proxy, _):
        proxy.plan = always(Fault.TRACEBACK)
        for _ in range(4):
            with pytest.raises(Crashed):
                await asked(client)
        proxy.plan = always(Fault.NONE)
        assert await asked(client) == Reply({"path": "/A"}, False, None)


@in_a_loop
@pytest.mark.parametrize("kind", [Fault.LATE, Fault.SLOW])
async def test_who_takes_too_long_is_given_up_and_not_asked_again(kind: Fault) -> None:
    async with troubled(single_seconds=0.2) as (client, proxy, _):
        proxy.pause = 1.0
        proxy.plan = always(kind)
        assert await fault(asked(client)) == (*UNAVAILABLE, "team did not answer within 0.2 s; try again.")
        assert len(proxy.done) == 1


@in_a_loop
async def test_lists_may_take_longer_than_objects() -> None:
    async with troubled(single_seconds=0.1, listing_seconds=5) as (client, proxy, _):
        proxy.pause = 0.3
        proxy.plan = always(Fault.LATE)
        assert await client.get(("A",), ROW, listing=True) == Reply({"path": "/A"}, False, None)


@in_a_loop
async def test_a_connection_that_was_closed_while_idle_is_no_failure() -> None:
    async with troubled() as (client, proxy, _):
        proxy.plan = always(Fault.STALE)
        for name in map(str, range(20)):  # the breaker would open at five
            assert await asked(client, name) == Reply({"path": f"/{name}"}, False, None)


@in_a_loop
async def test_connections_are_kept_and_used_again() -> None:
    async with troubled(at_once=2) as (client, proxy, _):
        for _ in range(3):
            await asyncio.gather(*(asked(client, name) for name in "abcdef"))
        assert proxy.connections == 2


@in_a_loop
async def test_nobody_listens() -> None:
    async with client_of("http://127.0.0.1:9") as client:
        assert await fault(asked(client)) == (*UNAVAILABLE, "team can't be reached; try again.")


@in_a_loop
async def test_what_does_not_speak_http() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")  # a connection that is closed with bytes unread is reset
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with client_of(f"http://127.0.0.1:{port}") as client:
            assert await fault(asked(client)) == ("PROVIDER_ERROR", True, "team does not speak HTTP as it should.")


@in_a_loop
async def test_tries_end_with_the_budget() -> None:
    spent = usage.Usage(requests_left=2)
    usage.current.set(spent)
    async with troubled() as (client, proxy, _):
        proxy.plan = always(Fault.BAD_GATEWAY)
        assert (await fault(asked(client)))[:2] == UNAVAILABLE
        assert len(proxy.done) == 2
        with pytest.raises(LimitExceeded):
            await asked(client)


@in_a_loop
async def test_after_five_failures_nothing_is_asked_until_a_trial_succeeds() -> None:
    resting = "team did not answer of late, and is not asked for some seconds; try again."
    async with troubled() as (client, proxy, _):
        proxy.plan = always(Fault.BAD_GATEWAY)
        for _ in range(2):
            await fault(asked(client))
        assert len(proxy.done) == 5
        started = time.monotonic()
        assert await fault(asked(client)) == (*UNAVAILABLE, resting)
        assert (len(proxy.done), time.monotonic() - started < 0.5) == (5, True)
        proxy.plan = always(Fault.NONE)
        proxy.latency = 0.1
        await asyncio.sleep(1.1)
        found = await asyncio.gather(*(asked(client, name) for name in "abc"), return_exceptions=True)
        assert [type(one).__name__ for one in found] == ["Reply", "ProviderUnavailable", "ProviderUnavailable"]
        assert await asked(client) == Reply({"path": "/A"}, False, None)


@in_a_loop
async def test_the_log_says_where_a_service_in_trouble_is_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"127.0.0.1:{unused.getsockname()[1]}"
    async with client_of(f"http://me:secret@{url}/at") as client:
        for _ in range(2):
            assert (await fault(asked(client)))[:2] == UNAVAILABLE
    (told,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert told.startswith(f"team can't be reached; try again. (http://{url}/at: ")
    assert ("Connect call failed" in told or "Cannot connect" in told, "secret" in told) == (True, False)


@in_a_loop
async def test_the_service_is_given_the_time_that_it_asks_for() -> None:
    async with troubled() as (client, proxy, _):
        proxy.retry_after = "1"
        proxy.next.append(Fault.BUSY)
        started = time.monotonic()
        assert await asked(client) == Reply({"path": "/A"}, False, None)
        assert time.monotonic() - started >= 1


@in_a_loop
@pytest.mark.parametrize("date", [False, True])
async def test_who_asks_for_much_time_is_left_alone_meanwhile(date: bool) -> None:
    async with troubled() as (client, proxy, _):
        later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
        proxy.retry_after = later if date else "30"
        proxy.next.append(Fault.BUSY)
        assert await fault(asked(client)) == (*UNAVAILABLE, "team did not answer (status 503); try again.")
        assert (await fault(asked(client)))[:2] == UNAVAILABLE
        assert len(proxy.done) == 1


@in_a_loop
async def test_of_thousands_of_questions_each_is_answered_right_or_with_an_error() -> None:
    """With operations that leave, and a service that stalls in between."""
    chance = random.Random(7)

    async def operation(client: Client, number: int) -> str:
        spent = usage.Usage(deadline=time.monotonic() + 30)
        usage.current.set(spent)
        if chance.random() < 0.1:
            asyncio.get_running_loop().call_later(chance.random() / 100, spent.end)
        name = str(number % 700)
        try:
            reply = await asked(client, name)
        except ProviderError as error:
            return error.code if SECRET not in str(error) else "leaked"
        except asyncio.CancelledError:
            return "left"
        assert (reply, spent.work) == (Reply({"path": f"/{name}"}, False, None), set())
        return "right"

    async with troubled() as (client, proxy, _):
        proxy.plan = seeded(1, 0.15)
        outcomes = Counter[str]()
        for batch in range(6):
            numbers = range(batch * 500, batch * 500 + 500)
            outcomes.update(await asyncio.gather(*(asyncio.create_task(operation(client, n)) for n in numbers)))
        assert (outcomes.total(), outcomes["right"] > 2000, outcomes["leaked"]) == (3000, True, 0)
        print(outcomes, len(proxy.done))
        assert proxy.counts.keys() == {Fault.NONE, *PASSING}
