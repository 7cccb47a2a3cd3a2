"""Pages of other sites: which of them may ask, and read what they are answered (Fetch Standard, CORS and CSRF)."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Scope

from ...resolvers.links import PREFIX
from ..errors import RequestError, refused
from ..negotiation import HTML, media_type

_FILES = f"{PREFIX}/"
_METHODS = ("GET", "HEAD", "POST")
# Beyond what Starlette allows, Content-Type among it: a token; what tells Apollo's clients apart, and what they send to
# be asked about first; conditions and ranges of files.
_HEADERS = (
    "apollo-require-preflight",
    "apollographql-client-name",
    "apollographql-client-version",
    "authorization",
    "if-none-match",
    "if-range",
    "range",
    "x-apollo-operation-id",
    "x-apollo-operation-name",
)
# What a page may read of an answer, beside its body.
EXPOSED = (
    "content-disposition",
    "content-length",
    "content-range",
    "etag",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "www-authenticate",
    "x-request-id",
)
_OWN = (b"none", b"same-origin")
# Browsers leave them out of an Origin; some proxies put them into a Host.
_DEFAULT_PORTS = {b"http": b":80", b"https": b":443"}
# Chromium keeps the answer for no longer; and each request is looked at by itself.
_PREFLIGHT_SECONDS = 7_200

# As ASGI servers give them: names in lower case.
RawHeaders = Mapping[bytes, bytes]
Signed = Callable[[Scope], bool]


def unsigned(_: Scope) -> bool:
    """No URL is signed."""
    return False


class Origins:
    """The origins whose pages are let in, by their exact names, and what becomes of all others.

    `public_url`: what the gateway's own pages are under, where that is not what the request calls it. `graphiql`:
    whether links of other sites may open it. `signed`: whether a request's URL says by itself, with a signature that is
    valid, that it may be asked for, wherever it stands.
    """

    def __init__(
        self,
        listed: Sequence[str],
        public_url: str | None = None,
        *,
        graphiql: bool = True,
        signed: Signed = unsigned,
    ) -> None:
        self._listed = frozenset(origin.encode() for origin in listed)
        self._public = _as_sent(_origin_of((public_url or "").encode()))
        self._graphiql = graphiql
        self._signed = signed
        self._preflights = CORSMiddleware(
            Starlette(), listed, _METHODS, _HEADERS, allow_private_network=True, max_age=_PREFLIGHT_SECONDS
        )

    def lets_in(self, scope: Scope, headers: RawHeaders) -> bool:
        """Whether the page that asks is of a listed origin."""
        if (origin := headers.get(b"origin")) is not None:
            return origin in self._listed
        # For <img>, <iframe> and downloads browsers send no Origin. A page can withhold its Referer, and not choose it.
        return _of_a_file(scope) and _origin_of(headers.get(b"referer", b"")) in self._listed

    def embeds(self, scope: Scope, headers: RawHeaders) -> bool:
        """Whether other sites' pages may show the answer, as an image or the like, without reading it."""
        return self.lets_in(scope, headers) or (_of_a_file(scope) and self._signed(scope))

    def refusal(self, scope: Scope, headers: RawHeaders) -> RequestError | None:
        """Of what a page of another site sends that is not let in: it could have users' browsers ask for what they
        alone reach, and tell from times and sizes what was answered. None where it may be answered.

        Browsers send Sec-Fetch-Site to https and to this machine alone; over plain http to another one an Origin tells
        of the page, but for a GET that it can't read the answer to, as an <img> sends. That is not told apart from a
        GET of a client that is no browser, and is answered.
        """
        if self._is_own(scope, headers) or self.embeds(scope, headers) or self._is_navigation(scope, headers):
            return None
        return refused(
            "FORBIDDEN",
            "Pages of other sites may not ask this gateway: to let one in, start it with --cors-origin and its origin; "
            "where it is the gateway's own, with --public-url.",
            403,
        )

    def preflight(self, headers: Headers) -> Response | RequestError:
        """What a browser is told before it sends a page's request: nothing is allowed to those that are not let in."""
        if headers["origin"].encode("latin-1") not in self._listed:
            return refused("FORBIDDEN", "Pages of this origin are not let in.", 403)
        answer = self._preflights.preflight_response(headers)
        return answer if answer.status_code == 200 else _not_allowed(answer)

    def _is_own(self, scope: Scope, headers: RawHeaders) -> bool:
        """Whether a page of the gateway's own asks, its user, or no page at all, as far as is told."""
        if (site := headers.get(b"sec-fetch-site")) is not None:
            return site in _OWN
        # A browser asks by a preflight whether a page may send JSON.
        if (origin := headers.get(b"origin")) is None or scope["method"] == "POST":
            return True
        # By the name that the request is sent to, as its scheme is known to the proxy alone that ends TLS.
        scheme, _, name = origin.partition(b"://")
        sent_to = _as_sent(scheme + b"://" + headers.get(b"host", b""))
        return name != b"" and origin in (sent_to, self._public)  # the origin of a sandbox, "null", has no name

    def _is_navigation(self, scope: Scope, headers: RawHeaders) -> bool:
        """Whether a link is followed to what the user sees and the page with the link does not: to a file, or to
        GraphiQL, which runs nothing by itself; never to the answer to a query."""
        if (headers.get(b"sec-fetch-mode"), headers.get(b"sec-fetch-dest")) != (b"navigate", b"document"):
            return False
        if scope["method"] not in ("GET", "HEAD"):
            return False
        if scope["path"] != "/graphql":
            return True
        return self._graphiql and _wants_html(headers)


def _not_allowed(answer: Response) -> RequestError:
    """What Starlette refuses as text, with the headers by which a browser tells its page of it."""
    names = {name: answer.headers[f"access-control-allow-{name}"] for name in ("methods", "headers")}
    message = f"Pages may ask by {names['methods']}, with these headers: {names['headers']}."
    of_cors = {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
    return refused("FORBIDDEN", message, 400, of_cors)


def _of_a_file(scope: Scope) -> bool:
    return scope["path"].startswith(_FILES)


def _wants_html(headers: RawHeaders) -> bool:
    try:
        return media_type([headers.get(b"accept", b"").decode("latin-1")], html=True) == HTML
    except RequestError:
        return False


def _as_sent(origin: bytes) -> bytes:
    """The origin as browsers write it in a request."""
    origin = origin.lower()
    return origin.removesuffix(_DEFAULT_PORTS.get(origin.partition(b":")[0], b""))


def _origin_of(url: bytes) -> bytes:
    """The origin of a URL as browsers send it; empty where it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return b""
    return parts.scheme + b"://" + parts.netloc if parts.netloc else b""
