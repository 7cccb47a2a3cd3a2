"""The address that a request comes from, and what a trusted proxy says of who asks."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import HTTPConnection

from .config import Proxy
from .identities import Identity, unauthenticated

Address = IPv4Address | IPv6Address
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


def peer_of(request: HTTPConnection) -> Address | None:
    """Whom the socket is connected to; None where it has no address."""
    return _address(request.client.host) if request.client else None


def address_of(request: HTTPConnection, peer: Address | None, proxy: TrustedProxy | None) -> Address | None:
    """Where a request comes from: of X-Forwarded-For the last that is no trusted proxy, if one sent it."""
    if proxy is None or not proxy.trusts(peer):
        return peer
    forwards = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    found = peer
    for text in forwards[: -_MOST_FORWARDS - 1 : -1]:
        address = _address(text.strip())
        if address is None:
            break
        found = address
        if not proxy.trusts(address):
            break
    return found


def limited_as(address: Address | None) -> str:
    """What limits go by: a whole network of IPv6, of which everyone has 2^64 addresses."""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)


@lru_cache(1_000)
def _address(text: str) -> Address | None:
    """An IPv4 address that was reached by a socket for both kinds is one of IPv4 still."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


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
