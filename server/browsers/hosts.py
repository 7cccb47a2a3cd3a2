"""The names that a gateway answers to which asks nobody who they are."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from ...providers.pathspec import shown
from ..errors import RequestError, refused

# Of what may stand in a Host header, what clients can be told a URL of.
AUTHORITY = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
# Of Host headers, whether they are answered.
_REMEMBERED = 256


class Hosts:
    """Which Host headers are answered, for DNS rebinding: a page has the name that it came from point to the gateway,
    and the browser takes both for one origin, whose answers it may read. The name is still in its requests.

    Answered are loopback addresses, `localhost` and the host of `public_url`; at any port, since ports are forwarded.
    `anywhere`: other addresses too, and names without a dot, as containers and machines of a network have them: no
    stranger's page comes from one of those.
    """

    def __init__(self, public_url: str | None, *, anywhere: bool) -> None:
        self._named = {"localhost", urlsplit(public_url or "").hostname}
        self._anywhere = anywhere
        self._answered = lru_cache(_REMEMBERED)(self._looked_at)

    def refusal(self, given: Sequence[bytes]) -> RequestError | None:
        """Of a request with these Host headers; None where it may be answered.

        400 for none or several. 421 for another name, and not 403: the gateway is not the
        server of that URL, whoever asks (RFC 9110, section 15.5.20).
        """
        if len(given) != 1:
            return without_one(given)
        if self._answered(given[0]):
            return None
        name = shown(given[0].decode("latin-1"))
        return refused(
            "FORBIDDEN", f"The gateway is not called {name}: if it should be, start it with --public-url.", 421
        )

    def _looked_at(self, host: bytes) -> bool:
        found = AUTHORITY.fullmatch(host.decode("latin-1"))
        name = found["name"].lower() if found else ""
        if name in self._named:
            return True
        try:
            address = ip_address(name.strip("[]"))
        except ValueError:
            return self._anywhere and name != "" and "." not in name
        return self._anywhere or address.is_loopback


def without_one(given: Sequence[bytes], http_version: str | None = "1.1") -> RequestError | None:
    """400 for none or several, whatever their names (RFC 9112, section 3.2); before HTTP/1.1 none will do."""
    if len(given) == 1 or (not given and http_version != "1.1"):
        return None
    return refused("BAD_USER_INPUT", "A request has one Host header.", 400)


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches the IP address."""
    found = ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback
