"""Clients that go away before they are answered, and files that are too large to be read up to where they ask."""

import asyncio
import logging
import socket
import struct
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gateways import serving
from local_trees import EPOCH_MS, put, put_object, put_run
from metaflow_graphql.providers import usage
from metaflow_graphql.providers.base import Key
from metaflow_graphql.providers.local.operation import LocalOperation
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.app import application
from metaflow_graphql.server.connections.clients import unless_gone
from metaflow_graphql.server.connections.connection import Connection
from serving import address, served

TASK = "Made/1/start/1"


async def gone() -> dict[str, str]:
    return {"type": "http.disconnect"}


def put_task(root: Path) -> Path:
    put_run(root, "1")
    put_object(root, TASK.rpartition("/")[0], EPOCH_MS)
    task = put_object(root, TASK, EPOCH_MS)
    for name, value in (("attempt", "0"), ("ds-root", str(root / ".metaflow"))):
        event = {"field_name": name, "type": name, "value": value, "tags": ["attempt_id:0"], "ts_epoch": EPOCH_MS}
        put(task / "_meta" / f"sysmeta_{name}_{EPOCH_MS}.json", event)
    return task


def test_work_ends_once_its_client_has_gone() -> None:
    ended: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    with pytest.raises(ClientDisconnect):
        asyncio.run(unless_gone(gone, work()))
    assert ended == [True]


@pytest.mark.parametrize("requests", [1, 2])
def test_who_goes_away_within_an_answer_is_noticed_and_costs_no_traceback(
    caplog: pytest.LogCaptureFixture, requests: int
) -> None:
    begun, gone, told = threading.Event(), threading.Event(), list[str]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        begun.set()
        await asyncio.to_thread(gone.wait, 10)
        for _ in range(100):  # what is sent first may still be taken
            await send({"type": "http.response.body", "body": b"part", "more_body": True})
            await asyncio.sleep(0.001)
        told.append((await asyncio.wait_for(receive(), 10))["type"])
        await send({"type": "http.response.body", "body": b"end"})

    with served(app, http=Connection) as client:
        with socket.create_connection(address(client), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n" * requests)
            begun.wait(10)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.set()
    assert told == ["http.disconnect"]
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


class Stalled(LocalProvider):
    """Whose disk does not answer for steps; `ended` is set once nobody waits for it any more."""

    def __init__(self, root: Path) -> None:
        super().__init__("default", root)
        self.asked, self.ended = asyncio.Event(), asyncio.Event()

    def for_operation(self, *, of_records: bool = False) -> LocalOperation:
        return self

    async def steps_of(self, runs: list[Key]) -> Any:
        self.asked.set()
        usage.current.get().work.add(waiting := asyncio.get_running_loop().create_future())
        try:
            await waiting
        finally:
            self.ended.set()


def test_an_operation_ends_once_its_client_has_gone(tmp_path: Path) -> None:
    put_task(tmp_path)
    query = b'{"query": "{ runs { nodes { runId steps { name } } } }"}'
    headers = [(b"content-type", b"application/json"), (b"accept", b"*/*"), (b"host", b"here")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b""}
    scope |= {"headers": headers, "scheme": "http", "server": ("here", 80)}
    sent: list[Any] = []

    async def asked() -> None:
        provider = Stalled(tmp_path)
        messages = iter([{"type": "http.request", "body": query, "more_body": False}])

        async def receive() -> Any:
            if message := next(messages, None):
                return message
            await provider.asked.wait()
            return await gone()

        async def send(message: Any) -> None:
            sent.append(message)

        try:
            app = application(schema, Gateway({"default": provider}, "default"))
            await asyncio.wait_for(app(scope, receive, send), 10)
            await asyncio.wait_for(provider.ended.wait(), 10)
        finally:
            await provider.close()

    asyncio.run(asked())
    assert sent == []


def test_a_part_is_not_looked_for_once_the_client_has_gone(tmp_path: Path) -> None:
    (put_task(tmp_path) / "0.task_stdout.log").write_bytes(b"line\n" * 1_000_000)
    path = f"/files/log/default/{TASK}/stdout"
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    provider = LocalProvider("default", tmp_path)

    async def asked() -> None:
        try:
            app = application(schema, Gateway({"default": provider}, "default"))
            await app({**scope, "headers": [(b"range", b"bytes=-1")]}, gone, send)
        finally:
            await provider.close()

    asyncio.run(asked())
    assert sent == []


def test_a_part_of_a_card_is_read_from_where_it_begins(tmp_path: Path) -> None:
    put_task(tmp_path)
    page = tmp_path / ".metaflow/mf.cards/Made/runs/1/steps/start/tasks/1/cards/blank-abc.html"
    page.parent.mkdir(parents=True)
    with page.open("wb") as file:
        file.truncate(2**40)
        file.seek(0, 2)
        file.write(b"end")
    with serving(tmp_path) as gateway:
        found = httpx.get(f"{gateway.url}/files/card/default/{TASK}/abc", headers={"range": "bytes=-4"}, timeout=10)
    assert (found.status_code, found.content) == (206, b"\0end")
    assert found.headers["content-range"] == f"bytes {2**40 - 1}-{2**40 + 2}/{2**40 + 3}"
