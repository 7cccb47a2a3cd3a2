"""A task's metadata events as Metaflow's client gives them: of an attempt, and with those of a clone's origin."""

from ..providers import records
from ..providers.base import Key
from ..providers.errors import GatewayError
from ..providers.pathspec import is_component
from .context import Context
from .loaders import Answers, each, gathered
from .pages import readable

ORIGIN_RUN = "origin-run-id"
ORIGIN_TASK = "origin-task-id"

Events = list[records.Metadata]


async def events_of(tasks: list[Key], context: Context) -> Answers[Events]:
    """The events of each task, oldest first: of the key's attempt, else of all (client/core.py:Task.metadata)."""
    found = await each(context.loaders.metadata_of, [task._replace(attempt=None) for task in tasks])
    return await gathered(_with_origin(task, entries, context) for task, entries in zip(tasks, found, strict=True))


async def latest_of(tasks: list[Key], context: Context) -> Answers[dict[str, str | None]]:
    """The latest value of each metadata name (client/core.py:Task.metadata_dict)."""
    found = await each(context.derived(events_of), tasks)
    return [
        events if isinstance(events, BaseException) else {event.name: event.value for event in events}
        for events in found
    ]


async def origins_of(tasks: list[Key], context: Context) -> Answers[str | None]:
    """The pathspec of the task that each was cloned from on a resume; None where it was executed."""
    found = await each(context.derived(events_of), tasks)
    return [
        events if isinstance(events, BaseException) else _origin(task.pathspec, events)
        for task, events in zip(tasks, found, strict=True)
    ]


def recorded(value: str | None) -> str | None:
    """An id that an event holds: Metaflow writes the text None where there is none."""
    return None if value in (None, "", "None") else value


async def _with_origin(
    task: Key, entries: list[records.Metadata | GatewayError] | BaseException, context: Context
) -> Events:
    """The events of the task, and of each name that it lacks the latest of the task that it was cloned from."""
    events = _of_attempt(_read(entries), task.attempt)
    names, seen = {event.name for event in events}, {task.pathspec}
    origin = _origin(task.pathspec, events)
    while origin and origin not in seen:  # a clone may be one of a clone
        seen.add(origin)
        of_origin = _read(await context.loaders.metadata_of.load(Key(task.provider, origin)))
        inherited = {event.name: event for event in of_origin if event.name not in names}
        events = [*events, *inherited.values()]
        names |= inherited.keys()
        origin = _origin(origin, of_origin)
    return events if len(seen) == 1 else sorted(events, key=lambda event: event.ts_epoch)


def _read(entries: list[records.Metadata | GatewayError] | BaseException) -> Events:
    if isinstance(entries, BaseException):
        raise entries
    return readable(entries)[0]


def _origin(pathspec: str, events: Events) -> str | None:
    """The task that this one was cloned from, if any: the events are a stranger's word."""
    latest = {event.name: event.value for event in events}
    run, task = recorded(latest.get(ORIGIN_RUN)), recorded(latest.get(ORIGIN_TASK))
    flow, _, step, _ = pathspec.split("/")
    return f"{flow}/{run}/{step}/{task}" if run and task and is_component(run) and is_component(task) else None


def _of_attempt(events: Events, attempt: int | None) -> Events:
    """Those tagged with the attempt; by time if not all are tagged (metadata.py:_reconstruct_metadata_for_attempt)."""
    if attempt is None:
        return events
    if all(event.attempt is not None for event in events):
        return [event for event in events if event.attempt == attempt]
    starts = {event.value: event.ts_epoch for event in events if event.name == "attempt"}
    start, end = starts.get(str(attempt)), starts.get(str(attempt + 1), float("inf"))
    return [] if start is None else [event for event in events if start <= event.ts_epoch < end]
