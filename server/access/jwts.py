"""JSON Web Tokens: what they say is believed of issuers that are configured, by the keys that these publish."""

import time
from base64 import urlsafe_b64decode
from collections import OrderedDict
from hashlib import sha256
from typing import Any, NamedTuple, cast

import jwt
import msgspec

from .config import SignedTokens
from .identities import Identity, unauthenticated
from .key_sets import KeySet

_LARGEST = 8_192  # characters of a token
_MOST_GROUPS = 1_000
_MOST_PROVEN = 1_000
_REASONS: dict[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "The token has ended.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidAudienceError: "The token is for somebody else.",
    jwt.MissingRequiredClaimError: "The token lacks a claim that it needs: iss, aud, exp.",
}
_DATES = ("exp", "nbf", "iat")
_LAST_DATE = 253_402_300_799  # the end of the year 9999, in seconds since the epoch
_NOT_VALID = "The token is not valid here."


class Unproven(msgspec.Struct, frozen=True):
    """What a token says of itself, which tells no more than what to check it by: nothing of it is believed."""

    alg: Any = None
    kid: str | None = None
    iss: Any = None


class _Proven(NamedTuple):
    """Whose token it is, by the signature of a key."""

    key: jwt.PyJWK
    identity: Identity


class Issuer:
    """One that is configured, and its keys."""

    def __init__(self, config: SignedTokens, keys: KeySet) -> None:
        self._config = config
        self._keys = keys
        # By their hashes: to check a token takes 200 microseconds, and its owner sends it with each request.
        self._proven: OrderedDict[bytes, _Proven] = OrderedDict()

    async def identity(self, token: str, unproven: Unproven) -> Identity:
        """Whose token it is, by RFC 7519, section 7.2; RequestError (401) where it is not valid, 503 where that can't
        be told."""
        if unproven.alg not in self._config.algorithms:
            raise unauthenticated("The token is signed by an algorithm that is not allowed.")
        key = await self._keys.key(unproven.kid, unproven.alg)
        if key is None:
            raise unauthenticated("The token is signed by a key that is not known here.")
        digest = sha256(token.encode()).digest()
        known = self._proven.get(digest)
        if known and known.key is key and time.time() < (known.identity.until or 0) + self._config.leeway:
            self._proven.move_to_end(digest)
            return known.identity
        identity = self._named(self._claims(token, key))
        self._proven[digest] = _Proven(key, identity)
        if len(self._proven) > _MOST_PROVEN:
            self._proven.popitem(last=False)
        return identity

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        try:
            claims = jwt.decode(
                token,
                key,
                self._config.algorithms,
                audience=self._config.audience,
                issuer=self._config.issuer,
                leeway=self._config.leeway,
                options={"require": ["iss", "aud", "exp"]},
            )
        except jwt.PyJWTError as error:
            raise unauthenticated(_REASONS.get(type(error), _NOT_VALID)) from None
        for date in _DATES:
            if date in claims and not _is_date(claims[date]):
                raise unauthenticated(f"The claim {date} of the token is no time.")
        return claims

    def _named(self, claims: dict[str, Any]) -> Identity:
        name, groups = claims.get(self._config.name), claims.get(self._config.groups, [])
        if not isinstance(name, str) or not name or len(name) > 500 or not name.isprintable():
            raise unauthenticated(f"The token has no name in its claim {self._config.name}.")
        listed = [groups] if isinstance(groups, str) else groups
        if not isinstance(listed, list) or len(cast("list[Any]", listed)) > _MOST_GROUPS:
            raise unauthenticated(f"The claim {self._config.groups} of the token is no list of groups.")
        named = frozenset(group for group in cast("list[Any]", listed) if isinstance(group, str))
        return Identity("jwt", name, named, claims, float(int(claims["exp"])))


def unproven_of(token: str) -> Unproven:
    """What it says of itself; RequestError (401) where it is no token."""
    if len(token) > _LARGEST:
        raise unauthenticated(f"The token has more than {_LARGEST} characters.")
    parts = token.split(".")
    try:
        header, payload = (_part(part) for part in parts[:2])
    except (ValueError, RecursionError):  # msgspec's and base64's errors are of the former kind
        raise unauthenticated("The token is neither one of this gateway's nor a JSON Web Token.") from None
    return Unproven(header.alg, header.kid, payload.iss)


def _is_date(value: object) -> bool:
    """A NumericDate of RFC 7519, section 2: PyJWT takes it as text too, and as a truth."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value <= _LAST_DATE


def _part(part: str) -> Unproven:
    return msgspec.json.decode(urlsafe_b64decode(part + "=" * (-len(part) % 4)), type=Unproven)
