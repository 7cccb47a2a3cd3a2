"""GraphQL over HTTP (graphql.github.io/graphql-over-http): /graphql."""

from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from .clients import unless_gone
from .encoding import dumps, encoded
from .errors import Faults, RequestError, refused
from .operations import Operation, Operations
from .requests import GRAPHQL_RESPONSE, HTML, JSON, address, media_type, operation

GRAPHIQL = Path(__file__).parent / "graphiql"
_METHODS = {"allow": "GET, POST"}
# GraphiQL brings its own policy along, but this part of one must be a header.
_PAGE_HEADERS = {"content-security-policy": "frame-ancestors 'none'", "vary": "accept"}


class GraphQLEndpoint:
    """An ASGI application: operations by POST, queries by GET; and GraphiQL for browsers."""

    def __init__(self, operations: Operations, public_url: str | None) -> None:
        self._operations = operations
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._response(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        faults = Faults()
        media = JSON
        try:
            if request.method not in ("GET", "POST"):
                raise refused("METHOD_NOT_ALLOWED", "Operations are sent by POST, queries by GET too.", 405, _METHODS)
            media = media_type(request)
            if media == HTML:
                return FileResponse(GRAPHIQL / "index.html", headers=_PAGE_HEADERS)
            asked = (await operation(request))._replace(address=self._public_url or address(request))
            answer = self._answer(asked, faults, queries_only=request.method == "GET")
            return _json(await unless_gone(request.receive, answer), media)
        except RequestError as error:
            status = error.status or (400 if media == GRAPHQL_RESPONSE else 200)
            return _json(dumps({"errors": error.errors}), media, status, error.headers)
        except ClientDisconnect:
            raise
        except Exception as error:  # the one place where nothing may pass
            return _json(dumps({"errors": [faults.internal(error)]}), media, 500)

    async def _answer(self, asked: Operation, faults: Faults, *, queries_only: bool) -> memoryview:
        return await encoded(await self._operations.answer(asked, faults, queries_only=queries_only))


def _json(
    content: bytes | memoryview, media: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    caching = {"cache-control": "no-store", "vary": "accept"}
    return Response(content, status, {**caching, **(headers or {})}, f"{media}; charset=utf-8")
