"""What a client is told of an error: its message, where it was met, and extensions with a code."""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from graphql import FieldNode, GraphQLError

from ..providers.errors import GatewayError
from ..resolvers.context import Limit
from .limits import ERRORS

INTERNAL = GatewayError.code
# Of one request: one fault often meets thousands of objects alike.
LOGGED = 10
_LONGEST = 500  # characters of a message

_logger = logging.getLogger(__name__)


class RequestError(Exception):
    """A request that is not executed; `errors` as they are sent.

    `status`: None where it depends on the media type of the answer (GraphQL over HTTP, section 6.4).
    """

    def __init__(
        self, errors: list[dict[str, Any]], status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors
        self.status = status
        self.headers = dict(headers or {})


def refused(
    code: str, message: str, status: int | None = None, headers: Mapping[str, str] | None = None
) -> RequestError:
    """A request that is refused for one reason."""
    return RequestError([{"message": _shortened(message), "extensions": {"code": code}}], status, headers)


def refused_by(error: GatewayError, status: int, headers: Mapping[str, str] | None = None) -> RequestError:
    """A request whose whole answer is what a provider, or what reads from it, says."""
    return RequestError([{"message": str(error), "extensions": extensions(error)}], status, headers)


def refused_beyond(limit: Limit, what: str, status: int | None = None) -> RequestError:
    """A request of which `what` says that it is beyond a limit."""
    return refused("LIMIT_EXCEEDED", f"{what}: {limit.name} is {limit.value} at the most.", status)


def coded(error: GraphQLError, code: str) -> dict[str, Any]:
    """A fault of the request that graphql-core found."""
    told: dict[str, Any] = {**error.formatted, "message": _shortened(error.message), "extensions": {"code": code}}
    if "locations" in told:
        told["locations"] = told["locations"][:ERRORS]
    return told


def _shortened(message: str) -> str:
    """Messages quote what they are about, which may be of any length."""
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"


def extensions(error: GatewayError) -> dict[str, Any]:
    """What goes with the message of a fault that a client is told of."""
    return {"code": error.code} | ({} if error.retryable is None else {"retryable": error.retryable})


class Faults:
    """The errors met while one request is executed; what is our fault is logged, and told by the request's id alone."""

    def __init__(self, request_id: str | None = None) -> None:
        self._request_id = request_id
        self._logged = 0

    @property
    def request_id(self) -> str:
        """That of access control, else one that is made once somebody is told of it."""
        self._request_id = self._request_id or uuid4().hex
        return self._request_id

    def of_field(self, error: GraphQLError) -> dict[str, Any]:
        """An error of execution."""
        cause = _cause(error)
        if isinstance(cause, GatewayError) and cause.code != INTERNAL:
            return {**error.formatted, "extensions": extensions(cause)}
        if isinstance(cause, GraphQLError) and _of_an_argument(cause):
            return coded(error, "BAD_USER_INPUT")
        return {**error.formatted, **self.internal(cause, error.path)}

    def failure(self, cause: BaseException) -> RequestError:
        """Our fault, where nothing else is answered."""
        return RequestError([self.internal(cause)], 500)

    def internal(self, cause: BaseException, path: list[str | int] | None = None) -> dict[str, Any]:
        """Our fault: the log has what the client is not told."""
        self._logged += 1
        where = ".".join(map(str, path or []))
        if self._logged <= LOGGED:
            _logger.error("Request %s failed at %r", self.request_id, where, exc_info=cause)
        elif self._logged == LOGGED + 1:
            _logger.error("Request %s failed at more places, which are not logged", self.request_id)
        return {
            "message": "Internal server error",
            "extensions": {"code": INTERNAL, "requestId": self.request_id},
        }


def _cause(error: GraphQLError) -> BaseException:
    """What was raised at first."""
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _of_an_argument(error: GraphQLError) -> bool:
    """Whether graphql-core rejected a value of the client's: it points at that value then.

    It points at the whole field where a resolver's result is of the wrong type, and at nothing where a scalar
    can't be sent (graphql/execution/values.py and executor.py).
    """
    return bool(error.nodes) and not any(isinstance(node, FieldNode) for node in error.nodes or [])
