"""Whom a signed URL was given out to: what rules look at of an identity, written down."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, cast

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
    """By a configuration: of the groups and claims that no rule is about, nothing is written down; of a claim that no
    pattern is filled with, those of the values alone that rules name."""

    def __init__(self, config: Config) -> None:
        self._groups = frozenset({*config.administrators, *(group for rule in config.rules for group in rule.groups)})
        templates = (template for rule in config.rules for template in templates_of(rule.namespaces or ()))
        self._whole = {"iss", *(template.claim for template in templates if template.claim is not None)}
        self._values: defaultdict[str, set[str]] = defaultdict(set)
        for name, values in (claim for rule in config.rules for claim in rule.claims.items()):
            self._values[name].update([values] if isinstance(values, str) else values)

    def written(self, identity: Identity) -> bytes:
        """The same for the same."""
        claims = identity.claims and dict(self._written_of(identity.claims))
        groups = sorted(identity.groups & self._groups)
        return msgspec.json.encode(_Written(identity.by, identity.name, groups, claims), order="sorted")

    def _written_of(self, claims: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, of in claims.items():
            if name in self._whole:
                yield name, of
            elif name in self._values:
                held = cast("list[Any]", of) if isinstance(of, list) else [of]
                yield name, sorted({value for value in held if isinstance(value, str)} & self._values[name])


def identity_of(written: bytes) -> Identity | None:
    """Who that was; when the credential ended is not known. None where it is not written so, as by another release."""
    try:
        found = msgspec.json.decode(written, type=_Written)
    except msgspec.DecodeError:
        return None
    return Identity(found.by, found.name, frozenset(found.groups), found.claims)
