"""What the rules of a configuration grant to whom."""

from collections.abc import Mapping
from typing import Any, cast

from ...providers.grants import Grant, Principal
from .config import Config, Rule
from .identities import Identity


class Rules:
    """Those of a configuration, with the grants that they make."""

    def __init__(self, config: Config) -> None:
        self._grants = [(rule, _grant(rule)) for rule in config.rules]
        self._guarded = tuple(dict.fromkeys(tag for rule in config.rules for tag in rule.user_tags))
        self._administrators = frozenset(config.administrators)

    def principal(self, identity: Identity) -> Principal:
        """Who asks, with all that is granted to them."""
        return Principal(
            identity.name,
            tuple(grant for rule, grant in self._grants if _is_about(rule, identity)),
            self._guarded,
            not self._administrators.isdisjoint(identity.groups),
            identity.until,
        )


def _grant(rule: Rule) -> Grant:
    namespaces = None if rule.all_runs else rule.namespaces or ()
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
