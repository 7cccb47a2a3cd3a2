"""The application with an audit log."""

import asyncio

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..audit.entries import entry_of
from ..connections.clients import has_gone
from ..ending import stopping
from ..error_answers import with_refusal
from .control import AccessControl


class Audited:
    """An ASGI application around all of another one, so that no answer is without an entry in `scope["state"]`: a line
    is made of it once the request is over, whoever answered it."""

    def __init__(self, app: ASGIApp, access: AccessControl) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        status: int | None = None

        async def noted(message: Message) -> None:
            nonlocal status
            await send(message)
            if message["type"] == "http.response.start" and not has_gone(scope):
                status = message["status"]

        # A connection that refuses what it has given to the application already has the entry of that.
        entry = entry_of(scope)
        if entry is None:
            try:
                entry = await self._access.entry(HTTPConnection(scope))
            except asyncio.CancelledError:  # the gateway ends while the file of the configuration is read
                entry = self._access.entry_as_known(HTTPConnection(scope))
                scope = with_refusal(scope, stopping())
        scope["state"]["entry"] = entry
        entry.told_of = scope
        try:
            await self._app(scope, receive, noted)
        finally:
            if entry.told_of is scope:
                self._access.write(entry, scope, status)
