"""What a client asks for, read from its HTTP request (GraphQL over HTTP, section 5)."""

from collections import Counter
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from ..providers.grants import Principal
from .browsers.hosts import AUTHORITY
from .errors import RequestError, refused
from .json_objects import json_object
from .limits import BODY_BYTES
from .negotiation import IDENTITY, JSON
from .operations import Operation
from .persisted.documents import PersistedDocuments

_TEXT, _OBJECT = (str, type(None)), (dict, type(None))
_PARAMETERS = {"query": _TEXT, "documentId": _TEXT, "operationName": _TEXT, "variables": _OBJECT, "extensions": _OBJECT}
_NULL = "null"
_CALLED = {_TEXT: "a string", _OBJECT: "an object"}
# In a URL, of any name.
_MOST_PARAMETERS = 100


async def operation(request: Request, documents: PersistedDocuments, principal: Principal | None) -> Operation:
    """The operation that a request asks for, by POST or by URL; RequestError where there is none."""
    if request.method == "POST":
        _check_content(request)
        body = await _body(request)
        if body.lstrip()[:1] == b"[":
            raise refused("BAD_USER_INPUT", "The body must be a JSON object: operations are sent one by one.", 400)
        return await _operation(await json_object(body, "The body"), documents, principal)
    parameters = _from_url(request.scope["query_string"])
    for name in ("variables", "extensions"):
        text = parameters.pop(name, _NULL)
        if text != _NULL:
            parameters[name] = await json_object(text.encode(), f"The parameter {name}")
    return await _operation(parameters, documents, principal)


def base_url(request: Request) -> str | None:
    """What the URLs of this gateway begin with for whoever sent the request, by its Host; None where that is none."""
    host = request.headers.get("host", "")
    return f"{request.scope['scheme']}://{host}" if AUTHORITY.fullmatch(host) else None


def _check_content(request: Request) -> None:
    """A form of another site could send any type that a browser sends without asking first; JSON is none of them."""
    content_type = request.headers.get("content-type", "")
    if content_type != JSON and not _is_json(content_type):
        raise refused("UNSUPPORTED_MEDIA_TYPE", f"The body must be of the media type {JSON}, in UTF-8.", 415)
    if request.headers.get("content-encoding", IDENTITY).strip().lower() not in ("", IDENTITY):
        headers = {"accept-encoding": IDENTITY}  # RFC 9110, section 15.5.16
        raise refused(
            "UNSUPPORTED_MEDIA_TYPE", "The body must come as it is, without a Content-Encoding.", 415, headers
        )


def _is_json(content_type: str) -> bool:
    media, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [part.removeprefix("charset=").strip('"') for part in parameters if part.startswith("charset=")]
    return media == JSON and charsets in ([], ["utf-8"], ["utf8"])


async def _body(request: Request) -> bytes:
    """The body, of which no more than the limit is ever held."""
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and len(length) < 20 and int(length) > BODY_BYTES.value:
        raise _too_large()
    body, more = bytearray(), True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_BYTES.value:
            raise _too_large()
    return bytes(body)


def _too_large() -> RequestError:
    # What remains of the body is not read: the connection can't be used again.
    return refused(
        "PAYLOAD_TOO_LARGE", f"A request has at most {BODY_BYTES.value} bytes.", 413, {"connection": "close"}
    )


def _from_url(query: bytes) -> dict[str, Any]:
    """The parameters that are known, each given once; others are passed over (GraphQL over HTTP, section 5.1)."""
    try:
        given = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except UnicodeError as error:
        raise refused("BAD_USER_INPUT", "The URL's parameters are not in UTF-8.", 400) from error
    except ValueError as error:
        raise refused("BAD_USER_INPUT", f"A URL has at most {_MOST_PARAMETERS} parameters.", 400) from error
    for name, times in Counter(name for name, _ in given).items():
        if name in _PARAMETERS and times > 1:
            raise refused("BAD_USER_INPUT", f"The parameter {name} is given more than once.", 400)
    return {name: value for name, value in given if name in _PARAMETERS}


async def _operation(
    parameters: dict[str, Any], documents: PersistedDocuments, principal: Principal | None
) -> Operation:
    """`{query, documentId, variables, operationName, extensions}`; null is as if left out (GraphQL over HTTP, 5.1)."""
    for name, kinds in _PARAMETERS.items():
        if not isinstance(parameters.get(name), kinds):
            raise refused("BAD_USER_INPUT", f"The parameter {name} must be {_CALLED[kinds]}.", 400)
    extensions: dict[str, Any] = parameters.get("extensions") or {}
    asked = await documents.document(
        parameters.get("query") or None,
        parameters.get("documentId") or None,
        extensions.get("persistedQuery"),
        principal,
    )
    return Operation(
        asked.text,
        principal,
        parameters.get("variables"),
        parameters.get("operationName") or None,
        show_usage=extensions.get("usage") is True,
        show_cost=extensions.get("cost") is True,
        new=asked.new,
    )
