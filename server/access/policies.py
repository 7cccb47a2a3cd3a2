"""A configuration, ready to be used."""

import ssl
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from ...providers.grants import Principal
from ...providers.watched_files import reason_of
from ...resolvers.signatures import Signatures
from ..audit import log
from ..senders import peer_of
from ..settings.metaflow_config import SettingsError
from .bearers import identity_of
from .config import SHORTEST_KEY, Algorithm, Config, SignedTokens
from .identities import Identity, no_credential, unauthenticated
from .jwts import Issuer, unproven_of
from .key_sets import FetchedKeys, FileKeys, KeySet
from .proxies import TrustedProxy
from .rules import Rules
from .tokens import PREFIX, Tokens

KeySets = Mapping[tuple[str, tuple[Algorithm, ...]], KeySet]
_LOOPBACK = (("http", "localhost"), ("http", "127.0.0.1"), ("http", "::1"))


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may ask, by what, and what they are granted. `urls`: None where none are signed."""

    config: Config
    tokens: Tokens
    issuers: Mapping[str, Issuer]
    key_sets: KeySets
    rules: Rules
    proxy: TrustedProxy | None
    urls: Signatures | None
    audit_file: Path | None

    async def identity(self, request: HTTPConnection, credential: str | None) -> Identity:
        """Who asks: by the token that they send, else by what a trusted proxy says; RequestError (401) where neither
        tells, (503) where it can't be told at the moment."""
        if credential is None:
            said = self.proxy.identity(request) if self.proxy and self.proxy.trusts(peer_of(request)) else None
            if said is None:
                raise no_credential()
            return said
        if credential.startswith(PREFIX):
            return self.tokens.identity(credential)
        unproven = unproven_of(credential)
        issuer = self.issuers.get(unproven.iss) if isinstance(unproven.iss, str) else None
        if issuer is None:
            raise unauthenticated("The token is of an issuer that is not known here.")
        return await issuer.identity(credential, unproven)

    def bearer(self, written: bytes) -> Principal | None:
        """Whom a URL was given out to, with what is granted to them now; None of who would not be let in any longer, as
        far as that can be told: a token's groups are those of now, a JWT's or a proxy's those of then."""
        said = identity_of(written)
        known = said and self._known(said)
        principal = known and self.rules.principal(known)
        return principal if principal and principal.grants else None

    def _known(self, said: Identity) -> Identity | None:
        match said.by:
            case "token":
                return self.tokens.named(said.name)
            case "jwt":
                return said if said.issuer in self.issuers else None
            case "proxy":
                return said if self.config.proxy and self.config.proxy.user_header else None


def policy_of(
    config: Config, folder: Path, providers: Collection[str], known: KeySets, tls: ssl.SSLContext | None
) -> Policy:
    """`folder`: that files are named from. `known`: keys of issuers that were fetched already. SettingsError where one
    part of the configuration does not fit another, or what it names can't be read."""
    _check(config, providers)
    key_sets = {
        (of.jwks, of.algorithms): known.get((of.jwks, of.algorithms)) or _keys(of, folder, tls) for of in config.jwt
    }
    return Policy(
        config,
        Tokens(config.tokens),
        {of.issuer: Issuer(of, key_sets[of.jwks, of.algorithms]) for of in config.jwt},
        key_sets,
        Rules(config),
        TrustedProxy(config.proxy) if config.proxy else None,
        _urls(config, folder),
        _audit_file(config, folder),
    )


def credential_of(request: HTTPConnection) -> str | None:
    """The token that is sent, as RFC 6750 has it; None where there is none, or a credential for somebody else, such as
    a proxy's password. RequestError (401) where there are two."""
    given = request.headers.getlist("authorization")
    if len(given) > 1:
        raise unauthenticated("The header Authorization comes more than once.", "invalid_request")
    scheme, _, token = (given[0] if given else "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def sends_credential(request: HTTPConnection) -> bool:
    """Whether there is one at all, be it valid or not."""
    return request.headers.get("authorization", "").partition(" ")[0].lower() == "bearer"


def _check(config: Config, providers: Collection[str]) -> None:
    names, hashes = ([token.name for token in config.tokens], [token.hash for token in config.tokens])
    for what, values in (
        ("tokens: the name", names),
        ("tokens: the hash", hashes),
        ("jwt: the issuer", [of.issuer for of in config.jwt]),
    ):
        twice = next((value for value, times in Counter(values).items() if times > 1), None)
        if twice is not None:
            raise SettingsError(f"{what} {twice} comes more than once.")
    for place, rule in enumerate(config.rules):
        for key, named, known in (("tokens", rule.tokens, names), ("metadata", rule.metadata or (), providers)):
            unknown = next((name for name in named if name not in known), None)
            if unknown is not None:
                there_is = ", ".join(known) or "none"
                raise SettingsError(f"rules[{place}].{key}: there is no {unknown}; there is {there_is}.")


def _keys(of: SignedTokens, folder: Path, tls: ssl.SSLContext | None) -> KeySet:
    if "://" in of.jwks:
        try:
            url = urlsplit(of.jwks)
        except ValueError:
            url = urlsplit("")
        if url.username is not None:
            raise SettingsError(f"jwt {of.issuer}: jwks is a URL without a user, for keys are public.")
        if not url.hostname or (url.scheme != "https" and (url.scheme, url.hostname) not in _LOOPBACK):
            message = "must be an https URL, for on the way others could put in their own keys"
            raise SettingsError(f"jwt {of.issuer}: jwks {message}.")
        return FetchedKeys(of.jwks, of.algorithms, tls)
    try:
        return FileKeys(folder / of.jwks, of.algorithms)
    except (OSError, ValueError) as error:
        raise SettingsError(f"jwt {of.issuer}: the keys in {of.jwks} can't be read: {reason_of(error)}.") from None


def _audit_file(config: Config, folder: Path) -> Path | None:
    if not config.audit.file:
        return None
    try:
        log.check(folder / config.audit.file)
    except OSError as error:
        raise SettingsError(f"audit.file can't be written: {error.strerror}.") from None
    return folder / config.audit.file


def _urls(config: Config, folder: Path) -> Signatures | None:
    if config.urls is None:
        return None
    if config.urls.key is not None:
        return Signatures(config.urls.key.encode(), config.urls.seconds)
    try:
        key = (folder / (config.urls.key_file or "")).read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"urls.key_file can't be read: {error.strerror}.") from None
    if len(key) < SHORTEST_KEY:
        raise SettingsError(f"urls.key_file must hold {SHORTEST_KEY} bytes or more.")
    return Signatures(key, config.urls.seconds)
