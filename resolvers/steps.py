"""Fields of Step: each takes the steps of a level, and returns one entry for each."""

import asyncio

from strawberry import UNSET

from ..providers import records
from ..providers.base import Key
from ..providers.pathspec import component, run_of
from ..providers.records import TaskStatus
from . import inputs, task_pages, times
from .common import created_at, runs_of, system_tags, tags, user_tags
from .context import Context, Info
from .events import latest_of, origins_of
from .graphs import graphs
from .inputs import sent
from .loaders import Answers, each, gathered
from .pages import Page, Partial, existing, partial, readable, window
from .statuses import TaskCounts, counted, courses_of
from .tasks import finished_time

__all__ = ["created_at", "system_tags", "tags", "user_tags"]


async def parent(steps: list[records.Step], info: Info) -> Answers[records.Run]:
    return await runs_of(steps, info)


async def origin_pathspec(steps: list[records.Step], info: Info) -> Answers[str | None]:
    """The origin's step, where at least one task is a clone of one there."""
    return await gathered(_origin(step, info.context) for step in steps)


async def status(steps: list[records.Step], info: Info) -> Answers[TaskStatus]:
    return await gathered(_status(step, info.context) for step in steps)


async def task(steps: list[records.Step], info: Info, task_id: inputs.TaskId = UNSET) -> Answers[records.Task | None]:
    task_id = sent(task_id)
    if task_id is None:
        return await gathered(_newest(step, info.context) for step in steps)
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
    found = await each(info.context.loaders.tasks_of, map(_key, steps))
    return await gathered(task_pages.page_of(tasks, wanted, part, info.context) for tasks in found)


async def task_counts(steps: list[records.Step], info: Info) -> Answers[TaskCounts]:
    return await gathered(_counts(step, info.context) for step in steps)


async def started_at(steps: list[records.Step], info: Info) -> Answers[str | None]:
    found = await gathered(_span(step, info.context) for step in steps)
    return [span if isinstance(span, BaseException) else times.text(span[0]) for span in found]


async def finished_at(steps: list[records.Step], info: Info) -> Answers[str | None]:
    found = await gathered(_span(step, info.context) for step in steps)
    return [span if isinstance(span, BaseException) else times.text(span[1]) for span in found]


async def duration_ms(steps: list[records.Step], info: Info) -> Answers[int | None]:
    found = await gathered(_span(step, info.context) for step in steps)
    return [
        span if isinstance(span, BaseException) else times.duration(span[0], span[1], running=span[2]) for span in found
    ]


async def parent_steps(steps: list[records.Step], info: Info) -> Answers[list[records.Step] | Partial | None]:
    return await gathered(_neighbours(step, info.context, up=True) for step in steps)


async def child_steps(steps: list[records.Step], info: Info) -> Answers[list[records.Step] | Partial | None]:
    return await gathered(_neighbours(step, info.context, up=False) for step in steps)


async def control_tasks(steps: list[records.Step], info: Info) -> Answers[list[records.Task]]:
    return await gathered(_control_tasks(step, info.context) for step in steps)


async def _tasks(step: records.Step, context: Context) -> list[records.Task]:
    return readable(await context.loaders.tasks_of.load(_key(step)))[0]


async def _newest(step: records.Step, context: Context) -> records.Task | None:
    tasks = await _tasks(step, context)
    return tasks[0] if tasks else None


async def _origin(step: records.Step, context: Context) -> str | None:
    keys = [Key(task.provider, task.pathspec) for task in await _tasks(step, context)]
    origins = [origin for origin in await each(context.derived(origins_of), keys) if isinstance(origin, str)]
    return f"{run_of(origins[0])}/{step.name}" if origins else None


async def _status(step: records.Step, context: Context) -> TaskStatus:
    found = {course.status for course in await courses_of(await _tasks(step, context), context)}
    if not found:
        return TaskStatus.PENDING
    if TaskStatus.FAILED in found:
        return TaskStatus.FAILED
    if found & {TaskStatus.RUNNING, TaskStatus.PENDING}:
        return TaskStatus.RUNNING
    return TaskStatus.UNKNOWN if TaskStatus.UNKNOWN in found else TaskStatus.SUCCEEDED


async def _counts(step: records.Step, context: Context) -> TaskCounts:
    return counted(await courses_of(await _tasks(step, context), context))


async def _span(step: records.Step, context: Context) -> tuple[int | None, int | None, bool]:
    """When its first task started, when its last one finished (ms), and whether one still runs."""
    tasks = await _tasks(step, context)
    courses = await courses_of(tasks, context)
    finished = await asyncio.gather(*(finished_time(task, context) for task in tasks))
    started = min((course.started_at for course in courses if course.started_at is not None), default=None)
    running = any(course.status in (TaskStatus.RUNNING, TaskStatus.PENDING) for course in courses)
    known = [moment for moment in finished if moment is not None]
    return started, max(known) if known and len(known) == len(tasks) else None, running


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


async def _control_tasks(step: records.Step, context: Context) -> list[records.Task]:
    """Each once, also where a retry recorded it again (client/core.py:Step.control_tasks)."""
    tasks = await _tasks(step, context)
    latest = await each(context.derived(latest_of), [Key(task.provider, task.pathspec) for task in tasks])
    return [
        task
        for task, events in zip(tasks, latest, strict=True)
        if isinstance(events, dict) and events.get("internal_task_type") == "control_task"
    ]


def _key(step: records.Step) -> Key:
    return Key(step.provider, step.pathspec)
