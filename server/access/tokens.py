"""API tokens: random texts, of which the configuration has no more than the hash."""

import hmac
import json
import secrets
import time
from collections.abc import Iterable, Sequence
from hashlib import sha256

from .config import Token
from .identities import Identity, unauthenticated

# Tools that look for secrets in code and logs know them by it.
PREFIX = "mfgql_"


def new_token() -> str:
    """256 random bits, which nobody can guess."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """As the configuration keeps it.

    bcrypt and its kin make guessing slow, which people's passwords need: 2^256 tokens can't be gone through at any
    speed, and to check one must not cost as much as many queries.
    """
    return "sha256:" + sha256(token.encode()).hexdigest()


def table_of(token: str, name: str, groups: Sequence[str]) -> str:
    """The lines of a configuration that have the gateway know it."""
    # What JSON writes in ASCII is a TOML text too.
    lines = ["[[tokens]]", f"name = {json.dumps(name)}", f'hash = "{hash_of(token)}"']
    return "\n".join(lines + ([f"groups = {json.dumps(groups)}"] if groups else []))


class Tokens:
    """Those of a configuration, by their hashes."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._by_hash = {token.hash: token for token in tokens}
        self._by_name = {token.name: token for token in self._by_hash.values()}

    def identity(self, given: str) -> Identity:
        """Whose token it is; RequestError (401) where it is nobody's, or has ended."""
        digest = hash_of(given)
        # How long the search takes tells of the digest at the most, from which no token can be made.
        token = self._by_hash.get(digest)
        if token is None or not hmac.compare_digest(token.hash, digest):
            raise unauthenticated("The token is not known here.")
        identity = _identity(token)
        if identity is None:
            raise unauthenticated("The token has ended.")
        return identity

    def named(self, name: str) -> Identity | None:
        """Whose token has that name; None where there is none, or none any longer."""
        token = self._by_name.get(name)
        return token and _identity(token)


def _identity(token: Token) -> Identity | None:
    """None where it has ended."""
    until = token.expires.timestamp() if token.expires else None
    if until is not None and until <= time.time():
        return None
    return Identity("token", token.name, frozenset(token.groups), until=until)
