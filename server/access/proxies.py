"""The address that a request comes from, and what a trusted proxy says of who asks."""

from ipaddress import ip_network

from starlette.requests import HTTPConnection

from ..senders import Address, Sender, address_in, peer_of, sender_at
from .config import Proxy
from .identities import Identity, unauthenticated

_MOST_FORWARDS = 20
_MOST_GROUPS = 1_000


class TrustedProxy:
    """Headers are believed of the addresses of the proxy alone: those of the socket, and no header's."""

    def __init__(self, config: Proxy) -> None:
        self._config = config
        self._networks = [ip_network(address) for address in config.addresses]

    def trusts(self, peer: Address | None) -> bool:
        return peer is not None and any(peer in network for network in self._networks)

    def identity(self, request: HTTPConnection) -> Identity | None:
        """Who asks by the headers of a request of the proxy's; None where it does not say. RequestError (401) where
        it says two things, or what is no name."""
        if self._config.user_header is None:
            return None
        user = _only(request, self._config.user_header)
        groups = self._config.groups_header and _only(request, self._config.groups_header)
        if user is None:
            return None
        found = [group.strip() for group in (groups or "").split(",")]
        if len(found) > _MOST_GROUPS:
            raise unauthenticated("The proxy names too many groups.")
        return Identity("proxy", user, frozenset(filter(None, found)))


def sender_of(request: HTTPConnection, proxy: TrustedProxy | None) -> Sender:
    """Where a request comes from: of X-Forwarded-For the last that is no trusted proxy, if one sent it."""
    found = peer_of(request)
    if proxy is None or not proxy.trusts(found):
        return sender_at(found)
    forwards = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for text in forwards[: -_MOST_FORWARDS - 1 : -1]:
        address = address_in(text.strip())
        if address is None:
            break
        found = address
        if not proxy.trusts(address):
            break
    return sender_at(found)


def _only(request: HTTPConnection, header: str) -> str | None:
    """The value of a header, in UTF-8; None where it is empty or not there."""
    values = request.headers.getlist(header)
    if len(values) > 1:
        raise unauthenticated("The proxy says more than once who asks.")
    try:
        value = values[0].strip().encode("latin-1").decode() if values else ""
    except UnicodeDecodeError:
        raise unauthenticated("The proxy says who asks in something else than UTF-8.") from None
    if not value.isprintable() or len(value) > 16_384:
        raise unauthenticated("What the proxy says of who asks is no name.")
    return value or None
