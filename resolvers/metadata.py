"""A task's metadata as Metaflow's client gives it: of an attempt, and with that of the task it was cloned from."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from ..providers import records
from ..providers.base import Key
from ..providers.errors import CorruptMetadata, Forbidden, GatewayError
from ..providers.pathspec import is_component
from .context import Context
from .entries import Answers, combined, each, gathered, in_parts, raised, readable

ORIGIN_RUN = "origin-run-id"
ORIGIN_TASK = "origin-task-id"

Events = list[records.Metadata]
Recorded = tuple[Key, list[records.Metadata | GatewayError] | BaseException]


class TaskMetadata(NamedTuple):
    """The events, oldest first; the latest value of each name; and the errors of events that could not be read."""

    events: Events
    values: dict[str, str | None]
    damaged: list[GatewayError]

    def latest(self, name: str) -> str | None:
        """The latest value of that name; raises where an event that may be of that name could not be read."""
        for error in self.damaged_of([name]):
            raise error
        return self.values.get(name)

    def damaged_of(self, names: Collection[str] | None) -> list[GatewayError]:
        """The errors of events that may be of one of these names; None is any."""
        if names is None:
            return self.damaged
        return [
            error
            for error in self.damaged
            if not isinstance(error, CorruptMetadata | Forbidden) or error.name is None or error.name in names
        ]


async def metadata_of(tasks: list[Key], context: Context) -> Answers[TaskMetadata]:
    """The metadata of each task: of the key's attempt, else of all (client/core.py:Task.metadata)."""
    found = await each(context.loaders.metadata_of, (task._replace(attempt=None) for task in tasks))
    recorded = list(zip(tasks, found, strict=True))
    return await in_parts(lambda part: _metadata_of(part, context), recorded, context.loaders.pace)


async def _metadata_of(recorded: Sequence[Recorded], context: Context) -> Answers[TaskMetadata]:
    tasks, found = [task for task, _ in recorded], [entries for _, entries in recorded]
    own = combined(_own, tasks, found)
    origins = combined(_known_origin, tasks, own)
    # Few are clones: of 10,000 tasks, not each needs a coroutine of its own.
    clones = iter(
        await gathered(
            _with_origin(task, raised(metadata), origin, context)
            for task, metadata, origin in zip(tasks, own, origins, strict=True)
            if isinstance(origin, str)
        )
    )
    return [
        metadata if origin is None else next(clones) if isinstance(origin, str) else origin
        for metadata, origin in zip(own, origins, strict=True)
    ]


async def origins_of(tasks: list[Key], context: Context) -> Answers[str | None]:
    """The pathspec of the task that each was cloned from on a resume; None where it was executed."""
    found = await each(context.derived(metadata_of), tasks)
    return combined(_origin, tasks, found)


def recorded(value: str | None) -> str | None:
    """An id that an event holds: Metaflow writes the text None where there is none."""
    return None if value in (None, "", "None") else value


def _own(task: Key, entries: list[records.Metadata | GatewayError]) -> TaskMetadata:
    events, damaged = readable(entries)
    return _made(_of_attempt(events, task.attempt), damaged)


async def _with_origin(task: Key, metadata: TaskMetadata, origin: str | None, context: Context) -> TaskMetadata:
    """And of each name that the task lacks the latest of the one that it was cloned from."""
    seen = {task.pathspec}
    while origin and origin not in seen:  # a clone may be one of a clone
        seen.add(origin)
        key = Key(task.provider, origin)
        of_origin = _made(*readable(await context.loaders.metadata_of.load(key)))
        latest = {event.name: event for event in of_origin.events if event.name not in metadata.values}
        events = sorted([*metadata.events, *latest.values()], key=lambda event: event.ts_epoch)
        metadata = _made(events, metadata.damaged + of_origin.damaged)
        origin = _known_origin(key, of_origin)
    return metadata


def _made(events: Events, damaged: list[GatewayError]) -> TaskMetadata:
    return TaskMetadata(events, {event.name: event.value for event in events}, damaged)


def _known_origin(task: Key, metadata: TaskMetadata) -> str | None:
    """The same, where it can be read: whoever asks for a value of a damaged name is told of that."""
    try:
        return _origin(task, metadata)
    except GatewayError:
        return None


def _origin(task: Key, metadata: TaskMetadata) -> str | None:
    """The task that this one was cloned from, if any: its metadata are a stranger's word."""
    run, name = recorded(metadata.latest(ORIGIN_RUN)), recorded(metadata.latest(ORIGIN_TASK))
    flow, _, step, _ = task.pathspec.split("/")
    return f"{flow}/{run}/{step}/{name}" if run and name and is_component(run) and is_component(name) else None


def _of_attempt(events: Events, attempt: int | None) -> Events:
    """Those tagged with the attempt; by time if not all are tagged (metadata.py:_reconstruct_metadata_for_attempt)."""
    if attempt is None:
        return events
    if all(event.attempt is not None for event in events):
        return [event for event in events if event.attempt == attempt]
    starts = {event.value: event.ts_epoch for event in events if event.name == "attempt"}
    start, end = starts.get(str(attempt)), starts.get(str(attempt + 1), float("inf"))
    return [] if start is None else [event for event in events if start <= event.ts_epoch < end]
