"""Requests to a metadata service: how they go out, and whose they are."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import msgspec
import pytest
from aiohttp import web

from metaflow_graphql import __version__
from metaflow_graphql.providers import usage
from metaflow_graphql.providers.errors import LimitExceeded, ProviderError, ProviderUnavailable, TimedOut
from metaflow_graphql.providers.service.client import Client, NoRoute, Refused, Reply
from upstreams import asking, client_of, in_a_loop, said, upstream

FLOW = msgspec.json.Decoder(dict[str, Any])
FLOWS = msgspec.json.Decoder(list[dict[str, Any]])


class Recorder:
    """Answers with `{}`, or what stands in `replies`, and remembers what it was asked."""

    def __init__(self, *replies: web.Response) -> None:
        self.replies = list(replies)
        self.requests: list[web.BaseRequest] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.requests.append(request)
        return self.replies.pop(0) if self.replies else said()

    @property
    def targets(self) -> list[str]:
        return [request.raw_path for request in self.requests]

    def headers(self, name: str) -> list[str | None]:
        return [request.headers.get(name) for request in self.requests]


class Held:
    """Answers nothing until `go` is set; `order` is that in which it was asked."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self._moved = asyncio.Event()
        self.order: list[str] = []
        self.left = 0
        self.at_once = self.most_at_once = 0

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.order.append(request.path.strip("/"))
        self.at_once += 1
        self._moved.set()
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.left += 1
            self._moved.set()
            raise
        finally:
            self.at_once -= 1
        return said()

    async def asked(self, count: int = 1, *, left: int = 0) -> None:
        """Returns when it has been asked so often, and so many have left before an answer."""
        async with asyncio.timeout(5):
            while len(self.order) < count or self.left < left:
                self._moved.clear()
                await self._moved.wait()


async def as_operation(spent: usage.Usage, asked: Awaitable[Any]) -> Any:
    usage.current.set(spent)
    return await asked


def operation(client: Client, spent: usage.Usage, *parts: str) -> "asyncio.Task[Any]":
    """A task of that operation that asks for one object."""
    return asyncio.create_task(as_operation(spent, client.get(parts, FLOW, route="flow")))


@in_a_loop
async def test_a_reply_says_whether_it_is_a_page() -> None:
    rows, found = '[{"flow_id": "A"}]', [{"flow_id": "A"}]
    replies = [said(rows), said(rows, X_Limit="1"), said(rows, X_Limit="1", X_Next_Cursor="e30=")]
    async with asking(Recorder(*replies)) as client:
        assert [await client.get(("flows",), FLOWS) for _ in range(3)] == [
            Reply(found, False, None),
            Reply(found, True, None),
            Reply(found, True, "e30="),
        ]


@in_a_loop
async def test_the_service_is_told_who_asks() -> None:
    recorder = Recorder()
    async with asking(recorder) as client:
        await client.get(("flows", "A"), FLOW)
    assert recorder.headers("User-Agent") == [f"metaflow-graphql/{__version__}"]


@in_a_loop
async def test_an_object_that_does_not_exist_is_none_and_a_route_that_does_not_is_said() -> None:
    replies = [said("{}", 404), said("{}", 404), said("404: Not Found", 404), said('{"message": "Not Found"}', 404)]
    async with asking(Recorder(*replies)) as client:
        assert await client.get(("flows", "A"), FLOW) is None
        assert await client.patch(("flows", "A"), b"{}", FLOW) is None
        for _ in range(2):
            with pytest.raises(NoRoute):
                await client.get(("flows", "A"), FLOW)


@in_a_loop
@pytest.mark.parametrize("status", [400, 405, 409, 422])
async def test_what_the_service_refuses_is_not_asked_again(status: int) -> None:
    recorder = Recorder(*[said('"no"', status) for _ in range(2)])
    async with asking(recorder) as client:
        for asked in (client.get(("flows",), FLOWS), client.patch(("flows",), b"{}", FLOW)):
            with pytest.raises(Refused) as raised:
                await asked
            assert raised.value.status == status
    assert len(recorder.requests) == 2


