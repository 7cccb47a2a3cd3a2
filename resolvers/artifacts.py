"""Fields of DataArtifact: each takes the artifacts of a level, and returns one entry for each."""

import re

from ..providers import records
from ..providers.artifacts import JSON, value_key
from ..providers.base import Key
from ..providers.errors import BadUserInput, LimitExceeded
from ..providers.included_files import file_size, is_included
from ..providers.pathspec import parent as above
from . import inputs, links
from .common import system_tags, tags, user_tags
from .context import Context, Info
from .entries import Answers, each, gathered
from .metadata import origins_of
from .values import values_of

__all__ = ["system_tags", "tags", "user_tags"]

DEFAULT_PREVIEW = 200
MAX_PREVIEW = 10_000
DEFAULT_ROWS = 20
MAX_ROWS = 1_000
_TYPE = re.compile(r"<class '(.+)'>")


async def parent(artifacts: list[records.DataArtifact], info: Info) -> Answers[records.Task | None]:
    """The task, seen at the attempt that was asked for."""
    return await each(info.context.loaders.tasks, map(_task, artifacts))


async def origin_pathspec(artifacts: list[records.DataArtifact], info: Info) -> Answers[str | None]:
    keys = [_task(artifact)._replace(attempt=None) for artifact in artifacts]
    origins = await each(info.context.derived(origins_of), keys)
    return [
        f"{origin}/{artifact.name}" if isinstance(origin, str) else origin
        for artifact, origin in zip(artifacts, origins, strict=True)
    ]


async def size(artifacts: list[records.DataArtifact], info: Info) -> Answers[int | None]:
    return await gathered(_size(artifact, info.context) for artifact in artifacts)


async def type(artifacts: list[records.DataArtifact], info: Info) -> Answers[str | None]:
    return await gathered(_type(artifact, info.context) for artifact in artifacts)


async def data(artifacts: list[records.DataArtifact], info: Info) -> Answers[JSON]:
    return await values_of(artifacts, info.context)


async def preview(
    artifacts: list[records.DataArtifact], info: Info, length: inputs.PreviewLength = DEFAULT_PREVIEW
) -> Answers[str]:
    length = DEFAULT_PREVIEW if length is None else length
    if not 0 <= length <= MAX_PREVIEW:
        raise LimitExceeded(
            f"length is {length}: a preview has 0 to {MAX_PREVIEW} characters (previewLength in serverInfo.limits)."
        )
    keys = [value_key(artifact)._replace(form="preview", length=length) for artifact in artifacts]
    return await each(info.context.loaders.values, keys)


async def table(
    artifacts: list[records.DataArtifact], info: Info, first: inputs.TableRows = DEFAULT_ROWS
) -> Answers[records.TablePreview | None]:
    first = DEFAULT_ROWS if first is None else first
    if first < 0:
        raise BadUserInput(f"first is {first}: it can't be negative.")
    if first > MAX_ROWS:
        raise LimitExceeded(
            f"first is {first}: a table shows {MAX_ROWS} rows at most (tableRows in serverInfo.limits)."
        )
    keys = [value_key(artifact)._replace(form="table", length=first) for artifact in artifacts]
    return await each(info.context.loaders.values, keys)


async def url(artifacts: list[records.DataArtifact], info: Info) -> Answers[str | None]:
    return [links.artifact(info.context, artifact) for artifact in artifacts]


async def _size(artifact: records.DataArtifact, context: Context) -> int | None:
    """Of an included file, its own (client/core.py:DataArtifact.size)."""
    info = await info_of(artifact, context)
    if not is_included(info):
        return info and info.size
    return file_size(await context.loaders.values.load(value_key(artifact)._replace(form="object")))


async def _type(artifact: records.DataArtifact, context: Context) -> str | None:
    """As recorded; enums are recorded without their module, which the pickle has."""
    info = await info_of(artifact, context)
    recorded = _TYPE.fullmatch(info.type) if info and info.type else None
    if recorded:
        return recorded[1]
    return await context.loaders.values.load(value_key(artifact)._replace(form="type"))


async def info_of(artifact: records.DataArtifact, context: Context) -> records.ArtifactInfo | None:
    """What the datastore recorded of it; None where nothing is."""
    infos = await context.loaders.infos.load(value_key(artifact).info)
    return infos.get(artifact.name) if infos else None


def _task(artifact: records.DataArtifact) -> Key:
    return Key(artifact.provider, above(artifact.pathspec), artifact.asked)
