"""What a client asks for, read from its HTTP request, and the media type of the answer."""

import re
from typing import Any, cast

import orjson
from starlette.datastructures import Headers
from starlette.requests import Request

from .errors import RequestError, refused
from .limits import BODY_BYTES
from .operations import Operation

HTML = "text/html"
JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def media_type(request: Request) -> str:
    """What the client would rather have: JSON where it does not say; HTML only of GET. RequestError (406) if neither.

    By weight first (RFC 9110, section 12.5.1), then by how narrow the range is, then by the order it is named in.
    """
    offered = [JSON, GRAPHQL_RESPONSE] + [HTML] * (request.method == "GET")
    ranges = _accepted(request.headers)
    best = max(offered, key=lambda offer: _preference(offer, ranges))
    if _preference(best, ranges)[0] <= 0:
        raise refused("NOT_ACCEPTABLE", f"The answer can be {GRAPHQL_RESPONSE} or {JSON}.", 406)
    return best


async def operation(request: Request) -> Operation:
    """The operation that a GET or POST request asks for; RequestError where there is none."""
    if request.method == "POST":
        _check_content_type(request.headers.get("content-type", ""))
        parameters = _from_json(await _body(request), "The body")
    elif len(request.url.query) > BODY_BYTES:
        raise _too_large()
    else:
        parameters = dict[str, Any](request.query_params)
        for name in ("variables", "extensions"):
            if name in parameters:
                parameters[name] = _from_json(parameters[name].encode(), f"The parameter {name}")
    return _operation(parameters)


def address(request: Request) -> str | None:
    """What the URLs of this gateway begin with for whoever sent the request, by its Host; None where that is none."""
    host = request.headers.get("host", "")
    return f"{request.url.scheme}://{host}" if _HOST.fullmatch(host) else None


def _accepted(headers: Headers) -> list[tuple[str, float]]:
    """The media ranges that the client accepts, with their weights."""
    ranges: list[tuple[str, float]] = []
    for entry in ",".join(headers.getlist("accept")).split(","):
        range_, *parameters = (part.strip().lower() for part in entry.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter.removeprefix("q="))
                except ValueError:
                    weight = 0.0
        if range_:
            ranges.append((range_, weight))
    return ranges or [("*/*", 1.0)]


def _preference(offer: str, ranges: list[tuple[str, float]]) -> tuple[float, int, int]:
    """The weight, narrowness and place of the narrowest range that holds the media type."""
    kinds = ("*/*", offer.split("/")[0] + "/*", offer)
    held = [(kinds.index(range_), -place, weight) for place, (range_, weight) in enumerate(ranges) if range_ in kinds]
    narrowness, place, weight = max(held, default=(0, 0, 0.0))
    return weight, narrowness, place


def _check_content_type(content_type: str) -> None:
    """A form of another site could send any type that a browser sends without asking first; JSON is none of them."""
    media, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [part.removeprefix("charset=").strip('"') for part in parameters if part.startswith("charset=")]
    if media != JSON or charsets not in ([], ["utf-8"], ["utf8"]):
        raise refused("UNSUPPORTED_MEDIA_TYPE", f"The body must be of the media type {JSON}, in UTF-8.", 415)


async def _body(request: Request) -> bytes:
    """The body, of which no more than the limit is ever held."""
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and len(length) < 20 and int(length) > BODY_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> RequestError:
    # What remains of the body is not read: the connection can't be used again.
    return refused("PAYLOAD_TOO_LARGE", f"A request has at most {BODY_BYTES} bytes.", 413, {"connection": "close"})


def _from_json(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise refused("BAD_USER_INPUT", f"{what} is not JSON: {error}.", 400) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refused("BAD_USER_INPUT", f"{what} must be a JSON object.", 400)
    return cast(dict[str, Any], value)


def _operation(parameters: dict[str, Any]) -> Operation:
    """`{query, variables, operationName, extensions}`; null is as if left out (GraphQL over HTTP, section 5.1)."""
    for name, kind, called in (
        ("query", str, "a string"),
        ("operationName", str, "a string"),
        ("variables", dict, "an object"),
        ("extensions", dict, "an object"),
    ):
        if not isinstance(parameters.get(name), kind | None):
            raise refused("BAD_USER_INPUT", f"The parameter {name} must be {called}.", 400)
    extensions: dict[str, Any] = parameters.get("extensions") or {}
    query = parameters.get("query")
    if not query and "persistedQuery" in extensions:
        # Apollo's clients know this message, and send the query then.
        raise refused("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
    if not query:
        raise refused("BAD_USER_INPUT", "The request has no query.", 400)
    return Operation(
        query, parameters.get("variables"), parameters.get("operationName") or None, extensions.get("usage") is True
    )
