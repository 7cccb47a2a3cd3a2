"""Signatures of URLs of files: whoever has one may read that one file until it ends, without saying who he is.

So an image or a download works in a browser, which sends no header along, and a URL that has leaked ends. It says whose
rights it was given out by (a digest of his name and grants), and he loses what he had of it with its window.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from ..providers.grants import Principal

UNTIL, BY, SIGNATURE = "until", "by", "signature"
_LATEST = 10**11  # seconds since the epoch


class Signatures(NamedTuple):
    """`key` is the configuration's. Time is cut into windows of so many `seconds`.

    A URL is good until the end of the window after the one that it was given out in: it stays the same within a window,
    so that caches hold, and is good for one at least.
    """

    key: bytes
    seconds: int

    def parameters(self, file: Sequence[str], principal: Principal, now: float) -> dict[str, str]:
        """What the URL of a file says in its query besides; `file`: all that names it."""
        until, by = str((int(now) // self.seconds + 2) * self.seconds), _digest(principal)
        return {UNTIL: until, BY: by, SIGNATURE: self._signature(file, until, by)}

    def accept(self, file: Sequence[str], query: Mapping[str, str], now: float) -> bool:
        """Whether the query says, in words of this key, that the file may be read now."""
        until, by, signature = (query.get(name, "") for name in (UNTIL, BY, SIGNATURE))
        if not f"{until}{by}{signature}".isascii() or not until.isdecimal() or not now < int(until[:12]) < _LATEST:
            return False
        return hmac.compare_digest(self._signature(file, until, by), signature)

    def _signature(self, file: Sequence[str], until: str, by: str) -> str:
        # As a list, in which no part can be taken for another.
        signed = msgspec.json.encode([list(file), until, by])
        return urlsafe_b64encode(hmac.digest(self.key, signed, "sha256")).decode().rstrip("=")


@lru_cache(maxsize=1024)
def _digest(principal: Principal) -> str:
    told = msgspec.json.encode([principal.name, principal.grants], order="deterministic")
    return hashlib.sha256(told).hexdigest()[:16]
