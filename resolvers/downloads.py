"""What can be downloaded of a task: the bytes of an artifact, a log, a card, a code package."""

from collections.abc import AsyncGenerator, Callable
from typing import NamedTuple

from ..providers import records
from ..providers.artifacts import value_key
from ..providers.base import Key
from ..providers.errors import NotFound
from ..providers.included_files import INCLUDED_FILE, IncludedFile, described_by
from .context import Context

OCTETS = "application/octet-stream"


class Download(NamedTuple):
    """Bytes to be sent. `version` stands for the content: another one where that is another.

    `length` in bytes, None where only reading it all tells. `page`: strangers' HTML, to be shown as one.
    """

    version: str
    media_type: str
    filename: str
    chunks: Callable[[], AsyncGenerator[bytes]]
    length: int | None = None
    page: bool = False


async def artifact(context: Context, key: Key) -> Download:
    """The serialized object, uncompressed; of an included file, its own bytes."""
    found = await context.loaders.artifacts.load(key)
    if found is None:
        raise _absent("artifact", key)
    datastore = context.gateway.providers[key.provider].datastore
    file = await _included(context, found)
    if file is None:
        blob = value_key(found).blob
        filename = f"{found.name}.pickle" if "pickle" in found.content_type else found.name
        return Download(found.sha, OCTETS, filename, lambda: datastore.stream(blob))
    media_type = OCTETS if file.encoding is None else f"text/plain; charset={file.encoding}"
    return Download(file.sha, media_type, found.name, lambda: datastore.included_stream(file.url))


async def _included(context: Context, artifact: records.DataArtifact) -> IncludedFile | None:
    """The file that an artifact stands for; None of any other object."""
    infos = await context.loaders.infos.load(value_key(artifact).info)
    info = infos.get(artifact.name) if infos else None
    if info is None or info.type != f"<class '{INCLUDED_FILE}'>":
        return None
    return described_by(await context.loaders.values.load(value_key(artifact)._replace(form="object")))


def _absent(what: str, key: Key) -> NotFound:
    seen = "" if key.attempt is None else f" at attempt {key.attempt}"
    return NotFound(f"There is no {what} of {key.pathspec}{seen}.")
