"""The application behind access control: every route, but for those that are open to all."""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...resolvers.links import PREFIX
from ...resolvers.signatures import SIGNATURE
from ..caching.headers import NOT_KEPT, VARY
from ..encoding import dumps
from ..errors import RequestError
from ..negotiation import GRAPHQL_RESPONSE, HTML, JSON, media_type
from .admission import Admission
from .control import AccessControl

# GraphiQL's files are everybody's; that the process lives is no secret.
_OPEN = ("/healthz",)
_OPEN_FOLDER = "/graphiql/"


class Gate:
    """Lets a request in with its Admission in `scope["state"]`, and answers itself where it does not: what comes
    behind need not be named here to be guarded."""

    def __init__(self, app: ASGIApp, access: AccessControl) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        else:
            await self._guarded(Request(scope), receive, send)

    async def _guarded(self, request: Request, receive: Receive, send: Send) -> None:
        admission = await self._access.begun(request)
        request.scope.setdefault("state", {})["admission"] = admission
        status: int | None = None

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(admission.headers())
            await send(message)

        try:
            refusal = None if _open(request.scope) else await self._refusal(request, admission)
            if refusal is None or _is_optional(request, admission):
                await self._app(request.scope, receive, noted)
            else:
                await _response(request, refusal)(request.scope, receive, noted)
        finally:
            self._access.ended(request, admission, status)

    async def _refusal(self, request: Request, admission: Admission) -> RequestError | None:
        """Why nobody is let in."""
        try:
            await self._access.admit(request, admission)
        except RequestError as error:
            admission.refusal = error
            return error
        return None


def _is_optional(request: Request, admission: Admission) -> bool:
    """Whether the route answers those too who were not let in, if differently: the page of GraphiQL, readiness
    without names, and files to whom a signed URL is enough."""
    path: str = request.scope["path"]
    if path.startswith(f"{PREFIX}/"):
        return admission.signatures is not None and SIGNATURE in request.query_params
    if path == "/graphql":
        return request.method in ("GET", "HEAD") and _media(request) == HTML
    return path == "/readyz"


def _open(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] == "OPTIONS" or path in _OPEN or path.startswith(_OPEN_FOLDER)


def _media(request: Request) -> str:
    """The media type that the client would rather have; JSON where it takes none of ours."""
    try:
        return media_type(request.headers.getlist("accept"), html=request.method in ("GET", "HEAD"))
    except RequestError:
        return JSON


def _response(request: Request, refusal: RequestError) -> Response:
    headers = {"cache-control": NOT_KEPT, "vary": VARY, "x-content-type-options": "nosniff"} | refusal.headers
    media = GRAPHQL_RESPONSE if _media(request) == GRAPHQL_RESPONSE else JSON
    content = dumps({"errors": refusal.errors})
    return Response(content, refusal.status or 400, headers, f"{media}; charset=utf-8")
