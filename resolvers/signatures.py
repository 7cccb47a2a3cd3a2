"""Signatures of URLs of files: whoever has one may read that one file until it ends, without saying who he is.

So an image or a download works in a browser, which sends no header along, and a URL that has leaked ends. It carries
whom it was given out to, sealed, and is good for what he may read when it is used.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

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
        until, by = str((int(now) // self.seconds + 2) * self.seconds), _sealed(self.key, principal.identity)
        return {UNTIL: until, BY: by, SIGNATURE: self._signature(file, until, by)}

    def identity(self, file: Sequence[str], query: Mapping[str, str], now: float) -> bytes | None:
        """Of whom the URL of the file was given out to; None where it was not by this key, or has ended."""
        until, by, signature = (query.get(name, "") for name in (UNTIL, BY, SIGNATURE))
        if not f"{until}{by}{signature}".isascii() or not until.isdecimal() or not now < int(until[:12]) < _LATEST:
            return None
        return _opened(self.key, by) if hmac.compare_digest(self._signature(file, until, by), signature) else None

    def _signature(self, file: Sequence[str], until: str, by: str) -> str:
        # As a list, in which no part can be taken for another.
        return _text(hmac.digest(self.key, msgspec.json.encode([list(file), until, by]), "sha256"))


@lru_cache(maxsize=1024)
def _sealed(key: bytes, identity: bytes) -> str:
    """As nobody else can read it, and the same each time: AES-SIV needs no nonce (RFC 5297)."""
    return _text(_cipher(key).encrypt(identity, None))


def _opened(key: bytes, sealed: str) -> bytes | None:
    """None of what another release may have signed."""
    try:
        return _cipher(key).decrypt(urlsafe_b64decode(f"{sealed}=="), None)
    except (InvalidTag, ValueError):
        return None


@lru_cache(maxsize=2)
def _cipher(key: bytes) -> AESSIV:
    return AESSIV(hmac.digest(key, b"whom a URL was given out to", "sha256"))


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
