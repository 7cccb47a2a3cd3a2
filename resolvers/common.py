"""Fields that objects of several levels share: what their run or their provider says of them."""

from collections.abc import Sequence

from ..providers import records
from ..providers.base import Key, key_of
from ..providers.errors import CorruptMetadata
from ..providers.pathspec import run_of
from . import times
from .context import Info
from .entries import Answers, each, mapped


async def created_at(objects: Sequence[records.Record], info: Info) -> Answers[str | None]:
    """Of flows, steps and tasks: their records do not hold it."""
    return mapped(await each(info.context.loaders.created_at, map(key_of, objects)), times.text)


async def tags(objects: Sequence[records.Record], info: Info) -> Answers[list[str]]:
    """Of objects below a run: the run's, as they stand now."""
    return mapped(await runs_of(objects, info), lambda run: run.tags)


async def user_tags(objects: Sequence[records.Record], info: Info) -> Answers[list[str]]:
    return mapped(await runs_of(objects, info), lambda run: run.user_tags)


async def system_tags(objects: Sequence[records.Record], info: Info) -> Answers[list[str]]:
    return mapped(await runs_of(objects, info), lambda run: run.system_tags)


async def runs_of(objects: Sequence[records.Record], info: Info) -> Answers[records.Run]:
    """The run that each object belongs to."""
    found = await each(info.context.loaders.runs, [Key(found.provider, run_of(found.pathspec)) for found in objects])
    return [
        CorruptMetadata(f"{run_of(below.pathspec)} has objects below it, and no record of its own.")
        if run is None
        else run
        for below, run in zip(objects, found, strict=True)
    ]
