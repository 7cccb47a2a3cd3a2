"""Where requests come from."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from starlette.requests import HTTPConnection

Address = IPv4Address | IPv6Address


class Sender(NamedTuple):
    """`network`: what limits go by, a whole network of IPv6, of which everyone has 2^64 addresses."""

    address: str
    network: str


@lru_cache(1_000)
def sender_at(address: Address | None) -> Sender:
    """None: of a socket that has none."""
    if isinstance(address, IPv6Address):
        return Sender(str(address), str(IPv6Network((int(address) >> 64 << 64, 64))))
    return Sender(str(address), str(address))


def peer_of(request: HTTPConnection) -> Address | None:
    """Whom the socket is connected to; None where it has no address."""
    return address_in(request.client.host) if request.client else None


@lru_cache(1_000)
def address_in(text: str) -> Address | None:
    """None where it is none. An IPv4 address that was reached by a socket for both kinds is one of IPv4 still."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