@in_a_loop
async def test_each_part_is_encoded_on_its_own_below_the_path_of_the_url() -> None:
    recorder = Recorder()
    async with upstream(recorder) as url, client_of(f"{url}/api/metadata/") as client:
        await client.get(("flows", "a/b?c#d%2E é", "..x"), FLOW, (("_tags:any", "a,b&c"), ("_cursor", "e30=+/")))
        await client.patch(("flows", "A", "tag", "mutate"), b"{}", FLOW)
    assert recorder.targets == [
        "/api/metadata/flows/a%2Fb%3Fc%23d%252E%20%C3%A9/..x?_tags%3Aany=a%2Cb%26c&_cursor=e30%3D%2B%2F",
        "/api/metadata/flows/A/tag/mutate",
    ]


@in_a_loop
async def test_what_no_object_is_called_by_is_not_asked_for() -> None:
    recorder = Recorder()
    async with asking(recorder) as client:
        for name in ("", ".", "..", "a\0", "\ud83d", "x" * 256):
            assert await client.get(("flows", name), FLOW) is None
            assert await client.patch(("flows", name, "tag"), b"{}", FLOW) is None
    assert recorder.targets == []


@in_a_loop
async def test_user_and_password_of_the_url_are_sent_and_not_shown() -> None:
    recorder = Recorder()
    async with upstream(recorder) as url, client_of(url.replace("//", "//me:p%40ss@")) as client:
        await client.get(("flows", "A"), FLOW)
        assert client.url == url
    assert recorder.headers("Authorization") == ["Basic bWU6cEBzcw=="]


@in_a_loop
async def test_cookies_are_not_kept_and_redirects_not_followed() -> None:
    elsewhere = Recorder()
    async with upstream(elsewhere) as other:
        recorder = Recorder(said("[]", Set_Cookie="session=1"), said("", 302, Location=f"{other}/flows"))
        async with asking(recorder) as client:
            await client.get(("flows",), FLOWS)
            with pytest.raises(ProviderError, match=r"^team answered with a redirect: its URL is not quite right\.$"):
                await client.get(("flows",), FLOWS)
    assert (recorder.headers("Cookie"), elsewhere.targets) == ([None, None], [])


@in_a_loop
async def test_a_change_is_sent_with_its_body() -> None:
    async def echo(request: web.BaseRequest) -> web.Response:
        return said(json.dumps({"method": request.method, "sent": await request.json()}))

    async with asking(echo) as client:
        answer = await client.patch(("tag",), b'{"tags_to_add": ["x"]}', FLOW)
    assert answer == {"method": "PATCH", "sent": {"tags_to_add": ["x"]}}


@in_a_loop
async def test_equal_questions_under_way_are_asked_once_for_all_operations() -> None:
    held, first, second = Held(), usage.Usage(), usage.Usage()
    async with asking(held) as client:
        tasks = [operation(client, spent, "A") for spent in (first, first, second)]
        await held.asked()
        held.go.set()
        assert await asyncio.gather(*tasks) == [Reply({}, False, None)] * 3
        await operation(client, second, "A")
    assert held.order == ["A", "A"]
    assert [first.requests, second.requests] == [Counter(flow=1), Counter(flow=1)]


@in_a_loop
async def test_what_is_not_equal_is_asked_each_for_itself() -> None:
    held = Held()
    async with asking(held) as client:
        asked = [client.get(("A",), FLOW), client.get(("A",), FLOW, (("_limit", "1"),)), client.get(("A",), FLOWS)]
        tasks = [asyncio.ensure_future(ask) for ask in [*asked, *(client.patch(("A",), b"{}", FLOW) for _ in "ab")]]
        await held.asked(5)
        held.go.set()
        await asyncio.gather(*tasks, return_exceptions=True)


@in_a_loop
async def test_a_shared_question_outlives_who_asked_it_first() -> None:
    held, first, second = Held(), usage.Usage(), usage.Usage()
    async with asking(held) as client:
        gone, stays = operation(client, first, "A"), operation(client, second, "A")
        await held.asked()
        first.end()
        with pytest.raises(asyncio.CancelledError):
            await gone
        held.go.set()
        assert await stays == Reply({}, False, None)
    assert (held.order, held.left, first.work, second.work) == (["A"], 0, set(), set())


