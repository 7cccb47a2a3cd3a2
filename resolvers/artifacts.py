"""Fields of DataArtifact: each takes the artifacts of a level, and returns one entry for each."""

import re
from collections.abc import Sequence

from ..providers import records
from ..providers.artifacts import JSON, ValueKey, info_key, value_key
from ..providers.base import Key
from ..providers.errors import BadUserInput, LimitExceeded
from ..providers.grants import Right
from ..providers.included_files import file_size, is_included
from ..providers.pathspec import parent as above
from . import inputs, links
from .common import system_tags, tags, user_tags
from .context import Context, Info
from .entries import Answers, combined, each, each_of_some, mapped
from .metadata import origins_of
from .rights import held
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
    """Of an included file, its own (client/core.py:DataArtifact.size)."""
    told = await _with_values(artifacts, info.context)
    infos = await infos_of(told, info.context)
    files = combined(_if_file, told, infos)
    return combined(_size, infos, await each_of_some(info.context.loaders.values, files))


async def type(artifacts: list[records.DataArtifact], info: Info) -> Answers[str | None]:
    """As recorded; enums are recorded without their module, which the pickle has."""
    told = await _with_values(artifacts, info.context)
    recorded = mapped(await infos_of(told, info.context), _recorded_type)
    unknown = combined(_unless_known, told, recorded)
    return combined(
        lambda known, found: known or found, recorded, await each_of_some(info.context.loaders.values, unknown)
    )


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
    return await links.artifacts(info.context, artifacts)


async def infos_of(
    artifacts: Sequence[records.DataArtifact | BaseException], context: Context
) -> Answers[records.ArtifactInfo | None]:
    """What the datastore recorded of each; None where nothing is."""
    of_tasks = await each_of_some(context.loaders.infos, mapped(artifacts, info_key))
    return combined(lambda artifact, infos: infos.get(artifact.name) if infos else None, artifacts, of_tasks)


async def _with_values(artifacts: list[records.DataArtifact], context: Context) -> Answers[records.DataArtifact]:
    """Those whose values may be read, and why others' may not.

    A size and a type tell of a value: None alone has its type.
    """
    if context.principal is None:
        return [*artifacts]
    keys = [Key(artifact.provider, artifact.pathspec) for artifact in artifacts]
    return combined(lambda artifact, _: artifact, artifacts, await held(context, Right.VALUES, keys))


def _if_file(artifact: records.DataArtifact, info: records.ArtifactInfo | None) -> ValueKey | None:
    """The key of an included file's description."""
    return value_key(artifact)._replace(form="object") if is_included(info) else None


def _size(info: records.ArtifactInfo | None, description: JSON) -> int | None:
    return file_size(description) if is_included(info) else info and info.size


def _recorded_type(info: records.ArtifactInfo | None) -> str | None:
    recorded = _TYPE.fullmatch(info.type) if info and info.type else None
    return recorded and recorded[1]


def _unless_known(artifact: records.DataArtifact, type: str | None) -> ValueKey | None:
    return None if type else value_key(artifact)._replace(form="type")


def _task(artifact: records.DataArtifact) -> Key:
    return Key(artifact.provider, above(artifact.pathspec), artifact.asked)
