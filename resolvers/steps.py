"""Fields of Step: each takes the steps of a level, and returns one entry for each."""

from strawberry import UNSET

from ..providers import records
from ..providers.base import Key, key_of
from ..providers.pathspec import component, run_of
from ..providers.records import TaskStatus
from ..providers.strangers_json import JSON
from . import inputs, task_pages, times
from .code import environments_of
from .common import created_at, runs_of, system_tags, tags, user_tags
from .context import Context, Info
from .entries import Answers, Partial, combined, each, each_of, existing, gathered, mapped, partial, readable, whole
from .graphs import graphs
from .inputs import sent
from .metadata import TaskMetadata, metadata_of, origins_of
from .pages import Page, window
from .statuses import TaskCounts, TaskCourse, counted, task_courses, task_ends

__all__ = ["created_at", "system_tags", "tags", "user_tags"]


async def parent(steps: list[records.Step], info: Info) -> Answers[records.Run]:
    return await runs_of(steps, info)


async def origin_pathspec(steps: list[records.Step], info: Info) -> Answers[str | None]:
    """The origin's step, where at least one task is a clone of one there."""
    keys = await _task_keys(steps, info.context)
    origins = whole(await each_of(info.context.derived(origins_of), keys))
    return combined(_origin, steps, origins)


async def status(steps: list[records.Step], info: Info) -> Answers[TaskStatus]:
    return mapped(await _courses(steps, info.context), _status)


async def task(steps: list[records.Step], info: Info, task_id: inputs.TaskId = UNSET) -> Answers[records.Task | None]:
    task_id = sent(task_id)
    if task_id is None:
        return await _newest(steps, info.context)
    task_id = component(task_id, "task's id")
    return await each(info.context.loaders.tasks, [Key(step.provider, f"{step.pathspec}/{task_id}") for step in steps])


async def tasks(
    steps: list[records.Step],
    info: Info,
    filter: inputs.TaskFilterArgument = UNSET,
    first: inputs.First = UNSET,
    after: inputs.After = UNSET,
    last: inputs.Last = UNSET,
    before: inputs.Before = UNSET,
) -> Answers[Page[records.Task]]:
    part, wanted = window(first, after, last, before), task_pages.conditions(filter)
    found = await each(info.context.loaders.tasks_of, map(key_of, steps))
    return await task_pages.pages_of(found, wanted, part, info.context)


async def task_counts(steps: list[records.Step], info: Info) -> Answers[TaskCounts]:
    return mapped(await _courses(steps, info.context), counted)


async def started_at(steps: list[records.Step], info: Info) -> Answers[str | None]:
    return mapped(await _starts(steps, info.context), times.text)


async def finished_at(steps: list[records.Step], info: Info) -> Answers[str | None]:
    return mapped(await _ends(steps, info.context), times.text)


async def duration_ms(steps: list[records.Step], info: Info) -> Answers[int | None]:
    starts, ends = await _starts(steps, info.context), await _ends(steps, info.context)
    spans = combined(lambda start, end: (start, end), starts, ends)
    courses = await _courses(steps, info.context)
    return combined(lambda span, courses: times.duration(*span, running=_running(courses)), spans, courses)


async def environment_info(steps: list[records.Step], info: Info) -> Answers[JSON]:
    """Of the newest task, as in Metaflow's client; None where there is none."""
    newest = await _newest(steps, info.context)
    tasks = [task for task in newest if isinstance(task, records.Task)]
    found = iter(await environments_of(list(map(key_of, tasks)), info.context))
    return [next(found) if isinstance(task, records.Task) else task for task in newest]


async def parent_steps(steps: list[records.Step], info: Info) -> Answers[list[records.Step] | Partial | None]:
    return await gathered(_neighbours(step, info.context, up=True) for step in steps)


async def child_steps(steps: list[records.Step], info: Info) -> Answers[list[records.Step] | Partial | None]:
    return await gathered(_neighbours(step, info.context, up=False) for step in steps)


