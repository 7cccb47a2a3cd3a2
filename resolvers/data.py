"""MetaflowData: the artifacts of a task by name, as values."""

from typing import Any

import msgspec
from strawberry import UNSET

from ..providers import ids, records
from ..providers.artifacts import JSON
from ..providers.base import Key, key_as_seen
from ..providers.errors import Forbidden
from ..providers.pathspec import component
from . import inputs
from .context import Context, Info
from .entries import Answers, Partial, each, gathered, raised
from .inputs import sent
from .values import Found, values_of


class MetaflowData(msgspec.Struct, frozen=True, gc=False):
    """`names` as in Metaflow: without those that start with `_`; `all_names` has them too."""

    id: str
    task: Key
    names: list[str]
    all_names: list[str]


class DataEntry(msgspec.Struct, frozen=True, gc=False):
    task: Key
    name: str


def shown(names: list[str]) -> list[str]:
    """Metaflow hides what starts with `_` from iteration."""
    return [name for name in names if not name.startswith("_")]


def checked(names: list[str] | None, what: str = "artifact's name") -> list[str] | None:
    """Names that were asked for, each once; raises InvalidPathspec where one can't be one."""
    names = sent(names)
    return None if names is None else [component(name, what) for name in dict.fromkeys(names)]


async def data_of(tasks: list[records.Task], context: Context) -> Answers[MetaflowData]:
    keys = list(map(key_as_seen, tasks))
    found = await each(context.loaders.artifact_names_of, keys)
    return [
        names if isinstance(names, BaseException) else MetaflowData(_id(key), key, shown(names), names)
        for key, names in zip(keys, found, strict=True)
    ]


async def has(data: list[MetaflowData], info: Info, name: inputs.Name) -> Answers[bool]:
    return [name in of_task.all_names for of_task in data]


async def value(data: list[MetaflowData], info: Info, name: inputs.Name) -> Answers[JSON]:
    name = component(name, "artifact's name")
    return await values_of(
        await each(info.context.loaders.artifacts, [_key(of.task, name) for of in data]), info.context
    )


async def values(
    data: list[MetaflowData], info: Info, names: inputs.ArtifactNames = UNSET
) -> Answers[dict[str, Any] | Partial]:
    wanted = checked(names)
    return await gathered(_values(of_task.task, _wanted(of_task, wanted), info.context) for of_task in data)


async def entries(
    data: list[MetaflowData], info: Info, names: inputs.ArtifactNames = UNSET
) -> Answers[list[DataEntry]]:
    wanted = checked(names)
    return [[DataEntry(of_task.task, name) for name in _wanted(of_task, wanted)] for of_task in data]


async def entry_artifact(entries: list[DataEntry], info: Info) -> list[Found]:
    return await each(info.context.loaders.artifacts, [_key(entry.task, entry.name) for entry in entries])


async def entry_value(entries: list[DataEntry], info: Info) -> Answers[JSON]:
    return await values_of(await entry_artifact(entries, info), info.context)


async def _values(task: Key, names: list[str], context: Context) -> dict[str, Any] | Partial:
    """All of them or none: `entries` tells them apart. What is hidden from whoever asks is left out."""
    found = await values_of(await each(context.loaders.artifacts, [_key(task, name) for name in names]), context)
    hidden = [entry for entry in found if isinstance(entry, Forbidden)]
    if hidden and len(hidden) == len(found):
        raise hidden[0]
    told = {name: raised(entry) for name, entry in zip(names, found, strict=True) if not isinstance(entry, Forbidden)}
    return Partial(told, [*hidden]) if hidden else told


def _wanted(data: MetaflowData, names: list[str] | None) -> list[str]:
    return data.names if names is None else [name for name in names if name in data.all_names]


def _key(task: Key, name: str) -> Key:
    return task._replace(pathspec=f"{task.pathspec}/{name}")


def _id(task: Key) -> str:
    return ids.of_object("MetaflowData", task.provider, task.pathspec, task.attempt)
