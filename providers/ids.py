"""Relay ids: `Run:default/HelloFlow/2`, `Task:default/HelloFlow/2/start/1?attempt=0`, `Flow:default/HelloFlow?namespace=x`.

Clients must not look inside; they are plain because one is made for every object of an answer.
"""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from . import pathspec
from .errors import BadUserInput, InvalidPathspec

PROVIDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ID = re.compile(
    rf"(?P<type>[A-Za-z]+):(?P<provider>{PROVIDER_NAME.pattern})/(?P<pathspec>[^?]+)"
    r"(?:\?attempt=(?P<attempt>[0-5])|\?namespace=(?P<namespace>.*))?"
)


class Identity(NamedTuple):
    """What an id stands for; `namespace` only on flows, `attempt` only where one was asked for."""

    type: str
    provider: str
    pathspec: str
    attempt: int | None = None
    namespace: str | None = None


def of_object(type_name: str, provider: str, pathspec: str, attempt: int | None = None) -> str:
    """The id of a run, step, task or artifact, and of what is one to one with it."""
    return f"{type_name}:{provider}/{pathspec}" if attempt is None else f"{type_name}:{provider}/{pathspec}?attempt={attempt}"


def of_flow(provider: str, name: str, namespace: str | None) -> str:
    """The id of a flow in a namespace."""
    return f"Flow:{provider}/{name}" if namespace is None else f"Flow:{provider}/{name}?namespace={quote(namespace, safe='')}"


def parse(text: str) -> Identity:
    """What an id of a hierarchy's object stands for; BadUserInput where it is none of ours."""
    match = _ID.fullmatch(text) if len(text) <= 8192 else None
    if match and match["type"] in pathspec.LEVELS:
        level = pathspec.LEVELS.index(match["type"]) + 1
        attempt = None if match["attempt"] is None else int(match["attempt"])
        namespace = None if match["namespace"] is None else unquote(match["namespace"])
        try:
            pathspec.parse(match["pathspec"], level)
        except InvalidPathspec:
            level = 0
        if level >= 4 or (level >= 1 and attempt is None and (level == 1 or namespace is None)):
            return Identity(match["type"], match["provider"], match["pathspec"], attempt, namespace)
    raise BadUserInput(f"{pathspec.shown(text)} is no id that this gateway gave out.")