@in_a_loop
async def test_a_question_is_dropped_when_all_who_asked_it_are_gone() -> None:
    held, spent = Held(), usage.Usage()
    async with asking(held) as client:
        tasks = [operation(client, spent, "A") for _ in range(3)]
        await held.asked()
        spent.end()
        await asyncio.wait(tasks)
        assert [task.cancelled() for task in tasks] == [True] * 3
        await held.asked(left=1)
        again = operation(client, usage.Usage(), "A")
        await held.asked(2)
        held.go.set()
        assert await again == Reply({}, False, None)


@in_a_loop
async def test_what_was_asked_before_a_change_is_no_answer_after_it() -> None:
    held = Held()

    async def answer(request: web.BaseRequest) -> web.Response:
        return said() if request.method == "PATCH" else await held(request)

    async with asking(answer) as client:
        before = operation(client, usage.Usage(), "A")
        await held.asked()
        await client.patch(("A",), b"{}", FLOW)
        after = [operation(client, usage.Usage(), "A") for _ in range(2)]
        await held.asked(2)
        held.go.set()
        assert await asyncio.gather(before, *after) == [Reply({}, False, None)] * 3
    assert held.order == ["A", "A"]


@in_a_loop
async def test_an_operation_that_is_over_asks_nothing() -> None:
    held = Held()
    async with asking(held) as client:
        with pytest.raises(asyncio.CancelledError):
            await operation(client, usage.Usage(over=True), "A")
    assert held.order == []


@in_a_loop
async def test_no_more_than_so_many_are_under_way() -> None:
    held = Held()
    async with asking(held, at_once=3) as client:
        tasks = [operation(client, usage.Usage(), str(number)) for number in range(10)]
        await held.asked(3)
        await asyncio.sleep(0.05)
        assert held.most_at_once == 3
        held.go.set()
        await asyncio.gather(*tasks)
    assert (held.most_at_once, len(held.order)) == (3, 10)


@in_a_loop
async def test_operations_take_turns() -> None:
    held, large, small = Held(), usage.Usage(), usage.Usage()
    async with asking(held, at_once=1) as client:
        tasks = [operation(client, large, f"large{number}") for number in range(5)]
        tasks += [operation(client, small, f"small{number}") for number in range(2)]
        await held.asked()
        held.go.set()
        await asyncio.gather(*tasks)
    assert held.order == ["large0", "large1", "small0", "large2", "small1", "large3", "large4"]


@in_a_loop
@pytest.mark.parametrize("later", [False, True])
async def test_who_asks_what_others_wait_to_ask_waits_no_longer_for_it(later: bool) -> None:
    held, large, small = Held(), usage.Usage(), usage.Usage()
    async with asking(held, at_once=1) as client:
        tasks = [operation(client, large, name) for name in ("large0", "large1", "large2", "large3", "both")]
        if later:
            await held.asked()
        tasks += [operation(client, small, name) for name in ("both", "both", "small")]
        await asyncio.sleep(0)
        await held.asked()
        held.go.set()
        await asyncio.gather(*tasks)
    assert held.order == ["large0", "large1", "both", "large2", "small", "large3"]


@in_a_loop
async def test_what_waits_for_others_of_its_operation_goes_at_once_where_another_asks_it() -> None:
    held, large, small = Held(), usage.Usage(), usage.Usage()
    async with asking(held, at_once=4) as client:
        tasks = [operation(client, large, name) for name in "abcdef"]
        await held.asked(3)
        await asyncio.sleep(0.05)
        assert held.order == ["a", "b", "c"]
        tasks.append(operation(client, small, "f"))
        await held.asked(4)
        assert held.order == ["a", "b", "c", "f"]
        held.go.set()
        await asyncio.gather(*tasks)
    assert held.order == ["a", "b", "c", "f", "d", "e"]


@in_a_loop
async def test_what_was_let_in_for_another_operation_is_no_turn_of_its_own() -> None:
    held, first, second = Held(), usage.Usage(), usage.Usage()
    async with asking(held, at_once=1) as client:
        asked = [(first, "a"), (first, "both"), (first, "b"), (second, "both"), (second, "c")]
        tasks = [operation(client, spent, name) for spent, name in asked]
        await held.asked()
        held.go.set()
        await asyncio.gather(*tasks)
    assert held.order == ["a", "both", "c", "b"]


