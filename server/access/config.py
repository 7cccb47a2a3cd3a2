"""The file of `serve --config`, in TOML: each of its tables and keys, with what they mean. No other key is allowed.

It is read again when it changes; what can't be read then is told on stderr, and what was read before goes on.
An empty file is such a one.
"""

import re
from datetime import datetime
from ipaddress import ip_network
from typing import Annotated, Literal, cast

from msgspec import Meta, Struct

from ...providers.grants import Right
from ...providers.guarded.expressions import searching
from .templates import template_of

Seconds = Annotated[int, Meta(ge=1, le=86_400)]
# Those of which the one who checks holds no secret. With HS… a public key could be taken for one; `none` is no check.
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]  # fmt: skip

_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1
SHORTEST_KEY = 32
_LONGEST = 500  # characters of a text


class Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file. ValueErrors of `__post_init__` are told with the place that they are about."""

    def __post_init__(self) -> None:
        # Not by Meta(pattern=…): processes that have one end in a segmentation fault (msgspec's issue 717).
        for key in self.__struct_fields__:
            value: object = getattr(self, key)
            for text in cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and not (text.isprintable() and 0 < len(text) <= _LONGEST):
                    raise ValueError(f"{key} must be text of 1 to {_LONGEST} characters that can be seen")


class Token(Table, frozen=True):
    """`[[tokens]]`: an API token, as `metaflow-graphql token` makes one.

    `name`: what rules, limits and the audit log call it. `hash`: of the token, which itself is kept nowhere.
    `groups`: that it is in. `expires`: a time with its offset, from which on it is refused.
    """

    name: str
    hash: str
    groups: tuple[str, ...] = ()
    expires: datetime | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not _HASH.fullmatch(self.hash):
            raise ValueError("hash is sha256: and 64 digits, as metaflow-graphql token prints it")
        if self.expires and self.expires.tzinfo is None:
            raise ValueError("expires needs an offset, such as 2027-01-31T00:00:00Z")


class SignedTokens(Table, frozen=True):
    """`[[jwt]]`: JSON Web Tokens of one issuer.

    `issuer`: as their claim `iss`. `audience`: one that `aud` has to name. `jwks`: its public keys, as a URL (https,
    or http on this machine) or a file, seen from the folder of this one. `algorithms`: that they may be signed by.
    `leeway`: how far clocks may differ, in seconds. `name`, `groups`: the claims that hold a name, and a list of groups
    or one. Both are the same words whoever says them: list no issuer who is not to be believed, and no claim that its
    users choose themselves.
    """

    issuer: str
    audience: str | tuple[str, ...]
    jwks: str
    algorithms: Annotated[tuple[Algorithm, ...], Meta(min_length=1)] = ("RS256", "ES256")
    leeway: Annotated[int, Meta(ge=0, le=300)] = 30
    name: str = "sub"
    groups: str = "groups"


class Proxy(Table, frozen=True):
    """`[proxy]`: a proxy whose `X-Forwarded-For` says whose limits count; without it, all that it passes on are one
    client. It may also say in headers who asks, if it removes such headers that clients send.

    `addresses`: that it calls from (`10.0.0.0/8`, `::1`); nobody else's headers are read. `user_header`,
    `groups_header`: their names, where it says who asks; groups are separated by commas.
    """

    addresses: Annotated[tuple[str, ...], Meta(min_length=1)]
    user_header: str | None = None
    groups_header: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.groups_header and not self.user_header:
            raise ValueError("groups_header needs user_header")
        for header in (self.user_header or "-", self.groups_header or "-"):
            if not _HEADER.fullmatch(header):
                raise ValueError(f"{header} is no name of a header")
        for address in self.addresses:
            ip_network(address)


class Rule(Table, frozen=True):
    """`[[rules]]`: grants to whom one of these is about: `tokens` by name, `groups`, `claims` of a JWT (all of them,
    each with one of the values), or `everyone` who has a credential.

    Of which runs: `metadata`: of these providers, or of all. `namespaces`: patterns (`user:*`) of system tags, one of
    which a run has; or `all_runs`, also of providers without tags. `{name}` in one is what the credential of who asks
    calls them (`user:{name}`), `{claims.team}` what a claim of a JWT says, or each of what it lists.
    `user_tags`: patterns of tags that people gave: runs that have one are granted too, and from then on only
    administrators may add or remove such tags.
    `may`, beyond reading metadata: "values", "cards", "logs", "code" read what is called so, "tags" changes user tags.
    `hidden_names`: patterns of artifacts and parameters whose values are not shown. "values" has "cards" in it, but not
    where names are hidden: a card shows what its code put there. `hidden_lines`: regular expressions (RE2's) of log
    lines that are not shown.
    """

    tokens: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    claims: dict[str, str | tuple[str, ...]] = {}
    everyone: bool = False
    metadata: tuple[str, ...] | None = None
    namespaces: tuple[str, ...] | None = None
    all_runs: bool = False
    user_tags: tuple[str, ...] = ()
    may: frozenset[Right] = frozenset()
    hidden_names: tuple[str, ...] = ()
    hidden_lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if bool(self.tokens or self.groups or self.claims) == self.everyone:
            raise ValueError("it needs either some of tokens, groups and claims, or everyone = true")
        if self.all_runs == bool(self.namespaces or self.user_tags):
            raise ValueError("it needs either some of namespaces and user_tags, or all_runs = true")
        for pattern in self.namespaces or ():
            template_of(pattern)
        for expression in self.hidden_lines:
            searching(expression)


class Urls(Table, frozen=True):
    """`[urls]`: URLs of files, which work without a header until they end.

    `key`: what they are signed with, of 32 characters or more, or `key_file`: a file that holds it, read with this one.
    `seconds`: how long a URL works at least, as long as its owner may see the file; twice as long at most.
    A URL carries what rules look at of its owner; of a claim that a pattern is filled with (`{claims.team}`) all that
    it says: where that is a long list, URLs are as long, up to the 8 KB of a JWT, and proxies may refuse them.
    """

    key: str | None = None
    key_file: str | None = None
    seconds: Seconds = 900

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.key is None) == (self.key_file is None):
            raise ValueError("it needs either key or key_file")
        if self.key is not None and len(self.key) < SHORTEST_KEY:
            raise ValueError(f"key needs {SHORTEST_KEY} characters or more")


class Rates(Table, frozen=True):
    """`[rates]`: how many objects may be asked for, by their number estimated beforehand, and one for each request.

    `principal`: by one name. `address`: from one address, whoever asks. `seconds`: after which so many may be asked for
    again; before, as many as the time that has passed. `failures`: credentials of one address that may be refused in
    that time.
    """

    principal: Annotated[int, Meta(ge=1, le=10**15 - 1)] = 20_000_000
    address: Annotated[int, Meta(ge=1, le=10**15 - 1)] = 40_000_000
    seconds: Seconds = 60
    failures: Annotated[int, Meta(ge=1, le=10_000)] = 20


class Audit(Table, frozen=True):
    """`[audit]`: a line of JSON for each mutation and each refusal; of a flood of these, one that counts what is more
    than 1,000 in a minute of one who is known, or 100 of a network of strangers. `file`: where they go, else to stderr.
    """

    file: str | None = None


class Config(Table, frozen=True):
    """The whole file. `administrators`: groups whose members may add and remove the tags that rules are about."""

    administrators: tuple[str, ...] = ()
    tokens: tuple[Token, ...] = ()
    jwt: tuple[SignedTokens, ...] = ()
    proxy: Proxy | None = None
    rules: tuple[Rule, ...] = ()
    urls: Urls | None = None
    rates: Rates = Rates()
    audit: Audit = Audit()
