"""What is told to those who sent what is no request of HTTP/1.1, or one of a kind that is not understood here."""

import re
from collections.abc import Mapping

import httptools

from ...providers.pathspec import shown
from ..errors import RequestError, refused

_CLOSE = {"connection": "close"}
_METHODS = "GET, HEAD, POST, OPTIONS"
_OF_URLS = "its URL has a character that none may have: there it is written as % and two hexadecimal digits."
_ONE_LENGTH = "it has both Content-Length and Transfer-Encoding, of which one alone may say where its body ends."
# Of llhttp's reasons, those that say too little to whoever has to mend it.
_REASONS: Mapping[str, str] = {
    "Content-Length can't be present with Transfer-Encoding": _ONE_LENGTH,
    "Transfer-Encoding can't be present with Content-Length": _ONE_LENGTH,
    "Duplicate Content-Length": "it has more than one Content-Length.",
    "Invalid header token": "each of its headers is a name, a colon and a value, without a space before the colon.",
    "Invalid header value char": "a header has a control character.",
    "Invalid method encountered": "its first word is no method, such as POST.",
    "Expected HTTP/, RTSP/ or ICE/": "behind the method and one URL without spaces comes HTTP/1.1.",
    "Pause on PRI/Upgrade": "no other version is spoken here.",
}
# Such a line was read: what could not be comes behind it.
_KNOWN = (b"CONNECT", b"DELETE", b"GET", b"HEAD", b"OPTIONS", b"PATCH", b"POST", b"PUT", b"QUERY", b"TRACE")
_FIRST_LINE = re.compile(rb"(?:\r?\n)*([!#$%&'*+.^_`|~0-9A-Za-z-]+) \S+ HTTP/1\.[01]\r?\n")
_WITHOUT_METHOD = ("Invalid method encountered", "Invalid method for HTTP/x.x request")
CHUNKED = b"chunked"


def malformed(error: httptools.HttpParserError, data: bytes) -> RequestError:
    """What the parser could not read, in `data` that came last; 405 for a method that it does not know."""
    reason = str(error)
    line = _FIRST_LINE.match(data) if reason in _WITHOUT_METHOD else None
    if line and line[1] not in _KNOWN:
        return _no_method(line[1])
    of_url = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else error
    if isinstance(of_url, (httptools.HttpParserInvalidURLError, UnicodeDecodeError)):
        said = _OF_URLS
    elif of_url is not error:
        raise error  # a fault of ours
    else:
        said = _REASONS.get(reason, f"{reason}.")
    return refused("BAD_USER_INPUT", f"This is no HTTP/1.1 request: {said}", 400, _CLOSE)


def without_tunnels() -> RequestError:
    """Of CONNECT."""
    return _no_method(b"CONNECT")


def coded() -> RequestError:
    """Of a body in a transfer coding besides `chunked`: 4xx, as for all others that are compressed. RFC 9112 (section
    6.1) would have 501, which clients take for a fault of the gateway's."""
    message = "A body is sent in the transfer coding chunked alone, or with its Content-Length."
    return refused("UNSUPPORTED_MEDIA_TYPE", message, 415, _CLOSE)


def _no_method(method: bytes) -> RequestError:
    message = f"{shown(method.decode())} is no method here: these are {_METHODS}, in upper case."
    return refused("METHOD_NOT_ALLOWED", message, 405, {"allow": _METHODS, **_CLOSE})
