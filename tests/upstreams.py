"""Small HTTP servers to be asked, on real sockets, in the event loop of a test."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec

from aiohttp import web

from metaflow_graphql.providers.service.client import Client

P = ParamSpec("P")
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def in_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """The test in an event loop of its own; at its end no task of others may be left."""

    @wraps(test)
    def run(*arguments: P.args, **named: P.kwargs) -> None:
        async def alone() -> None:
            await test(*arguments, **named)
            await asyncio.sleep(0.01)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(alone())

    return run


@asynccontextmanager
async def upstream(handler: Handler) -> AsyncGenerator[str]:
    """The URL of a server that answers every request so; a handler is cancelled when its client leaves."""
    runner = web.ServerRunner(web.Server(handler, handler_cancellation=True), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client_of(url: str, *arguments: Any, **options: Any) -> AsyncGenerator[Client]:
    """A client of the provider `team`, closed at the end."""
    client = Client(url, *arguments, name="team", **options)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def asking(handler: Handler, *arguments: Any, **options: Any) -> AsyncGenerator[Client]:
    """A client of a server that answers so."""
    async with upstream(handler) as url, client_of(url, *arguments, **options) as client:
        yield client


def said(text: str = "{}", status: int = 200, **headers: str) -> web.Response:
    """As the service says it: JSON that is sent as plain text."""
    return web.Response(status=status, text=text, headers={name.replace("_", "-"): headers[name] for name in headers})
