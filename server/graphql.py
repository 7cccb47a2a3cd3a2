"""GraphQL over HTTP (graphql.github.io/graphql-over-http): /graphql."""

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .access.admission import admission_of, principal_of
from .browsers.page import page
from .caching.headers import CHECKED, LASTING_SECONDS, NOT_KEPT, VARY, entity_tag, lasting
from .compression import CODINGS, SMALL, Content, compressed
from .connections.clients import unless_gone
from .encoding import encoded
from .error_answers import error_answer
from .errors import Faults, RequestError, refused
from .negotiation import GRAPHQL_RESPONSE, HTML, IDENTITY, JSON, coding, media_type
from .operations import Operation, Operations
from .persisted.documents import PersistedDocuments
from .ranges import unchanged
from .request_ids import request_id
from .requests import base_url, operation
from .senders import peer_of, sender_at
from .sending import Unsent, Whole

_METHODS = {"allow": "GET, HEAD, POST, OPTIONS"}


class GraphQLEndpoint:
    """An ASGI application: operations by POST, queries by GET; and GraphiQL for browsers, unless it is off."""

    def __init__(
        self,
        operations: Operations,
        documents: PersistedDocuments,
        public_url: str | None = None,
        *,
        graphiql: bool = True,
    ) -> None:
        self._operations = operations
        self._documents = documents
        self._public_url = public_url
        self._graphiql = graphiql
        self._unsent = Unsent()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._response(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        faults = Faults(request_id(request.scope))
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
            principal = principal_of(request)
            asked = await operation(request, self._documents, principal)
            admission = admission_of(request)
            asked = asked._replace(
                base_url=self._public_url or base_url(request),
                admission=admission,
                asker=admission.charges.payer if admission else sender_at(peer_of(request)).network,
            )
            if reads:
                content, kept = await unless_gone(request.receive, self._read(asked, faults))
                return await self._kept(request, asked, content, media, kept)
            content = await unless_gone(request.receive, self._executed(asked, faults))
            return await self._json(request, asked, content, media)
        except RequestError as error:
            return error_answer(request.scope, error, media, 400 if media == GRAPHQL_RESPONSE else 200)
        except ClientDisconnect:
            raise
        except Exception as error:  # the one place where nothing may pass
            return error_answer(request.scope, faults.failure(error), media)

    async def _executed(self, asked: Operation, faults: Faults) -> memoryview:
        async with self._operations.answering(asked, faults) as answer:
            self._know(asked)
            return await encoded(answer)

    def _know(self, executed: Operation) -> None:
        """Know its document by its hash from now on, if that is wanted: it is valid, for it was executed."""
        if executed.new:
            self._documents.register(executed.query, executed.principal)

    async def _read(self, asked: Operation, faults: Faults) -> tuple[memoryview, str]:
        """The answer to a query, and how it may be kept."""
        async with self._operations.answering(asked, faults, queries_only=True) as answer:
            self._know(asked)
            content = await encoded(answer)
            # With access control, whoever keeps it may lose the right to see it.
            lasts = asked.principal is None and await self._operations.lasts(asked, answer, content)
        return content, lasting(LASTING_SECONDS) if lasts else CHECKED

    async def _kept(self, request: Request, asked: Operation, content: Content, media: str, kept: str) -> Response:
        """An answer that clients keep, or word that it is still the one that they have (RFC 9110, section 15.4.5)."""
        tag = await entity_tag(content, media, _coding(request, content))
        headers = {"cache-control": kept, "etag": tag, "vary": VARY}
        if unchanged(request.headers.getlist("if-none-match"), tag):
            return Response(None, 304, headers)
        return await self._json(request, asked, content, media, headers)

    async def _json(
        self,
        request: Request,
        asked: Operation,
        content: Content,
        media: str,
        headers: dict[str, str] | None = None,
    ) -> Response:
        told = {"cache-control": NOT_KEPT, "vary": VARY, **(headers or {})}
        by = _coding(request, content)
        if by != IDENTITY:
            content, told["content-encoding"] = await compressed(content, by), by
        return Whole(content, media, told, self._unsent, asked.asker if asked.admission else None)


def _coding(request: Request, content: Content) -> str:
    return IDENTITY if len(content) <= SMALL else coding(request.headers.getlist("accept-encoding"), CODINGS)
