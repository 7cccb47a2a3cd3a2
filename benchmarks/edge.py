"""What it costs to let strangers in: requests as they are served, and as they would be to friends.

The same application but for HTTP's sockets: with limits, costs, budgets, browsers' rules, media types, caching; and
with the executor alone behind a route. CPU time from a request's body to the answer's bytes, in turns.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope
from support import shapes
from support.answering import ours
from support.timing import taken

from metaflow_graphql.providers import usage
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.server import operations
from metaflow_graphql.server.app import application
from metaflow_graphql.server.browsers.hosts import Hosts
from metaflow_graphql.server.serve import collect_briefly

SECONDS = 6.0  # for each way of each shape
HEADERS = [(b"host", b"127.0.0.1:8080"), (b"accept", b"*/*"), (b"content-type", b"application/json")]

Asked = Callable[[bytes], Awaitable[bytes]]


class Context(shapes.Context):
    """That of the shapes, as the server takes it."""

    def __init__(self) -> None:
        super().__init__()
        self.reported: list[object] = []

    def end(self) -> None:
        """Nothing is held."""


async def executed(request: Request) -> Response:
    return Response(await ours(await request.body()), media_type="application/json")


def asked(app: ASGIApp) -> Asked:
    """What the application answers to a body."""

    async def answer(body: bytes) -> bytes:
        sent = bytearray()
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return messages.pop() if messages else await asyncio.get_running_loop().create_future()  # nobody goes away

        async def send(message: Message) -> None:
            sent.extend(message.get("body", b""))

        scope: Scope = {
            "type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "root_path": "",
            "query_string": b"", "scheme": "http", "headers": HEADERS, "client": ("127.0.0.1", 1), "server": ("", 80),
        }  # fmt: skip
        usage.current.set(usage.Usage())  # as a request's own task would have
        await app(scope, receive, send)
        return bytes(sent)

    return answer


async def measured(shape: str, query: str, ways: dict[str, Asked]) -> None:
    body = json.dumps({"query": query}).encode()
    answers = [await answer(body) for answer in ways.values()]
    assert len({*answers}) == 1, "the answers differ"
    times: dict[str, list[float]] = {way: [] for way in ways}
    until = time.perf_counter() + SECONDS * len(ways)
    while time.perf_counter() < until:
        for way, answer in ways.items():
            for _ in range(max(1, 20_000 // len(answers[0]))):
                begun = time.process_time()
                await answer(body)
                times[way].append(time.process_time() - begun)
    print(f"{shape}: {len(answers[0]):,} bytes")
    least = taken(times["executor alone"])
    for way in ways:
        of_way = taken(times[way])
        for name, seconds, compared in (("min", of_way.least, least.least), ("median", of_way.median, least.median)):
            more = seconds - compared
            print(f"  {way:16} {name:7} {seconds * 1e6:10.1f} µs {more * 1e6:+9.1f} µs {more / compared:+7.1%}")


async def main() -> None:
    operations.context_for = lambda *_, **__: Context()  # type: ignore[assignment]
    gateway = Gateway({}, "default")
    ways = {
        "executor alone": asked(Starlette(routes=[Route("/graphql", executed, methods=["POST"])])),
        "as served": asked(application(shapes.OURS, gateway, hosts=Hosts(None, anywhere=False))),
    }
    collect_briefly()
    for name in ("nested", "one field"):
        (shape,) = (shape for shape in shapes.QUERIES if name in shape)
        await measured(shape, shapes.QUERIES[shape], ways)


if __name__ == "__main__":
    uvloop.run(main())
