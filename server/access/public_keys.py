"""The public keys in a JWKS (RFC 7517)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import jwt
import msgspec

from .config import Algorithm

# (id of a key, algorithm): the keys that may have signed so.
Keys = Mapping[tuple[str | None, str], list[jwt.PyJWK]]

# Kind of key and curve that an algorithm takes (RFC 7518, section 3.1; RFC 8037).
_TAKES = {"ES256": ("EC", {"P-256"}), "ES384": ("EC", {"P-384"}), "ES512": ("EC", {"P-521"})} | {
    "EdDSA": ("OKP", {"Ed25519", "Ed448"})
}
_RSA = ("RSA", {None})
_MOST_KEYS = 100


class _Jwk(msgspec.Struct, frozen=True):
    """What is public of a key: neither the private parts that one may have by mistake, nor links to elsewhere."""

    kty: str
    kid: str | None = None
    use: str | None = None
    key_ops: list[str] | None = None
    alg: str | None = None
    crv: str | None = None
    n: str | None = None
    e: str | None = None
    x: str | None = None
    y: str | None = None

    def fits(self, algorithm: str) -> bool:
        kind, curves = _TAKES.get(algorithm, _RSA)
        checks = self.use in (None, "sig") and (self.key_ops is None or "verify" in self.key_ops)
        return checks and self.kty == kind and self.crv in curves and self.alg in (None, algorithm)


class _Jwks(msgspec.Struct, frozen=True):
    keys: list[msgspec.Raw]


def public_keys(text: bytes, algorithms: Iterable[Algorithm]) -> Keys:
    """The keys for these algorithms, under their ids and under None; ValueError where there are none.

    Others may be of kinds or forms that are not known here, and are passed over (RFC 7517, section 5).
    """
    found: defaultdict[tuple[str | None, str], list[jwt.PyJWK]] = defaultdict(list)
    for raw in msgspec.json.decode(text, type=_Jwks).keys[:_MOST_KEYS]:
        try:
            key = msgspec.json.decode(raw, type=_Jwk)
        except msgspec.DecodeError:
            continue
        public: dict[str, Any] = {name: getattr(key, name) for name in ("kty", "crv", "n", "e", "x", "y")}
        public = {name: value for name, value in public.items() if value is not None}
        for algorithm in algorithms:
            made = _made(public, algorithm) if key.fits(algorithm) else None
            if made is not None:
                for name in {key.kid, None}:
                    found[name, algorithm].append(made)
    if not found:
        raise ValueError("it has no public key for the algorithms that are allowed")
    return found


def key_of(keys: Keys, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
    """The only key that may have signed so; of a token without an id, the only one of its kind."""
    fitting = keys.get((kid, algorithm), [])
    return fitting[0] if len(fitting) == 1 else None


def _made(public: dict[str, Any], algorithm: str) -> jwt.PyJWK | None:
    """None where it is no key, or one so short that it can be broken."""
    try:
        key = jwt.PyJWK(public, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return None if key.Algorithm.check_key_length(key.key) else key
