"""A hostile request, and what may become of it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import orjson

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = {"content-type": "application/json", "accept": GRAPHQL_RESPONSE}

# Outcomes: the code of the first error of a request that was not executed, or ANSWERED, with errors of fields or none.
ANSWERED = "answered"
LIMIT = "LIMIT_EXCEEDED"
UNPARSED = "GRAPHQL_PARSE_FAILED"
INVALID = "GRAPHQL_VALIDATION_FAILED"
UNRESOLVED = "OPERATION_RESOLUTION_FAILURE"
BAD_INPUT = "BAD_USER_INPUT"
TOO_LARGE = "PAYLOAD_TOO_LARGE"
UNSUPPORTED = "UNSUPPORTED_MEDIA_TYPE"
NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
NOT_ALLOWED = "METHOD_NOT_ALLOWED"
FORBIDDEN = "FORBIDDEN"
UNAUTHENTICATED = "UNAUTHENTICATED"
RESET = "reset"  # the connection was closed before all was sent


class Sent(NamedTuple):
    """An HTTP request; `target`: path and query."""

    body: bytes = b""
    method: str = "POST"
    target: str = "/graphql"
    headers: Mapping[str, str] = JSON


class Hostile(NamedTuple):
    """`made`: the request, which is made when it is wanted, for all of them take 100 MB. `outcomes`: one of these.

    `in_http`: whether it is the head of the request that is hostile, which only a real server reads. `in_body`: whether
    it is the body itself, and no document in it: it is 4xx for clients of application/json too.
    """

    made: Callable[[], Sent]
    outcomes: frozenset[str]
    in_http: bool = False
    in_body: bool = False


Family = dict[str, Hostile]


def sent(query: str, variables: Any = None, **more: Any) -> Sent:
    """As clients send operations."""
    asked = {"query": query, **({} if variables is None else {"variables": variables}), **more}
    return Sent(orjson.dumps(asked))


def document(write: Callable[[], str], *outcomes: str, **more: Any) -> Hostile:
    """A document; `more`: other parameters of the request."""
    return Hostile(lambda: sent(write(), **more), frozenset(outcomes))


def sized(name: str, write: Callable[[int], str], sizes: Mapping[int, str | tuple[str, ...]]) -> Family:
    """A document in several sizes, with the outcomes of each."""
    return {
        f"{name}, {size:,}": document(partial(write, size), *([of] if isinstance(of, str) else of))
        for size, of in sizes.items()
    }


def texts(outcomes: str | tuple[str, ...], documents: Mapping[str, str]) -> Family:
    """Short documents that are written out."""
    allowed = [outcomes] if isinstance(outcomes, str) else outcomes
    return {name: document(partial(str, text), *allowed) for name, text in documents.items()}


def joined(part: Callable[[int], str], count: int, between: str = " ") -> str:
    """So many parts, each made of its number."""
    return between.join(map(part, range(count)))
