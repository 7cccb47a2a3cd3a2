"""Fields of Task: each takes the tasks of a level, and returns one entry for each."""

from typing import Any

from strawberry import UNSET

from ..providers import records
from ..providers.base import Key
from ..providers.errors import GatewayError
from ..providers.pathspec import component
from ..providers.pathspec import parent as above
from ..providers.records import TaskStatus
from . import inputs, lineage, task_pages, times
from .common import created_at, system_tags, tags, user_tags
from .context import Context, Info
from .data import MetaflowData, checked, data_of
from .events import events_of, latest_of, origins_of
from .exceptions import TaskException, exceptions_of
from .foreach import ForeachFrame, frames
from .inputs import sent
from .lineage import PATH
from .loaders import Answers, each, gathered
from .pages import Page, Partial, existing, partial, readable, window
from .statuses import TaskCourse, task_courses, task_key
from .values import Found, named, named_values

__all__ = ["created_at", "system_tags", "tags", "user_tags"]

Tasks = list[records.Task]


async def parent(tasks: Tasks, info: Info) -> Answers[records.Step | None]:
    return await each(info.context.loaders.steps, [Key(task.provider, above(task.pathspec)) for task in tasks])


async def origin_pathspec(tasks: Tasks, info: Info) -> Answers[str | None]:
    return await each(info.context.derived(origins_of), [Key(task.provider, task.pathspec) for task in tasks])


async def status(tasks: Tasks, info: Info) -> Answers[TaskStatus]:
    return [
        course if isinstance(course, BaseException) else course.status for course in await _courses(tasks, info.context)
    ]


async def attempt(tasks: Tasks, info: Info) -> Answers[int | None]:
    found = await each(info.context.loaders.attempts_of, [Key(task.provider, task.pathspec) for task in tasks])
    return [
        attempts
        if isinstance(attempts, BaseException)
        else task.asked
        if task.asked is not None
        else attempts[-1].number
        if attempts
        else None
        for task, attempts in zip(tasks, found, strict=True)
    ]


async def attempts(tasks: Tasks, info: Info) -> Answers[Tasks]:
    return await gathered(_attempts(task, info.context) for task in tasks)


async def index(tasks: Tasks, info: Info) -> Answers[int | None]:
    """Out of the recorded path, which is there from the start of the task on: outer:2,inner:0."""
    found = await each(info.context.derived(latest_of), map(task_key, tasks))
    return [latest if isinstance(latest, BaseException) else _index(latest.get(PATH)) for latest in found]


async def foreach_stack(tasks: Tasks, info: Info) -> Answers[list[ForeachFrame] | None]:
    found = await named_values(tasks, "_foreach_stack", info.context)
    return [stack if isinstance(stack, BaseException) else frames(stack) for stack in found]


async def metadata(
    tasks: Tasks, info: Info, names: inputs.MetadataNames = UNSET
) -> Answers[list[records.Metadata] | Partial]:
    wanted = sent(names)
    found = await each(info.context.derived(events_of), map(task_key, tasks))
    damaged = await _damaged_events(tasks, info.context)
    return [
        events
        if isinstance(events, BaseException)
        else partial([*(event for event in events if wanted is None or event.name in wanted), *errors])
        for events, errors in zip(found, damaged, strict=True)
    ]


async def metadata_dict(tasks: Tasks, info: Info) -> Answers[dict[str, str | None] | Partial]:
    found = await each(info.context.derived(latest_of), map(task_key, tasks))
    damaged = await _damaged_events(tasks, info.context)
    return [
        Partial(latest, errors) if errors and isinstance(latest, dict) else latest
        for latest, errors in zip(found, damaged, strict=True)
    ]


async def artifacts(
    tasks: Tasks, info: Info, names: inputs.ArtifactNames = UNSET
) -> Answers[list[records.DataArtifact] | Partial]:
    wanted = checked(names)
    if wanted is not None:
        return await gathered(_named(task, sorted(wanted), info.context) for task in tasks)
    found = await each(info.context.loaders.artifacts_of, map(task_key, tasks))
    return [
        entries
        if isinstance(entries, BaseException)
        else partial([entry for entry in entries if isinstance(entry, GatewayError) or not entry.name.startswith("_")])
        for entries in found
    ]


async def artifact(tasks: Tasks, info: Info, name: inputs.Name) -> list[Found]:
    return await named(tasks, component(name, "artifact's name"), info.context)


async def data(tasks: Tasks, info: Info) -> Answers[MetaflowData]:
    return await data_of(tasks, info.context)


async def successful(tasks: Tasks, info: Info) -> Answers[bool]:
    return [_true(value) for value in await named_values(tasks, "_success", info.context)]


async def finished(tasks: Tasks, info: Info) -> Answers[bool]:
    """As in Metaflow `_task_ok`: False after a failure; None there after SystemExit, which is False here."""
    return [_true(value) for value in await named_values(tasks, "_task_ok", info.context)]


async def started_at(tasks: Tasks, info: Info) -> Answers[str | None]:
    return [
        course if isinstance(course, BaseException) else times.text(course.started_at)
        for course in await _courses(tasks, info.context)
    ]


async def finished_at(tasks: Tasks, info: Info) -> Answers[str | None]:
    found = await gathered(finished_time(task, info.context) for task in tasks)
    return [moment if isinstance(moment, BaseException) else times.text(moment) for moment in found]


async def duration_ms(tasks: Tasks, info: Info) -> Answers[int | None]:
    return await gathered(_duration(task, info.context) for task in tasks)


async def exception(tasks: Tasks, info: Info) -> Answers[TaskException | None]:
    return await exceptions_of(tasks, info.context)


async def runtime_name(tasks: Tasks, info: Info) -> Answers[str | None]:
    """Between the colons of the first tag runtime:… (client/core.py:Task.runtime_name)."""
    found = await tags(tasks, info)
    return [
        of_run
        if isinstance(of_run, BaseException)
        else next((tag.split(":")[1] for tag in of_run if tag.startswith("runtime:")), None)
        for of_run in found
    ]


async def parent_tasks(
    tasks: Tasks,
    info: Info,
    first: inputs.First = UNSET,
    after: inputs.After = UNSET,
    last: inputs.Last = UNSET,
    before: inputs.Before = UNSET,
) -> Answers[Page[records.Task]]:
    part = window(first, after, last, before)
    found = await gathered(lineage.parent_tasks(_key(task), info.context) for task in tasks)
    return await gathered(task_pages.page_of(related, task_pages.Conditions(), part, info.context) for related in found)


async def child_tasks(
    tasks: Tasks,
    info: Info,
    first: inputs.First = UNSET,
    after: inputs.After = UNSET,
    last: inputs.Last = UNSET,
    before: inputs.Before = UNSET,
) -> Answers[Page[records.Task]]:
    part = window(first, after, last, before)
    found = await gathered(lineage.child_tasks(_key(task), info.context) for task in tasks)
    return await gathered(task_pages.page_of(related, task_pages.Conditions(), part, info.context) for related in found)


async def finished_time(task: records.Task, context: Context) -> int | None:
    """When the attempt that the task is seen at ended (ms): its `_task_ok` was stored then, else its course tells."""
    course = await context.derived(task_courses).load(task_key(task))
    if course.status in (TaskStatus.PENDING, TaskStatus.RUNNING) and course.attempt is not None and not course.ended_at:
        return None
    attempt = course.attempt.number if course.attempt else task.asked
    stored = await context.loaders.artifacts.load(Key(task.provider, f"{task.pathspec}/_task_ok", attempt))
    return stored.ts_epoch if stored else course.ended_at


async def _damaged_events(tasks: Tasks, context: Context) -> list[list[GatewayError]]:
    """The errors of each task's metadata events that could not be read."""
    found = await each(context.loaders.metadata_of, map(_key, tasks))
    return [[] if isinstance(events, BaseException) else readable(events)[1] for events in found]


async def _duration(task: records.Task, context: Context) -> int | None:
    course = await context.derived(task_courses).load(task_key(task))
    finished = await finished_time(task, context)
    return times.duration(course.started_at, finished, running=course.status is TaskStatus.RUNNING)


async def _attempts(task: records.Task, context: Context) -> Tasks:
    attempts = await context.loaders.attempts_of.load(_key(task))
    found = await each(context.loaders.tasks, [_key(task)._replace(attempt=attempt.number) for attempt in attempts])
    return [seen for seen in found if isinstance(seen, records.Task)]


async def _named(task: records.Task, names: list[str], context: Context) -> list[records.DataArtifact] | Partial:
    keys = [Key(task.provider, f"{task.pathspec}/{name}", task.asked) for name in names]
    found = await each(context.loaders.artifacts, keys)
    return partial(existing(found))


async def _courses(tasks: Tasks, context: Context) -> Answers[TaskCourse]:
    return await each(context.derived(task_courses), map(task_key, tasks))


def _key(task: records.Task) -> Key:
    return Key(task.provider, task.pathspec)


def _index(path: str | None) -> int | None:
    last = (path or "").rpartition(":")[2]
    return int(last) if last.isdecimal() and len(last) < 10 else None


def _true(value: Any) -> bool | BaseException:
    return value if isinstance(value, BaseException) else bool(value)
