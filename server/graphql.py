"""GraphQL over HTTP (graphql.github.io/graphql-over-http): /graphql."""

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .browsers.page import page
from .clients import unless_gone
from .compression import CODINGS, SMALL, Content, compressed
from .encoding import dumps, encoded
from .errors import Faults, RequestError, refused
from .negotiation import GRAPHQL_RESPONSE, HTML, IDENTITY, JSON, coding, media_type
from .operations import Operation, Operations
from .requests import address, operation

_METHODS = {"allow": "GET, HEAD, POST, OPTIONS"}


class GraphQLEndpoint:
    """An ASGI application: operations by POST, queries by GET; and GraphiQL for browsers, unless it is off."""

    def __init__(self, operations: Operations, public_url: str | None, *, graphiql: bool = True) -> None:
        self._operations = operations
        self._public_url = public_url
        self._graphiql = graphiql

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
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=_METHODS)
            if request.method not in ("GET", "HEAD", "POST"):
                raise refused("METHOD_NOT_ALLOWED", "Operations are sent by POST, queries by GET too.", 405, _METHODS)
            reads = request.method != "POST"
            media = media_type(request.headers.getlist("accept"), html=reads and self._graphiql)
            if media == HTML:
                return page()
            asked = (await operation(request))._replace(address=self._public_url or address(request))
            answer = self._answer(asked, faults, queries_only=reads)
            return await _json(request, await unless_gone(request.receive, answer), media)
        except RequestError as error:
            status = error.status or (400 if media == GRAPHQL_RESPONSE else 200)
            return await _json(request, dumps({"errors": error.errors}), media, status, error.headers)
        except ClientDisconnect:
            raise
        except Exception as error:  # the one place where nothing may pass
            return await _json(request, dumps({"errors": [faults.internal(error)]}), media, 500)

    async def _answer(self, asked: Operation, faults: Faults, *, queries_only: bool) -> memoryview:
        return await encoded(await self._operations.answer(asked, faults, queries_only=queries_only))


async def _json(
    request: Request, content: Content, media: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    told = {"cache-control": "no-store", "vary": "accept, accept-encoding", **(headers or {})}
    if len(content) > SMALL:
        by = coding(request.headers.getlist("accept-encoding"), CODINGS)
        if by != IDENTITY:
            content, told["content-encoding"] = await compressed(content, by), by
    return Response(content, status, told, f"{media}; charset=utf-8")