@in_a_loop
async def test_who_leaves_the_queue_leaves_its_place_to_others() -> None:
    held, gone, stays = Held(), usage.Usage(), usage.Usage()
    async with asking(held, at_once=1) as client:
        tasks = [operation(client, spent, name) for spent, name in [(stays, "a"), (gone, "b"), (stays, "c")]]
        await held.asked()
        gone.end()
        held.go.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        await operation(client, stays, "d")
    assert held.order == ["a", "c", "d"]


@in_a_loop
async def test_a_budget_that_is_used_up_ends_in_an_error() -> None:
    recorder, spent = Recorder(), usage.Usage(requests_left=2)
    async with asking(recorder) as client:
        tasks = [operation(client, spent, name) for name in "abc"]
        found = await asyncio.gather(*tasks, return_exceptions=True)
    assert found[:2] == [Reply({}, False, None)] * 2
    assert isinstance(found[2], LimitExceeded)
    assert "upstreamRequests" in str(found[2])
    assert (recorder.targets, spent.requests, spent.requests_left) == (["/a", "/b"], Counter(flow=2), 0)


@in_a_loop
async def test_the_deadline_of_an_operation_is_its_own() -> None:
    held, early, late = Held(), usage.Usage(deadline=time.monotonic() + 0.1), usage.Usage()
    async with asking(held) as client:
        first, second = operation(client, early, "A"), operation(client, late, "A")
        with pytest.raises(TimedOut):
            await first
        with pytest.raises(TimedOut):
            await operation(client, early, "B")
        held.go.set()
        assert await second == Reply({}, False, None)
    assert held.order == ["A"]


@in_a_loop
async def test_a_large_body_is_decoded_as_a_small_one() -> None:
    rows: list[dict[str, Any]] = [{"flow_id": f"Flow{number}", "tags": ["é", None]} for number in range(30_000)]
    broken = [*rows, {"flow_id": 1}]
    form = msgspec.json.Decoder(list[dict[str, str | list[str | None]]])
    replies = [said(json.dumps(rows)), said(json.dumps({"rows": rows})), *[said(json.dumps(broken)) for _ in range(2)]]
    async with asking(Recorder(*replies)) as client:
        assert await client.get(("flows",), form) == Reply(rows, False, None)
        assert await client.get(("flows",), FLOW) == Reply({"rows": rows}, False, None)
        with pytest.raises(ProviderError, match="something else"):
            await client.get(("flows",), form)


@in_a_loop
async def test_a_body_beyond_the_limit_is_not_read_to_its_end() -> None:
    sent = 0

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 65_536)
            sent += 65_536

    async with asking(endless, largest_body=1_000_000) as client:
        with pytest.raises(LimitExceeded, match="team answered with more than 1000000 bytes"):
            await client.get(("flows",), FLOWS)
    assert sent < 32_000_000  # what buffers hold between the two


@in_a_loop
async def test_who_waits_while_it_is_closed_is_told() -> None:
    held = Held()
    async with asking(held) as client:
        waiting = operation(client, usage.Usage(), "A")
        await held.asked()
        await client.close()
        with pytest.raises(ProviderUnavailable):
            await waiting


def test_it_works_in_one_event_loop_after_another() -> None:
    client = Client("http://127.0.0.1:9")

    async def once() -> Reply[dict[str, Any]] | None:
        async with upstream(Recorder()) as url:
            client.url = url
            return await client.get(("A",), FLOW)

    assert [asyncio.run(once()) for _ in range(2)] == [Reply({}, False, None)] * 2
    asyncio.run(client.close())


@in_a_loop
async def test_proxies_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    async with upstream(recorder) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("no_proxy", "metadata.invalid")
        async with client_of("http://service.invalid") as client:
            assert await client.get(("A",), FLOW) == Reply({}, False, None)
        async with client_of("http://metadata.invalid") as client:
            with pytest.raises(ProviderUnavailable):
                await client.get(("A",), FLOW)
    assert recorder.targets == ["http://service.invalid/A"]
