"""Pages of tasks."""

from collections.abc import Sequence
from typing import NamedTuple

from ..providers import records
from ..providers.base import key_as_seen, key_of
from ..providers.errors import BadUserInput, GatewayError, alone
from ..providers.pathspec import component, name, parent
from ..providers.records import TaskStatus
from ..providers.times import ts_epoch
from . import inputs
from .context import Context
from .dataloader import AT_ONCE, Pace
from .entries import Answers, combined, each, each_of_some, existing, gathered, mapped, raised, readable
from .inputs import sent
from .pages import Page, Window, between, cut, decode, encode, fill, page
from .statuses import task_courses

# Tasks that are gone through in the time of a key.
_FAST = 8

_Tasks = Sequence[records.Task | GatewayError]


class Conditions(NamedTuple):
    """Which tasks are wanted; None is any."""

    steps: frozenset[str] | None = None
    created_from_ms: int | None = None  # inclusive
    statuses: frozenset[TaskStatus] | None = None


def conditions(filter: inputs.TaskFilter | None) -> Conditions:
    """The conditions of a filter; raises InvalidPathspec where a step can't have one of the names."""
    filter = sent(filter)
    if filter is None:
        return Conditions()
    steps, after, statuses = sent(filter.steps), sent(filter.created_after), sent(filter.statuses)
    return Conditions(
        None if steps is None else frozenset(component(step, "step's name") for step in steps),
        None if after is None else ts_epoch(after),
        None if statuses is None else frozenset(statuses),
    )


async def pages_of(
    lists: Sequence[_Tasks | BaseException], wanted: Conditions, window: Window, context: Context
) -> Answers[Page[records.Task]]:
    """A page of each list of tasks, in its order. A cursor names a task: tasks do not go away.

    Of which a filter can't tell whether they pass are left out, with their errors.
    """
    if wanted.created_from_ms is None and wanted.statuses is None:
        # Nothing is to be waited for: for hundreds of lists, tasks of asyncio would take most of the time.
        return await _pages_by_names(lists, wanted, window, context.loaders.pace)
    return await gathered(_page(entries, wanted, window, context) for entries in lists)


async def _pages_by_names(
    lists: Sequence[_Tasks | BaseException], wanted: Conditions, window: Window, pace: Pace
) -> Answers[Page[records.Task]]:
    pages: Answers[Page[records.Task]] = []
    passed = 0
    for entries in lists:
        passed += 1 if isinstance(entries, BaseException) else len(entries)
        if passed > _FAST * AT_ONCE // 8:
            await pace.take(passed // _FAST)
            passed = 0
        pages.append(_page_by_names(entries, wanted, window))
    return pages


def _page_by_names(
    entries: _Tasks | BaseException, wanted: Conditions, window: Window
) -> Page[records.Task] | BaseException:
    try:
        tasks, errors = readable(raised(entries))
        nodes, more = cut(_between_cursors(tasks, wanted, window), window)
    except Exception as error:
        return alone(error)

    async def total() -> int:
        return len(_of_steps(tasks, wanted))

    return page(nodes, more, window, _cursor, total, errors)


async def _page(
    entries: _Tasks | BaseException, wanted: Conditions, window: Window, context: Context
) -> Page[records.Task]:
    tasks, errors = readable(raised(entries))

    async def keep(some: list[records.Task]) -> list[records.Task]:
        told = await _meet(some, wanted, context)
        errors.extend(readable(existing(told))[1])
        return [task for task, meets in zip(some, told, strict=True) if meets is True]

    async def total() -> int:
        return sum(map(raised, await _meet(_of_steps(tasks, wanted), wanted, context)))

    nodes, more = await fill(_between_cursors(tasks, wanted, window), window, keep)
    return page(nodes, more, window, _cursor, total, errors)


def _between_cursors(tasks: list[records.Task], wanted: Conditions, window: Window) -> list[records.Task]:
    def index(cursor: str, including: bool) -> int:
        (pathspec,) = decode(cursor, tuple[str])
        for place, task in enumerate(tasks):
            if task.pathspec == pathspec:
                return place + including
        raise BadUserInput("The cursor is of a task that is not in this list.")

    start, end = between(window, len(tasks), index)
    return _of_steps(tasks[start:end], wanted)


def _cursor(task: records.Task) -> str:
    return encode(task.pathspec)


def _of_steps(tasks: list[records.Task], wanted: Conditions) -> list[records.Task]:
    if wanted.steps is None:
        return tasks
    return [task for task in tasks if name(parent(task.pathspec)) in wanted.steps]


async def _meet(tasks: list[records.Task], wanted: Conditions, context: Context) -> Answers[bool]:
    """Whether each meets the conditions that look at more than its name, or what keeps that from being told."""
    young: Answers[bool] = [True] * len(tasks)
    if wanted.created_from_ms is not None:
        since, created = wanted.created_from_ms, await each(context.loaders.created_at, map(key_of, tasks))
        young = mapped(created, lambda ms: ms is not None and ms >= since)
    if wanted.statuses is None:
        return young
    of, keys = wanted.statuses, combined(lambda task, is_young: key_as_seen(task) if is_young else None, tasks, young)
    courses = await each_of_some(context.derived(task_courses), keys)
    return mapped(courses, lambda course: course is not None and course.status in of)
