"""The application behind access control: every route, but for those that are open to all."""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...resolvers.links import PREFIX
from ...resolvers.signatures import SIGNATURE
from ..error_answers import error_answer
from ..errors import RequestError
from ..negotiation import HTML, JSON, media_type
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
        scope = request.scope
        is_open = _is_open(scope)
        admission = await self._access.admission(request, scope["state"]["entry"], asked=not is_open)
        scope["state"]["admission"] = admission

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in admission.charges.headers().items():
                    headers.setdefault(name, value)  # what is refused says which quota it is about
            await send(message)

        app = self._app
        if admission.refusal and not is_open and not _is_optional(request, admission):
            app = error_answer(scope, admission.refusal, _media(request))
        await app(scope, receive, told)


def _is_optional(request: Request, admission: Admission) -> bool:
    """Whether the route answers those too who were not let in, if differently: the page of GraphiQL, readiness
    without names, and files to whom a signed URL is enough."""
    path: str = request.scope["path"]
    if path.startswith(f"{PREFIX}/"):
        return admission.signatures is not None and SIGNATURE in request.query_params
    if path == "/graphql":
        return request.method in ("GET", "HEAD") and _media(request) == HTML
    return path == "/readyz"


def _is_open(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] == "OPTIONS" or path in _OPEN or path.startswith(_OPEN_FOLDER)


def _media(request: Request) -> str:
    """The media type that the client would rather have; JSON where it takes none of ours."""
    try:
        return media_type(request.headers.getlist("accept"), html=request.method in ("GET", "HEAD"))
    except RequestError:
        return JSON
