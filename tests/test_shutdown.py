"""How a gateway over a metadata service ends: its connections closed, in time, and without a word."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx
import pytest
from aiohttp import web
from starlette.types import ASGIApp, Message

from faults import spoiled
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.service.client import Client
from metaflow_graphql.providers.service.provider import ServiceProvider
from metaflow_graphql.resolvers import context
from metaflow_graphql.schema import schema
from metaflow_graphql.server.app import application
from upstreams import in_a_loop, upstream
from watched import Watched, watching

QUERY = {"query": '{ flow(name: "A") { name } }'}
ABOUT_TO_STOP = json.dumps(
    {
        "errors": [
            {
                "message": "The gateway is about to stop; try again.",
                "extensions": {"code": "TIMEOUT", "retryable": True},
            }
        ]
    },
    separators=(",", ":"),
)


async def ask(gateway: Watched) -> str:
    async with aiohttp.ClientSession() as session, session.post(f"{gateway.url}/graphql", json=QUERY) as answer:
        return await answer.text()


async def none_such(_: web.BaseRequest) -> web.Response:
    return web.Response(status=404, text="{}")


class Hanging:
    """Never answers; `asked` once it should, `left` once the client gave up."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, _: web.BaseRequest) -> web.Response:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()
        raise AssertionError("unreachable")


@in_a_loop
async def test_idle_connections_to_a_service_are_closed_without_a_word(tmp_path: Path) -> None:
    async with upstream(none_such) as url:
        with watching(tmp_path, url) as gateway:
            assert await ask(gateway) == '{"data":{"flow":null}}'
            gateway.signal(signal.SIGTERM)
            assert await asyncio.to_thread(gateway.ended, 3) == -signal.SIGTERM
            assert gateway.said == ""


@asynccontextmanager
async def living(app: ASGIApp) -> AsyncGenerator[None]:
    """The application's lifespan."""
    events = asyncio.Queue[Message]()

    async def told(_: Message) -> None:
        return

    life = asyncio.ensure_future(app({"type": "lifespan"}, events.get, told))
    events.put_nowait({"type": "lifespan.startup"})
    yield
    events.put_nowait({"type": "lifespan.shutdown"})
    await life


@in_a_loop
async def test_an_application_that_ends_closes_its_connections() -> None:
    async with upstream(none_such) as url:
        with spoiled(url) as proxy:
            provider = ServiceProvider("default", Client(proxy.url), LocalDatastore(None))
            app = application(schema, context.Gateway({"default": provider}, "default"))
            async with (
                living(app),
                httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client,
            ):
                answer = await client.post("http://gateway/graphql", json=QUERY)
                assert (answer.text, proxy.connections) == ('{"data":{"flow":null}}', 1)
            await asyncio.sleep(0.1)
            assert proxy.connections == 0


@in_a_loop
async def test_a_service_that_hangs_does_not_keep_the_gateway(tmp_path: Path) -> None:
    hanging = Hanging()
    async with upstream(hanging) as url:
        with watching(tmp_path, url) as gateway:
            asking = asyncio.create_task(ask(gateway))
            await hanging.asked.wait()
            began = time.monotonic()
            gateway.signal(signal.SIGTERM)
            assert await asyncio.to_thread(gateway.ended, 8) == -signal.SIGTERM
            # Within the grace time, not by the timer that ends a process that does not.
            assert time.monotonic() - began < 5
            async with asyncio.timeout(1):
                await hanging.left.wait()
            assert await asking == ABOUT_TO_STOP
            assert gateway.said.partition("uvicorn.error: ")[2] == (
                "Cancel 1 running task(s), timeout graceful shutdown exceeded\n"
            )


@in_a_loop
async def test_whoever_presses_ctrl_c_twice_does_not_wait(tmp_path: Path) -> None:
    hanging = Hanging()
    async with upstream(hanging) as url:
        with watching(tmp_path, url) as gateway:
            asking = asyncio.create_task(ask(gateway))
            await hanging.asked.wait()
            gateway.signal(signal.SIGINT)
            await asyncio.sleep(0.5)
            gateway.signal(signal.SIGINT)
            await asyncio.to_thread(gateway.ended, 2)
            assert await asking == ABOUT_TO_STOP
            assert gateway.said == ""


STREAMING = """
import asyncio
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from metaflow_graphql.server.ending import ending
from metaflow_graphql.server.serve import listen, serve, url_of

async def body():
    yield b"begun"
    await asyncio.sleep(60)

async def answer(_):
    return StreamingResponse(body())

listening = listen("127.0.0.1", 0)
app = ending(Starlette(routes=[Route("/", answer)]))
serve(app, listening, lambda: print(url_of(listening), flush=True))
"""


def test_an_answer_that_has_begun_breaks_off_without_a_traceback() -> None:
    command = [sys.executable, "-c", STREAMING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        try:
            with httpx.stream("GET", process.stdout.readline().strip(), timeout=10) as answer:
                parts = answer.iter_raw()
                assert next(parts) == b"begun"
                process.send_signal(signal.SIGTERM)
                with pytest.raises(httpx.RemoteProtocolError):
                    next(parts)
        finally:
            process.terminate()
        assert process.wait(5) == -signal.SIGTERM
        assert process.stderr.read() == "Cancel 1 running task(s), timeout graceful shutdown exceeded\n"
