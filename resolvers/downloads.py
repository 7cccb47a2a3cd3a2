"""What can be downloaded of a task: the bytes of an artifact, a log, a card, a code package."""

from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import NamedTuple

from ..providers import records
from ..providers.artifacts import value_key
from ..providers.base import FileKey, FileStatus, Key, PartKey
from ..providers.errors import ArtifactUnreadable, NotFound
from ..providers.grants import Right
from ..providers.included_files import IncludedFile, described_by, is_included, of_flow
from . import cards, code, logs
from .artifacts import infos_of
from .context import Context
from .entries import raised
from .lookup import task_at
from .rights import hidden_lines, hold

OCTETS = "application/octet-stream"
_PART = 256 * 1024
_STREAMS = {stream.value.lower(): stream for stream in records.LogStream}


class Download(NamedTuple):
    """Bytes to be sent. `version` stands for the content: another one where that is another.

    `length` in bytes, None where only reading it all tells. `page`: strangers' HTML, to be shown as one. `chunks_from`:
    the same from an offset on, where what is before need not be read.
    """

    version: str
    media_type: str
    filename: str
    chunks: Callable[[], AsyncGenerator[bytes]]
    length: int | None = None
    page: bool = False
    chunks_from: Callable[[int], AsyncGenerator[bytes]] | None = None


async def artifact(context: Context, key: Key) -> Download:
    """The serialized object, uncompressed; of an included file, its own bytes."""
    found = await context.loaders.artifacts.load(key)
    if found is None:
        raise NotFound(f"There is no artifact {key.pathspec}{_seen(key)}.")
    await hold(context, Right.VALUES, key)
    datastore = context.gateway.providers[key.provider].datastore
    file = await _included(context, found)
    if file is None:
        blob = value_key(found).blob
        filename = f"{found.name}.pickle" if "pickle" in found.content_type else found.name
        return Download(found.sha, OCTETS, filename, lambda: datastore.stream(blob))
    media_type = OCTETS if file.encoding is None else f"text/plain; charset={file.encoding}"
    return Download(file.sha, media_type, found.name, lambda: datastore.included_stream(file.url))


async def log(context: Context, task: Key, name: str) -> Download:
    """The text of a log, without the prefixes of its lines, and empty where there is none; `name`: stdout or stderr."""
    await _existing(context, task)
    await hold(context, Right.LOGS, task)
    stream = _STREAMS.get(name)
    if stream is None:
        raise _absent(f"log {name}", task)
    version = await logs.log_version(task, stream, context) or "none"
    hidden = await hidden_lines(context, task)
    if hidden:
        version = f"{version}-without-{hidden.digest}"
    return Download(
        version, "text/plain; charset=utf-8", f"{name}.log", lambda: logs.text_chunks(task, stream, context)
    )


async def card(context: Context, task: Key, hash: str) -> Download:
    await _existing(context, task)
    await hold(context, Right.CARDS, task)
    found = await cards.card_of(context, task, hash)
    file = None if found is None else cards.card_file(found)
    status = None if file is None else await context.loaders.file_statuses.load(file)
    if found is None or file is None or status is None:
        raise _absent(f"card {hash}", task)
    filename, read = f"{found.type}.html", partial(_of_file, context, file, status)
    return Download(
        f"{hash}-{status.version}", "text/html; charset=utf-8", filename, partial(read, 0), status.size, True, read
    )


async def package(context: Context, task: Key) -> Download:
    """A code package as it is stored."""
    await _existing(context, task)
    await hold(context, Right.CODE, task)
    blob = await code.package_of(context, task)
    if blob is None:
        raise _absent("code package", task)
    datastore = context.gateway.providers[task.provider].datastore
    return Download(blob.sha, "application/gzip", f"{blob.flow}-{blob.sha[:8]}.tgz", lambda: datastore.stream(blob))


async def _included(context: Context, artifact: records.DataArtifact) -> IncludedFile | None:
    """The file that an artifact stands for; None of any other object."""
    (info,) = await infos_of([artifact], context)
    if not is_included(raised(info)):
        return None
    file = described_by(await context.loaders.values.load(value_key(artifact)._replace(form="object")))
    followed = file and of_flow(file.url, artifact.path_components[0])
    if isinstance(followed, ArtifactUnreadable):
        raise ArtifactUnreadable(f"{artifact.pathspec}: {followed}")
    return file


async def _existing(context: Context, task: Key) -> None:
    if await task_at(context, task) is None:
        raise NotFound(f"There is no task {task.pathspec}{_seen(task)}.")


async def _of_file(context: Context, file: FileKey, status: FileStatus, start: int) -> AsyncGenerator[bytes]:
    for at in range(start, status.size, _PART):
        part = await context.loaders.file_parts.load(PartKey(file, at, min(_PART, status.size - at)))
        if not part:
            return
        yield part


def _absent(what: str, key: Key) -> NotFound:
    return NotFound(f"There is no {what} of {key.pathspec}{_seen(key)}.")


def _seen(key: Key) -> str:
    return "" if key.attempt is None else f" at attempt {key.attempt}"
