"""Fields of Step: each takes the steps of a level, and returns one entry for each."""

import asyncio
from typing import NamedTuple

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
from .entries import Answers, Partial, each, existing, gathered, mapped, partial, raised, readable
from .graphs import graphs
from .inputs import sent
from .metadata import metadata_of, origins_of
from .pages import Page, window
from .statuses import TaskCounts, counted, courses_of, task_end

__all__ = ["created_at", "system_tags", "tags", "user_tags"]


class Span(NamedTuple):
    """When a step's first attempt started, when its last task ended (ms), and whether one still runs."""

    start: int | None
    end: int | None
    running: bool


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
    found = await each(info.context.loaders.tasks_of, map(key_of, steps))
    return await task_pages.pages_of(found, wanted, part, info.context)


async def task_counts(steps: list[records.Step], info: Info) -> Answers[TaskCounts]:
    return await gathered(_counts(step, info.context) for step in steps)


async def started_at(steps: list[records.Step], info: Info) -> Answers[str | None]:
    return mapped(await _spans(steps, info.context), lambda span: times.text(span.start))


async def finished_at(steps: list[records.Step], info: Info) -> Answers[str | None]:
    return mapped(await _spans(steps, info.context), lambda span: times.text(span.end))


async def duration_ms(steps: list[records.Step], info: Info) -> Answers[int | None]:
    spans = await _spans(steps, info.context)
    return mapped(spans, lambda span: times.duration(span.start, span.end, running=span.running))


async def environment_info(steps: list[records.Step], info: Info) -> Answers[JSON]:
    """Of the newest task, as in Metaflow's client; None where there is none."""
    newest = await gathered(_newest(step, info.context) for step in steps)
    tasks = [task for task in newest if isinstance(task, records.Task)]
    found = iter(await environments_of(list(map(key_of, tasks)), info.context))
    return [next(found) if isinstance(task, records.Task) else task for task in newest]


async def parent_steps(steps: list[records.Step], info: Info) -> Answers[list[records.Step] | Partial | None]:
    return await gathered(_neighbours(step, info.context, up=True) for step in steps)


async def child_steps(steps: list[records.Step], info: Info) -> Answers[list[records.Step] | Partial | None]:
    return await gathered(_neighbours(step, info.context, up=False) for step in steps)


async def control_tasks(steps: list[records.Step], info: Info) -> Answers[list[records.Task]]:
    return await gathered(_control_tasks(step, info.context) for step in steps)


async def _tasks(step: records.Step, context: Context) -> list[records.Task]:
    return readable(await context.loaders.tasks_of.load(key_of(step)))[0]


async def _newest(step: records.Step, context: Context) -> records.Task | None:
    tasks = await _tasks(step, context)
    return tasks[0] if tasks else None


async def _origin(step: records.Step, context: Context) -> str | None:
    found = await each(context.derived(origins_of), map(key_of, await _tasks(step, context)))
    origins = [origin for origin in map(raised, found) if origin]
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


async def _spans(steps: list[records.Step], context: Context) -> Answers[Span]:
    return await gathered(_span(step, context) for step in steps)


async def _span(step: records.Step, context: Context) -> Span:
    tasks = await _tasks(step, context)
    attempts = [raised(found) for found in await each(context.loaders.attempts_of, map(key_of, tasks))]
    ends = await asyncio.gather(*(task_end(task, context) for task in tasks))
    courses = await courses_of(tasks, context)
    return Span(
        start=min((of_task[0].started_at for of_task in attempts if of_task), default=None),
        end=None if None in ends else max(filter(None, ends), default=None),
        running=any(course.status in (TaskStatus.RUNNING, TaskStatus.PENDING) for course in courses),
    )


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
    found = [raised(metadata) for metadata in await each(context.derived(metadata_of), map(key_of, tasks))]
    return [
        task
        for task, metadata in zip(tasks, found, strict=True)
        if metadata.latest("internal_task_type") == "control_task"
    ]
