"""An application called without a socket, by which what one request takes is counted."""

import asyncio
import cProfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple
from unittest.mock import patch

from starlette.types import ASGIApp, Message

from .hostile import Sent


class Answer(NamedTuple):
    """`media`: its Content-Type."""

    status: int
    media: str
    content: bytes


def _in_place(_: ThreadPoolExecutor, work: Callable[..., Any], /, *arguments: Any, **more: Any) -> Future[Any]:
    """What is given to a thread, done at once: all work of a request is in one place then, and counted."""
    done = Future[Any]()
    try:
        done.set_result(work(*arguments, **more))
    except BaseException as error:
        done.set_exception(error)
    return done


async def call(app: ASGIApp, sent: Sent) -> Answer:
    """What the application answers to a request whose client waits for it."""
    path, _, query = sent.target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": sent.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": _headers(sent),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    status, media, content = 0, "", bytearray()
    left: list[Message] = [{"type": "http.request", "body": sent.body, "more_body": False}]
    never = asyncio.Event()

    async def receive() -> Message:
        if left:
            return left.pop()
        await never.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status, media
        if message["type"] == "http.response.start":
            status = message["status"]
            media = dict(message["headers"]).get(b"content-type", b"").decode()
        content.extend(message.get("body", b""))

    await app(scope, receive, send)
    return Answer(status, media, bytes(content))


def _headers(sent: Sent) -> list[tuple[bytes, bytes]]:
    given = {"host": "127.0.0.1", "content-length": str(len(sent.body)), **sent.headers}
    return [(name.encode(), value.encode("latin-1")) for name, value in given.items()]


async def counted(app: ASGIApp, sent: Sent) -> tuple[Answer, int]:
    """The answer, and how many calls of functions it took, of Python's own too."""
    profile = cProfile.Profile()
    with patch.object(ThreadPoolExecutor, "submit", _in_place), profile:
        answer = await call(app, sent)
    return answer, sum(of.callcount for of in profile.getstats())
