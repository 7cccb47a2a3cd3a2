"""Relay ids, such as `Run:default/HelloFlow/2`, `Task:default/HelloFlow/2/start/1?attempt=0`.

Clients must not look inside; they are plain text because one is made for every object of an answer. A flow's
ends with `?namespace=…` where it was asked for in one.
"""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from . import pathspec
from .errors import BadUserInput
from .records import MAX_ATTEMPTS

PROVIDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ID = re.compile(
    rf"(?P<type>[A-Za-z]+):(?P<provider>{PROVIDER_NAME.pattern})/(?P<pathspec>[^?]+)"
    rf"(?:\?attempt=(?P<attempt>[0-{MAX_ATTEMPTS - 1}])|\?namespace=(?P<namespace>.*))?"
)
# A card's pathspec is its task's and its hash.
_LEVELS = {name: level for level, name in enumerate(pathspec.LEVELS, 1)} | {"Card": len(pathspec.LEVELS)}
_MAX_LENGTH = 8192


class Identity(NamedTuple):
    """What an id stands for; `namespace` only on flows, `attempt` only where one was asked for."""

    type: str
    provider: str
    pathspec: str
    attempt: int | None = None
    namespace: str | None = None


def of_object(kind: str, provider: str, pathspec: str, attempt: int | None = None) -> str:
    """The id of a run, step, task, artifact or card, and of what is one to one with it."""
    plain = f"{kind}:{provider}/{pathspec}"
    return plain if attempt is None else f"{plain}?attempt={attempt}"


def of_flow(provider: str, name: str, namespace: str | None) -> str:
    """The id of a flow in a namespace."""
    plain = f"Flow:{provider}/{name}"
    return plain if namespace is None else f"{plain}?namespace={quote(namespace, safe='')}"


def parse(text: str) -> Identity:
    """What the id of a Node stands for; BadUserInput where it is none of ours."""
    match = _ID.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    level = match and _LEVELS.get(match["type"])
    if match and level:
        attempt = None if match["attempt"] is None else int(match["attempt"])
        namespace = None if match["namespace"] is None else unquote(match["namespace"])
        possible = (attempt is None or level >= _LEVELS["Task"]) and (namespace is None or level == _LEVELS["Flow"])
        if possible and pathspec.is_pathspec(match["pathspec"], level):
            return Identity(match["type"], match["provider"], match["pathspec"], attempt, namespace)
    raise BadUserInput(f"{pathspec.shown(text)} is no id that this gateway gave out.")
