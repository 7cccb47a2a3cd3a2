"""Whom a signed URL was given out to: what rules look at of an identity, written down."""

from collections.abc import Mapping
from typing import Any

import msgspec

from .config import Config
from .identities import By, Identity
from .templates import templates_of


class _Written(msgspec.Struct, frozen=True, array_like=True):
    by: By
    name: str
    groups: list[str]
    claims: Mapping[str, Any] | None


class Bearers:
    """By a configuration: of the groups and claims that no rule is about, nothing is written down."""

    def __init__(self, config: Config) -> None:
        self._groups = frozenset({*config.administrators, *(group for rule in config.rules for group in rule.groups)})
        templates = (template for rule in config.rules for template in templates_of(rule.namespaces or ()))
        self._claims = {"iss", *(name for rule in config.rules for name in rule.claims)}
        self._claims |= {template.claim for template in templates if template.claim is not None}

    def written(self, identity: Identity) -> bytes:
        """The same for the same."""
        claims = identity.claims and {name: of for name, of in identity.claims.items() if name in self._claims}
        groups = sorted(identity.groups & self._groups)
        return msgspec.json.encode(_Written(identity.by, identity.name, groups, claims), order="sorted")


def identity_of(written: bytes) -> Identity | None:
    """Who that was; when the credential ended is not known. None where it is not written so, as by another release."""
    try:
        found = msgspec.json.decode(written, type=_Written)
    except msgspec.DecodeError:
        return None
    return Identity(found.by, found.name, frozenset(found.groups), found.claims)
