"""A gateway in this process and without a socket, over folders that a test may change."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from gateways import Gateway
from metaflow_graphql import decoding
from metaflow_graphql.providers.artifacts import Artifacts
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers import context
from metaflow_graphql.schema import schema
from metaflow_graphql.server.app import application

Errors = list[tuple[str, list[str | int]]]


class Calls(httpx.BaseTransport):
    """Requests to an application, as calls; in a loop of its own, or in one that others use too."""

    def __init__(self, app: ASGIApp, runner: asyncio.Runner | None = None) -> None:
        self._app = httpx.ASGITransport(app)
        self._shared = runner is not None
        self._runner = runner or asyncio.Runner()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._answer(request))

    def close(self) -> None:
        if not self._shared:
            self._runner.close()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._app.handle_async_request(request)
        content = b"".join([part async for part in answer.aiter_raw()])
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


@contextmanager
def opened(
    root: Path,
    *others: Path,
    default_namespace: str | None = None,
    inactive_after: float = 86_400,
    stalled_after: float = 60,
    read_only: bool = False,
    limits: decoding.Limits | None = None,
) -> Generator[Gateway]:
    """A gateway whose metadata provider `default` reads a folder; `other1`, `other2`… read the others."""
    roots = {"default": root} | {f"other{number}": other for number, other in enumerate(others, 1)}
    providers = {name: LocalProvider(name, folder, read_only=read_only) for name, folder in roots.items()}
    artifacts = Artifacts(limits=limits) if limits else Artifacts()
    gateway = context.Gateway(
        providers, "default", default_namespace, inactive_after, stalled_after, artifacts=artifacts
    )
    try:
        with httpx.Client(transport=Calls(application(schema, gateway)), base_url="http://gateway") as client:
            yield Gateway(str(client.base_url), client)
    finally:
        for provider in providers.values():
            asyncio.run(provider.close())


def errors_of(answer: dict[str, Any]) -> Errors:
    """The code and the path of each error, in the order of the paths: the answer has them in the order they came in."""
    found = [(error["extensions"]["code"], error.get("path", [])) for error in answer.get("errors", [])]
    return sorted(found, key=lambda error: [*map(str, error[1])])
