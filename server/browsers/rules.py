"""The application as browsers get to it."""

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..error_answers import error_answer, refusal_of
from ..errors import RequestError
from ..request_ids import request_id
from .headers import DEFAULTS, completed
from .hosts import Hosts, without_one
from .origins import EXPOSED, Origins

_EMBEDDED = {b"cross-origin-resource-policy": b"cross-origin"}
_READ = {b"access-control-expose-headers": ", ".join(EXPOSED).encode()}


class BrowserRules:
    """An ASGI application around another one: refuses names and origins that are not the gateway's, answers what the
    connection refuses, and completes the headers of every answer, errors too. `hosts`: None where any name will do."""

    def __init__(self, app: ASGIApp, origins: Origins, hosts: Hosts | None = None) -> None:
        self._app = app
        self._origins = origins
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers: dict[bytes, bytes] = dict(scope["headers"])
        more = DEFAULTS | {b"x-request-id": request_id(scope).encode()}
        if self._origins.embeds(scope, headers):
            more |= _EMBEDDED
            if b"origin" in headers and self._origins.lets_in(scope, headers):
                more |= _READ | {b"access-control-allow-origin": headers[b"origin"]}

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": completed(message.get("headers", ()), more)}
            await send(message)

        answer = self._answer(scope, headers)
        return await (answer or self._app)(scope, receive, told)

    def _answer(self, scope: Scope, headers: dict[bytes, bytes]) -> Response | None:
        """What is answered without asking the application; None for all else."""
        refusal = refusal_of(scope)
        if refusal is None:
            given = [value for name, value in scope["headers"] if name == b"host"]
            refusal = self._hosts.refusal(given) if self._hosts else without_one(given, scope.get("http_version"))
        if refusal:
            return error_answer(scope, refusal)
        if scope["method"] == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers:
            answer = self._origins.preflight(Headers(scope=scope))
            return error_answer(scope, answer) if isinstance(answer, RequestError) else answer
        refusal = self._origins.refusal(scope, headers)
        return error_answer(scope, refusal) if refusal else None
