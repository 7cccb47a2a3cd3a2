"""The page of GraphiQL, under a policy that lets nothing run but what it names."""

import secrets
from pathlib import Path

from starlette.responses import Response

from ..caching.headers import NOT_KEPT, VARY
from ..negotiation import HTML

GRAPHIQL = Path(__file__).parent.parent / "graphiql"
# Scripts and styles are those with the nonce; styles also those that GraphiQL makes at run time, which start.js has
# take the nonce over. Fonts stand in its style sheet.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'nonce-{nonce}'",
        "style-src 'nonce-{nonce}'",
        "font-src data:",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def page() -> Response:
    """GraphiQL, with a nonce of its own in each answer."""
    nonce = secrets.token_urlsafe(16)
    text = (GRAPHIQL / "index.html").read_text(encoding="utf-8").replace("{nonce}", nonce)
    headers = {
        "cache-control": NOT_KEPT,  # a nonce that comes again could be known
        "content-security-policy": _POLICY.format(nonce=nonce),
        "vary": VARY,
    }
    return Response(text, headers=headers, media_type=HTML)
