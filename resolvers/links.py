"""URLs on this gateway that serve bytes (server/downloads.py); None where it has no base URL.

Each field of a URL takes its URLs from here: whoever may not read the bytes gets Forbidden in their place.
"""

from collections.abc import Sequence
from time import time
from typing import NamedTuple
from urllib.parse import quote, urlencode

from ..providers import records
from ..providers.base import Key
from ..providers.grants import Right
from .context import Context
from .entries import Answers, combined
from .rights import held

PREFIX = "/files"


class File(NamedTuple):
    """What a URL names: what kind of file, of which artifact or task, and which of several."""

    kind: str
    key: Key
    more: tuple[str, ...] = ()

    @property
    def parts(self) -> list[str]:
        """Of the URL's path."""
        return [self.kind, self.key.provider, *self.key.pathspec.split("/"), *self.more]

    @property
    def signed(self) -> list[str]:
        """All of it that a signature is about."""
        return [*self.parts, "" if self.key.attempt is None else str(self.key.attempt)]


async def artifacts(context: Context, of: Sequence[records.DataArtifact]) -> Answers[str | None]:
    """Of the very attempts: what they serve never changes."""
    keys = [Key(artifact.provider, artifact.pathspec, artifact.attempt) for artifact in of]
    return await _urls(context, Right.VALUES, [File("artifact", key) for key in keys])


async def logs(context: Context, tasks: Sequence[Key], stream: str) -> Answers[str | None]:
    """`stream`: stdout or stderr."""
    return await _urls(context, Right.LOGS, [File("log", task, (stream,)) for task in tasks])


async def cards(context: Context, of: Sequence[tuple[Key, str]]) -> Answers[str | None]:
    """Each of a task, by the card's hash."""
    return await _urls(context, Right.CARDS, [File("card", task, (hash,)) for task, hash in of])


async def packages(context: Context, tasks: Sequence[Key]) -> Answers[str | None]:
    return await _urls(context, Right.CODE, [File("code", task) for task in tasks])


async def _urls(context: Context, right: Right, files: list[File]) -> Answers[str | None]:
    refusals = await held(context, right, [file.key for file in files])
    return combined(lambda file, _: _url(context, file), files, refusals)


def _url(context: Context, file: File) -> str | None:
    if context.base_url is None:
        return None
    query = {} if file.key.attempt is None else {"attempt": str(file.key.attempt)}
    if context.signatures and context.principal:
        query |= context.signatures.parameters(file.signed, context.principal, time())
    path = "/".join(quote(part, safe="") for part in file.parts)
    return f"{context.base_url}{PREFIX}/{path}" + (f"?{urlencode(query)}" if query else "")
