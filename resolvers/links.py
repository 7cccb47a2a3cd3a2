"""URLs on this gateway that serve bytes (server/downloads.py); None where it has no address of its own."""

from urllib.parse import quote

from ..providers import records
from ..providers.base import Key
from .context import Context

PREFIX = "/files"


def artifact(context: Context, artifact: records.DataArtifact) -> str | None:
    """Of the very attempt: what it serves never changes."""
    return _url(context, "artifact", Key(artifact.provider, artifact.pathspec, artifact.attempt))


def log(context: Context, task: Key, stream: str) -> str | None:
    """`stream`: stdout or stderr."""
    return _url(context, "log", task, stream)


def card(context: Context, task: Key, hash: str) -> str | None:
    return _url(context, "card", task, hash)


def code(context: Context, task: Key) -> str | None:
    return _url(context, "code", task)


def _url(context: Context, kind: str, key: Key, *more: str) -> str | None:
    if context.address is None:
        return None
    parts = [kind, key.provider, *key.pathspec.split("/"), *more]
    path = "/".join(quote(part, safe="") for part in parts)
    return f"{context.address}{PREFIX}/{path}" + ("" if key.attempt is None else f"?attempt={key.attempt}")
