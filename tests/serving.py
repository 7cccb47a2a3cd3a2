"""A small schema of fields that answer, fail and wait, behind a real server."""

import asyncio
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx
import strawberry
import uvicorn
from starlette.types import ASGIApp

from metaflow_graphql.providers import usage
from metaflow_graphql.providers.errors import CorruptMetadata, ProviderUnavailable
from metaflow_graphql.resolvers.context import Gateway, Info
from metaflow_graphql.server.app import application
from metaflow_graphql.server.browsers.hosts import Hosts
from metaflow_graphql.server.persisted.documents import PersistedDocuments

GRAPHQL_RESPONSE = "application/graphql-response+json"


@strawberry.type
class Query:
    @strawberry.field
    def greeting(self, name: str = "world") -> str:
        return f"Hello {name}"

    @strawberry.field
    def double(self, number: int = 1) -> int:
        return 2 * number

    @strawberry.field
    def self(self) -> "Query":
        return Query()

    @strawberry.field
    def corrupt(self) -> str | None:
        raise CorruptMetadata("HelloFlow/1 is half-written.")

    @strawberry.field
    def unavailable(self) -> str | None:
        raise ProviderUnavailable("team did not answer.")

    @strawberry.field
    def broken(self) -> str | None:
        raise OSError("/secret/path is a folder")

    @strawberry.field
    def unlike(self) -> int | None:
        return "text"  # pyright: ignore[reportReturnType] - a resolver that is wrong

    @strawberry.field
    def some(self, info: Info) -> list[str]:
        info.context.report(CorruptMetadata("HelloFlow/2 is half-written."), info)
        return ["HelloFlow/1"]

    @strawberry.field
    def lone(self) -> str:
        return "\ud83d"

    @strawberry.field
    def many(self, count: int) -> list[int]:
        return list(range(count))

    @strawberry.field
    async def costly(self) -> bool:
        spent = usage.current.get()
        spent.calls["runs"] += 1
        await asyncio.to_thread(_read)
        return True


@strawberry.type
class Mutation:
    @strawberry.mutation
    def touch(self) -> bool:
        return True

    @strawberry.mutation
    async def rest(self, seconds: float) -> bool:
        await asyncio.sleep(seconds)
        return True


def _read() -> None:
    usage.current.get().file_reads += 2


def small_application(
    cors_origins: tuple[str, ...] = (), documents: PersistedDocuments | None = None, hosts: Hosts | None = None
) -> ASGIApp:
    schema = strawberry.Schema(Query, Mutation)
    return application(schema, Gateway({}, "default"), cors_origins, documents=documents, hosts=hosts)


@contextmanager
def served(app: ASGIApp, **settings: Any) -> Generator[httpx.Client]:
    """A client of a real server in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings = {"lifespan": "off", **settings}
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, **settings))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def post(client: httpx.Client, query: str, accept: str = GRAPHQL_RESPONSE, **parameters: Any) -> Any:
    return client.post("/graphql", json={"query": query, **parameters}, headers={"accept": accept})


def error(code: str, message: str, *at: tuple[int, int]) -> dict[str, Any]:
    located = {"locations": [{"line": line, "column": column} for line, column in at]} if at else {}
    return {"message": message, **located, "extensions": {"code": code}}


def address(client: httpx.Client) -> tuple[str, int]:
    return client.base_url.host, client.base_url.port or 80


def answered(client: httpx.Client, *parts: bytes, pause: float = 0) -> bytes:
    """All that comes until the connection is closed."""
    with socket.create_connection(address(client), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        received = bytearray()
        try:
            while part := connection.recv(65536):
                received += part
        except ConnectionResetError:
            pass
        return bytes(received)
