"""What a reply of the service means."""

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Generic, NamedTuple, TypeVar, cast

from ..errors import GatewayError, ProviderError, ProviderUnavailable
from .bodies import UNREADABLE, Form, decoded

T = TypeVar("T")

_LONGEST_FAULT = 65_536  # bytes of what a service says of a fault of its own
# Statuses of what stands in front of the service, or of the service when it has too much to do.
_LATER = (408, 429, 502, 503, 504)


class Reply(NamedTuple, Generic[T]):
    """What was asked for. `paged`: the reply has X-Limit, so the service kept to the page or filter asked for.

    `next_cursor`: X-Next-Cursor, as it came.
    """

    content: T
    paged: bool
    next_cursor: str | None


class NoRoute(Exception):
    """404 as text: an older release, or no metadata service at all."""


class Refused(Exception):
    """400, 405, 409, 422 of the service itself: it did nothing."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Failed(ProviderError):
    """The service's database refused this very request, and will again."""


class Crashed(ProviderUnavailable):
    """500 with a traceback: pages of lists say so whether their database is gone or refused the question."""


class FailedTry(Exception):
    """One try that brought nothing.

    `error`: what a client is told if no other try is made. `tries`: how many there may be at the most. `down`: whether
    it says that the service is in trouble; None: nothing of that. `after`: seconds that the service asked to wait.
    `broken`: whether the connection ended before a reply began.
    """

    def __init__(
        self,
        error: GatewayError,
        *,
        tries: int = 1,
        down: bool | None = True,
        after: float | None = None,
        broken: bool = False,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.tries = tries
        self.down = down
        self.after = after
        self.broken = broken


class CredentialsRefused(FailedTry):
    """401, 403."""


class Received(NamedTuple):
    """A reply as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def content(name: str, received: Received, form: Form[T]) -> Reply[T] | None:
    """What was asked for; None where it does not exist. Raises NoRoute, Refused or FailedTry."""
    if received.status == 404:
        if received.body.strip() == b"{}":
            return None
        raise NoRoute
    if received.status in (400, 405, 409, 422):
        raise Refused(received.status)
    if not 200 <= received.status < 300:
        raise _fault(name, received)
    headers = received.headers
    cursor = headers.get("X-Next-Cursor")
    if cursor is not None and not cursor.isascii():
        raise FailedTry(ProviderError(f"{name} answered with a cursor that is none."), down=None)
    return Reply(await _decoded(name, received.body, form), "X-Limit" in headers, cursor)


async def _decoded(name: str, body: bytes, form: Form[T]) -> T:
    try:
        return await decoded(body, form)
    except UNREADABLE:  # never their texts, which quote the body
        error = ProviderError(f"{name} answered with something else than the metadata service does.", retryable=True)
        raise FailedTry(error, tries=2, down=None) from None


def _fault(name: str, received: Received) -> FailedTry:
    status = received.status
    if status in (401, 403):
        return CredentialsRefused(ProviderError(f"{name} refuses the gateway's credentials."), down=False)
    told = _json(received.body) if status == 500 and len(received.body) <= _LONGEST_FAULT else None
    if told is not None and _database_refused(told):
        return FailedTry(Failed(f"{name} could not answer this; its database refused the question."), down=False)
    if isinstance(told, dict) and "traceback" in told:
        # Nothing that the breaker is to count: one question that always fails would close the service to all others.
        return FailedTry(Crashed(f"{name} did not answer (status 500); try again."), tries=2, down=None)
    if status >= 500 or status in _LATER:
        error = ProviderUnavailable(f"{name} did not answer (status {status}); try again.")
        return FailedTry(error, tries=3, after=_retry_after(received.headers))
    if 300 <= status < 400:
        return FailedTry(ProviderError(f"{name} answered with a redirect: its URL is not quite right."), down=None)
    return FailedTry(ProviderError(f"{name} refused the request with status {status}."), down=None)


def _database_refused(told: object) -> bool:
    """Whether the database is there, and said why it failed; its code is null where it is gone.

    It is told as a JSON string that holds JSON, or by the `detail` of an object, which is such a string.
    """
    if isinstance(told, dict):
        told = cast("dict[str, Any]", told).get("detail")
    if isinstance(told, str):
        told = _json(told)
    error = cast("dict[str, Any]", told).get("err_msg") if isinstance(told, dict) else None
    return isinstance(error, dict) and cast("dict[str, Any]", error).get("pgcode") is not None


def _json(text: str | bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; RFC 9110, section 10.2.3: a number of them, or a date."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal() and text.isascii():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
