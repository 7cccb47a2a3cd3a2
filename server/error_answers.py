"""What is answered to a request that ends in an error, wherever that is found."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from .audit.entries import entry_of
from .caching.headers import NOT_KEPT, VARY
from .encoding import dumps
from .errors import RequestError, refused
from .negotiation import GRAPHQL_RESPONSE, JSON

# Of a connection, in the state of a request that it can't have come whole: it has no method or no path then.
_REFUSAL = "refusal"


def error_answer(scope: Scope, error: RequestError, media_type: str = JSON, status: int = 400) -> Response:
    """The errors, which the audit log is told of; in JSON also for those who would rather have a page.

    `status`: where the error leaves it open.
    """
    if (entry := entry_of(scope)) is not None:
        entry.refuse(error, ends_connection=refusal_of(scope) is not None)
    headers = {"cache-control": NOT_KEPT, "vary": VARY} | error.headers
    sent_as = GRAPHQL_RESPONSE if media_type == GRAPHQL_RESPONSE else JSON
    return Response(dumps({"errors": error.errors}), error.status or status, headers, f"{sent_as}; charset=utf-8")


def without_route(request: Request, error: Exception) -> Response:
    """What Starlette's router answers with, as other errors are."""
    assert isinstance(error, HTTPException)
    code, message = "NOT_FOUND", f"{error.detail}: GraphQL is at /graphql."
    if error.status_code == 405:
        allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
        code, message = "METHOD_NOT_ALLOWED", f"{error.detail}: the methods of this URL are {allowed}."
    return error_answer(request.scope, refused(code, message, error.status_code, error.headers))


def with_refusal(scope: Scope, error: RequestError) -> Scope:
    """The request as one that the application answers with this error, whatever it is about."""
    return {**scope, "state": {**scope.get("state", {}), _REFUSAL: error}}


def refusal_of(scope: Scope) -> RequestError | None:
    """Why it was refused before the application saw it; None if it was not."""
    return scope.get("state", {}).get(_REFUSAL)
