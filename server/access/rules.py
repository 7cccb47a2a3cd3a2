"""What the rules of a configuration grant to whom."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

import msgspec

from ...providers.grants import Grant, Principal
from .bearers import Bearers
from .config import Config, Rule
from .identities import Identity
from .templates import Template, template_of, templates_of


class _Granting(NamedTuple):
    """A rule, what it grants to all alike, and what of it depends on who asks."""

    rule: Rule
    grant: Grant
    templates: tuple[Template, ...]

    def to(self, identity: Identity) -> Grant | None:
        """None where it is about no runs for them."""
        if not self.templates:
            return self.grant
        own = (tag for template in self.templates for tag in template.filled(identity))
        namespaces = (*(self.grant.namespaces or ()), *own)
        if not (namespaces or self.grant.user_tags):
            return None
        return msgspec.structs.replace(self.grant, namespaces=namespaces)


class Rules:
    """Those of a configuration, with the grants that they make."""

    def __init__(self, config: Config) -> None:
        self._granting = [_Granting(rule, _grant(rule), templates_of(rule.namespaces or ())) for rule in config.rules]
        self._guarded = tuple(dict.fromkeys(tag for rule in config.rules for tag in rule.user_tags))
        self._administrators = frozenset(config.administrators)
        self._bearers = Bearers(config) if config.urls else None

    def principal(self, identity: Identity) -> Principal:
        """Who asks, with all that is granted to them."""
        return Principal(
            identity.name,
            tuple(self._grants(identity)),
            self._guarded,
            not self._administrators.isdisjoint(identity.groups),
            identity.until,
            self._bearers.written(identity) if self._bearers else b"",
        )

    def _grants(self, identity: Identity) -> Iterator[Grant]:
        for granting in self._granting:
            if _is_about(granting.rule, identity):
                grant = granting.to(identity)
                if grant is not None:
                    yield grant


def _grant(rule: Rule) -> Grant:
    """To all alike."""
    fixed = tuple(pattern for pattern in rule.namespaces or () if template_of(pattern) is None)
    namespaces = None if rule.all_runs else fixed
    metadata = None if rule.metadata is None else frozenset(rule.metadata)
    return Grant(metadata, namespaces, rule.user_tags, rule.may, rule.hidden_names, rule.hidden_lines)


def _is_about(rule: Rule, identity: Identity) -> bool:
    return (
        rule.everyone
        or (identity.by == "token" and identity.name in rule.tokens)
        or not identity.groups.isdisjoint(rule.groups)
        or (bool(rule.claims) and _has(identity.claims or {}, rule.claims))
    )


def _has(claims: Mapping[str, Any], wanted: Mapping[str, str | tuple[str, ...]]) -> bool:
    """Whether each of those claims has, or holds in a list, one of the texts."""
    for name, values in wanted.items():
        claimed = claims.get(name)
        held = cast("list[Any]", claimed) if isinstance(claimed, list) else [claimed]
        if not any(value in held for value in ([values] if isinstance(values, str) else values)):
            return False
    return True
