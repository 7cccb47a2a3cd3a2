"""Byte routes: /files/{kind}/{metadata}/{pathspec…}, as resolvers/links.py writes them."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from time import time
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..providers import usage
from ..providers.base import Key
from ..providers.cache import ByteCache
from ..providers.errors import (
    BadUserInput,
    Forbidden,
    GatewayError,
    NotFound,
    ProviderUnavailable,
    UnknownMetadataProvider,
)
from ..providers.grants import Principal
from ..providers.pathspec import component
from ..providers.records import MAX_ATTEMPTS
from ..resolvers import downloads
from ..resolvers.context import Context, Gateway, context_for
from ..resolvers.downloads import Download
from ..resolvers.links import PREFIX, File
from ..resolvers.signatures import SIGNATURE, Signatures
from . import limits, ranges
from .access.admission import Admission, admission_of, principal_of
from .access.bearers import identity_of
from .connections.clients import unless_gone
from .error_answers import error_answer
from .errors import INTERNAL, Faults, RequestError, refused, refused_by
from .request_ids import request_id
from .streaming import begun, cut

_METHODS = ("GET", "HEAD")
# What lies in a datastore are strangers' files: no browser may take one for a page of the gateway's own.
_POLICY = "default-src 'none'; sandbox"
_OF_PAGES = "sandbox allow-scripts"
_HEADERS = {"cache-control": "private, no-cache", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}
_BYTES_OF_AN_OBJECT = 65_536  # of a file: what rates count as one
_LENGTHS = 4 * 2**20  # bytes of memory for lengths that were measured


class _Kind(NamedTuple):
    """What is served under a kind: `levels` of the pathspec, then `more` components."""

    levels: int
    more: int
    find: Callable[..., Awaitable[Download]]


_KINDS = {
    "artifact": _Kind(5, 0, downloads.artifact),
    "log": _Kind(4, 1, downloads.log),
    "card": _Kind(4, 1, downloads.card),
    "code": _Kind(4, 0, downloads.package),
}
_STATUSES: list[tuple[type[GatewayError], int]] = [
    (UnknownMetadataProvider, 404),
    (NotFound, 404),
    (BadUserInput, 400),
    (Forbidden, 403),
    (ProviderUnavailable, 503),
    (GatewayError, 502),
]


class Downloads:
    """An ASGI application: GET and HEAD, with conditions and ranges (RFC 9110, sections 13 and 14)."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lengths = ByteCache(_LENGTHS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        spent = usage.Usage(requests_left=limits.UPSTREAM_REQUESTS.value)
        usage.current.set(spent)
        request = Request(scope, receive)
        faults = Faults(request_id(scope))
        try:
            try:
                response = await unless_gone(receive, self._response(request))
            except ClientDisconnect:
                raise
            except Exception as error:  # the one place where nothing may pass
                response = error_answer(scope, _refusal(error, faults))
            await response(scope, receive, send)
        except ClientDisconnect:
            return
        finally:
            spent.end()

    async def _response(self, request: Request) -> Response:
        if request.method not in _METHODS:
            headers = {"allow": ", ".join(_METHODS)}
            raise refused("METHOD_NOT_ALLOWED", "Files are read by GET and HEAD.", 405, headers)
        kind, file = _named(request)
        found = await _found(kind, file, context_for(self._gateway, _reader(request, file)))
        if admission := admission_of(request):
            admission.charges.take((found.length or 0) // _BYTES_OF_AN_OBJECT)
        headers = _headers(found)
        if ranges.unchanged(request.headers.getlist("if-none-match"), headers["etag"]):
            return Response(None, 304, headers)
        asked = ranges.asked(request.headers, headers["etag"]) if request.method == "GET" else None
        if asked is not None:
            return await self._part(found, asked, headers, file)
        if found.length is not None:
            headers["content-length"] = str(found.length)
        streaming = await begun(found.chunks(), 200, headers)
        return streaming if request.method == "GET" else await streaming.head()

    async def _part(self, found: Download, asked: ranges.Range, headers: dict[str, str], file: File) -> Response:
        length = await self._length(found, file)
        part = ranges.within(asked, length)
        if part is None:
            message = f"It has {length} bytes: none of them are in that range."
            raise refused("BAD_USER_INPUT", message, 416, {"content-range": f"bytes */{length}"})
        start, end = part
        headers |= {"content-range": f"bytes {start}-{end - 1}/{length}", "content-length": str(end - start)}
        if found.chunks_from is not None:
            return await begun(cut(found.chunks_from(start), 0, end - start), 206, headers)
        return await begun(cut(found.chunks(), start, end), 206, headers)

    async def _length(self, found: Download, file: File) -> int:
        """In bytes; of what is stored compressed, by inflating it once."""
        if found.length is not None:
            return found.length
        known = self._lengths.get((file, found.version))
        if isinstance(known, int):
            return known
        length = 0
        async with aclosing(found.chunks()) as chunks:
            async for chunk in chunks:
                length += len(chunk)
        self._lengths.put((file, found.version), length, 1_000 + len(file.key.pathspec))
        return length


def is_signed(request: Request, by: Signatures) -> bool:
    """Whether its URL says by itself that the file may be read now, whoever asks."""
    try:
        _, file = _named(request)
    except GatewayError:
        return False
    return by.identity(file.signed, request.query_params, time()) is not None


def _reader(request: Request, file: File) -> Principal | None:
    """Whose rights the file is read with: of who asks, else of whom its URL was given out to. None without access
    control."""
    admission = admission_of(request)
    if not admission or not admission.refusal or not admission.signatures or SIGNATURE not in request.query_params:
        return principal_of(request)
    identity = admission.signatures.identity(file.signed, request.query_params, time())
    reader = identity and _bearer(admission, identity)
    if not reader:
        raise Forbidden("This URL is not signed, or no longer: ask for it anew, or say who you are.")
    return reader


def _bearer(admission: Admission, identity: bytes) -> Principal | None:
    """Whom a signed URL stands for, if it is still good; RequestError (429) where too much was asked for by those of
    one principal. The audit log is told whose it is, and that it says so."""
    if said := identity_of(identity):
        admission.entry.know(said.shown | {"by": "url"})
    admission.charges.share(f"url\n{identity.hex()}")
    admission.charges.take(1)
    return admission.bearer(identity)


def _named(request: Request) -> tuple[_Kind, File]:
    """What the URL names: each component of its path decoded once, and checked as those of pathspecs are."""
    raw: bytes = request.scope["raw_path"]
    name, _, rest = raw.partition(f"{PREFIX}/".encode())[2].partition(b"/")
    kind = _KINDS.get(name.decode("latin-1"))
    parts = rest.split(b"/")
    if kind is None or len(parts) != 1 + kind.levels + kind.more:
        raise NotFound(f"There is nothing there: files are {', '.join(_KINDS)}, at the URLs that queries answer.")
    provider, *components = [component(_decoded(part), "part of a file's URL") for part in parts]
    key = Key(provider, "/".join(components[: kind.levels]), _attempt(request))
    return kind, File(name.decode(), key, tuple(components[kind.levels :]))


async def _found(kind: _Kind, file: File, context: Context) -> Download:
    key = file.key._replace(provider=context.gateway.provider(file.key.provider).name)
    return await kind.find(context, key, *file.more)


def _decoded(part: bytes) -> str:
    try:
        return unquote_to_bytes(part).decode()
    except UnicodeDecodeError as error:
        raise BadUserInput("The URL is not UTF-8.") from error


def _attempt(request: Request) -> int | None:
    given = request.query_params.get("attempt")
    if given is None:
        return None
    if len(given) == 1 and given in "0123456789" and int(given) < MAX_ATTEMPTS:
        return int(given)
    raise BadUserInput(f"attempt must be a number from 0 to {MAX_ATTEMPTS - 1}.")


def _headers(found: Download) -> dict[str, str]:
    shown = found.page or found.media_type.startswith("text/plain")
    filename = quote(found.filename, safe="")
    return _HEADERS | {
        "accept-ranges": "bytes",
        "content-disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{filename}",
        "content-security-policy": _OF_PAGES if found.page else _POLICY,
        "content-type": found.media_type,
        "etag": f'"{quote(found.version)}"',  # a record may give its hash as any text
    }


def _refusal(error: Exception, faults: Faults) -> RequestError:
    if isinstance(error, RequestError):
        return error
    if not isinstance(error, GatewayError) or error.code == INTERNAL:
        return faults.failure(error)
    return refused_by(error, next(status for kind, status in _STATUSES if isinstance(error, kind)))
