"""Fields that objects of several levels share: what their run or their provider says of them."""

from collections.abc import Sequence

from ..providers import records
from ..providers.base import Key
from ..providers.errors import CorruptMetadata
from ..providers.pathspec import run_of
from . import times
from .context import Info
from .loaders import Answers, each


async def created_at(objects: Sequence[records.Record], info: Info) -> Answers[str | None]:
    """Of flows, steps and tasks: their records do not hold it."""
    found = await each(info.context.loaders.created_at, [Key(found.provider, found.pathspec) for found in objects])
    return [moment if isinstance(moment, BaseException) else times.text(moment) for moment in found]


async def tags(objects: Sequence[records.Record], info: Info) -> Answers[list[str]]:
    """Of objects below a run: the run's, as they stand now."""
    return [run if isinstance(run, BaseException) else run.tags for run in await runs_of(objects, info)]


async def user_tags(objects: Sequence[records.Record], info: Info) -> Answers[list[str]]:
    return [run if isinstance(run, BaseException) else run.user_tags for run in await runs_of(objects, info)]


async def system_tags(objects: Sequence[records.Record], info: Info) -> Answers[list[str]]:
    return [run if isinstance(run, BaseException) else run.system_tags for run in await runs_of(objects, info)]


async def runs_of(objects: Sequence[records.Record], info: Info) -> Answers[records.Run]:
    """The run that each object belongs to."""
    found = await each(info.context.loaders.runs, [Key(found.provider, run_of(found.pathspec)) for found in objects])
    return [
        CorruptMetadata(f"{run_of(below.pathspec)} has objects below it, and no record of its own.")
        if run is None
        else run
        for below, run in zip(objects, found, strict=True)
    ]
