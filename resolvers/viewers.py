"""Query.viewer: who is asking, and what is granted to him."""

import msgspec

from ..providers.base import Provider
from ..providers.grants import Grant, Right
from ..providers.guarded.provider import granted_of
from ..providers.times import rfc3339
from . import inputs
from .about import ProviderInfo, described
from .context import Info

__all__ = ["Right"]

inputs.describe(
    Right,
    "What one may do with a run, besides seeing that it is there and how far it has come.",
    {
        "VALUES": "Read values: data, tables, previews, exceptions, parameters, items of a foreach.",
        "CARDS": "Read cards, with whatever they show: it comes with VALUES, unless names are hidden.",
        "LOGS": "Read what tasks wrote.",
        "CODE": "Read code packages, source, docstrings and the arguments of decorators.",
        "TAGS": "Add and remove tags.",
    },
)

# Without access control.
_EVERYTHING = Grant(metadata=None, namespaces=None, rights=frozenset(Right))

_LAST = 253_402_300_799  # seconds since the epoch, up to which a time can be written: the year 9999


class Access(msgspec.Struct, frozen=True):
    provider: ProviderInfo
    all_runs: bool
    namespaces: list[str]
    user_tags: list[str]
    rights: list[Right]
    hidden_names: list[str]
    hides_lines: bool


class Viewer(msgspec.Struct, frozen=True):
    name: str | None
    administrator: bool
    until: str | None
    namespaces: list[str] | None
    access: list[Access]


def viewer(info: Info) -> Viewer:
    principal, providers = info.context.principal, info.context.gateway.providers.values()
    if principal is None:
        access = [_access(provider, _EVERYTHING, info) for provider in providers]
        return Viewer(None, True, None, None, access)
    access = [_access(provider, grant, info) for provider in providers for grant in granted_of(principal, provider)]
    namespaces = sorted({namespace for one in access for namespace in one.namespaces})
    return Viewer(
        principal.name,
        principal.administrator,
        None if principal.until is None or principal.until > _LAST else rfc3339(int(principal.until * 1000)),
        None if any(one.all_runs for one in access) else namespaces,
        access,
    )


def _access(provider: Provider, grant: Grant, info: Info) -> Access:
    return Access(
        described(provider, info),
        grant.namespaces is None,
        list(grant.namespaces or ()),
        list(grant.user_tags),
        [right for right in Right if right in grant.all_rights],
        list(grant.hidden_names),
        bool(grant.hidden_lines),
    )
