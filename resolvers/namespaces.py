"""Namespaces: an argument of each request, never a state."""

import strawberry

from ..providers import records
from ..providers.errors import NamespaceMismatch
from .context import Gateway


def effective(namespace: str | None, gateway: Gateway) -> str | None:
    """The namespace that applies: omitted is the gateway's default one, None is none."""
    return gateway.default_namespace if namespace is strawberry.UNSET else namespace


def outside(run: records.Run, namespace: str | None) -> bool:
    """Whether the run lacks the namespace among its tags (client/core.py:MetaflowObject._is_in_namespace)."""
    return namespace is not None and namespace not in run.tags


def mismatch(pathspec: str, namespace: str | None) -> NamespaceMismatch:
    """The error of an object that exists, but not in the namespace."""
    return NamespaceMismatch(
        f"{pathspec} is not in the namespace {(namespace or '')[:80]!a}; namespace: null finds it wherever it is."
    )