async def control_tasks(steps: list[records.Step], info: Info) -> Answers[list[records.Task]]:
    """Each once, also where a retry recorded it again (client/core.py:Step.control_tasks)."""
    tasks = await _tasks(steps, info.context)
    keys = await _task_keys(steps, info.context)
    return combined(_control_tasks, tasks, whole(await each_of(info.context.derived(metadata_of), keys)))


async def _tasks(steps: list[records.Step], context: Context) -> Answers[list[records.Task]]:
    return mapped(await each(context.loaders.tasks_of, map(key_of, steps)), lambda found: readable(found)[0])


async def _task_keys(steps: list[records.Step], context: Context) -> Answers[list[Key]]:
    return await each(context.derived(_keys_below), map(key_of, steps))


async def _keys_below(steps: list[Key], context: Context) -> Answers[list[Key]]:
    """The keys of the tasks of each step: made once for all fields, for a step may have thousands."""
    found = await each(context.loaders.tasks_of, steps)
    return mapped(found, lambda tasks: list(map(key_of, readable(tasks)[0])))


async def _newest(steps: list[records.Step], context: Context) -> Answers[records.Task | None]:
    return mapped(await _tasks(steps, context), lambda tasks: tasks[0] if tasks else None)


async def _courses(steps: list[records.Step], context: Context) -> Answers[list[TaskCourse]]:
    """How far the tasks of each step have come; an error where that of one can't be told."""
    return whole(await each_of(context.derived(task_courses), await _task_keys(steps, context)))


def _origin(step: records.Step, origins: list[str | None]) -> str | None:
    known = [origin for origin in origins if origin]
    return f"{run_of(known[0])}/{step.name}" if known else None


def _status(courses: list[TaskCourse]) -> TaskStatus:
    found = {course.status for course in courses}
    if not found:
        return TaskStatus.PENDING
    if TaskStatus.FAILED in found:
        return TaskStatus.FAILED
    if found & {TaskStatus.RUNNING, TaskStatus.PENDING}:
        return TaskStatus.RUNNING
    return TaskStatus.UNKNOWN if TaskStatus.UNKNOWN in found else TaskStatus.SUCCEEDED


async def _starts(steps: list[records.Step], context: Context) -> Answers[int | None]:
    """When the first attempt of each step started (ms)."""
    attempts = whole(await each_of(context.loaders.attempts_of, await _task_keys(steps, context)))
    return mapped(attempts, lambda of_tasks: min((one[0].started_at for one in of_tasks if one), default=None))


async def _ends(steps: list[records.Step], context: Context) -> Answers[int | None]:
    """When the last task of each step ended (ms); None while one has not."""
    ends = whole(await each_of(context.derived(task_ends), await _task_keys(steps, context)))
    return mapped(ends, lambda of_tasks: None if None in of_tasks else max(filter(None, of_tasks), default=None))


def _running(courses: list[TaskCourse]) -> bool:
    return any(course.status in (TaskStatus.RUNNING, TaskStatus.PENDING) for course in courses)


async def _neighbours(step: records.Step, context: Context, *, up: bool) -> list[records.Step] | Partial | None:
    """The steps before or after it that have run, in the order of the graph; None without a graph."""
    run = run_of(step.pathspec)
    graph = await context.derived(graphs).load(Key(step.provider, run))
    if graph is None:
        return None
    node = graph.node(step.name)
    names = graph.parents(step.name) if up else node.next if node else []
    found = await each(context.loaders.steps, [Key(step.provider, f"{run}/{name}") for name in names])
    return partial(existing(found))


def _control_tasks(tasks: list[records.Task], found: list[TaskMetadata]) -> list[records.Task]:
    return [
        task
        for task, metadata in zip(tasks, found, strict=True)
        if metadata.latest("internal_task_type") == "control_task"
    ]
