"""What someone may see of the runs behind the gateway, and may do with them."""

from enum import StrEnum

import msgspec


class Right(StrEnum):
    """Beyond reading metadata, which every grant allows."""

    VALUES = "values"  # whatever shows them: data, tables, previews, cards, exceptions, parameters, foreach values
    CARDS = "cards"  # comes with values, but not where names are hidden: a card shows what its code put there
    LOGS = "logs"
    CODE = "code"
    TAGS = "tags"  # to add and remove them


class Grant(msgspec.Struct, frozen=True, cache_hash=True):
    """Rights to some of the runs of some providers. A run that several grants are about has the rights of all of them.

    `metadata`: names of the providers; None: all. `namespaces`: patterns (fnmatch) of system tags, of which a run has
    to have one that matches; None: every run, and only such a grant is about runs of providers without tags.
    `user_tags`: patterns of tags that people gave; a run that has one is granted too. `hidden_names`: patterns of
    names of artifacts and parameters that this grant does not show the values of. `hidden_lines`: regular expressions
    (RE2's) of log lines that it does not show.
    """

    metadata: frozenset[str] | None
    namespaces: tuple[str, ...] | None
    user_tags: tuple[str, ...] = ()
    rights: frozenset[Right] = frozenset()
    hidden_names: tuple[str, ...] = ()
    hidden_lines: tuple[str, ...] = ()

    @property
    def all_rights(self) -> frozenset[Right]:
        """With those that come with others."""
        with_cards = Right.VALUES in self.rights and not self.hidden_names
        return self.rights | {Right.CARDS} if with_cards else self.rights


class Principal(msgspec.Struct, frozen=True, cache_hash=True):
    """Who asks, and what is granted to him: nothing without grants.

    `guarded_tags`: patterns of all user tags that any rule is about; only an `administrator` may add or remove those.
    `until`: when the credential ends, in seconds since the epoch. `identity`: by what rules tell him, as access control
    writes it down: what is granted to him later can be found out by it. Empty where no URLs are signed.
    """

    name: str
    grants: tuple[Grant, ...] = ()
    guarded_tags: tuple[str, ...] = ()
    administrator: bool = False
    until: float | None = None
    identity: bytes = b""
