"""Pages of tasks."""

from collections.abc import Sequence
from typing import NamedTuple

from ..providers import records
from ..providers.base import key_as_seen, key_of
from ..providers.errors import BadUserInput, GatewayError
from ..providers.pathspec import component, name, parent
from ..providers.records import TaskStatus
from ..providers.times import ts_epoch
from . import inputs
from .context import Context
from .entries import existing, gathered, raised, readable
from .inputs import sent
from .pages import Page, Window, between, decode, encode, fill, page
from .statuses import task_courses


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


async def page_of(
    entries: Sequence[records.Task | GatewayError] | BaseException,
    wanted: Conditions,
    window: Window,
    context: Context,
) -> Page[records.Task]:
    """A page of these tasks, in their order. A cursor names a task: tasks do not go away.

    Of which a filter can't tell whether they pass are left out, with their errors.
    """
    tasks, errors = readable(raised(entries))
    places = {task.pathspec: place for place, task in enumerate(tasks)}

    def index(cursor: str, including: bool) -> int:
        (pathspec,) = decode(cursor, tuple[str])
        if pathspec not in places:
            raise BadUserInput("The cursor is of a task that is not in this list.")
        return places[pathspec] + including

    start, end = between(window, len(tasks), index)
    chosen = _of_steps(tasks[start:end], wanted)

    async def keep(some: list[records.Task]) -> list[records.Task]:
        told = await gathered(_meets(task, wanted, context) for task in some)
        errors.extend(readable(existing(told))[1])
        return [task for task, meets in zip(some, told, strict=True) if meets is True]

    async def total() -> int:
        told = await gathered(_meets(task, wanted, context) for task in _of_steps(tasks, wanted))
        return sum(raised(meets) for meets in told)

    unfiltered = wanted.created_from_ms is None and wanted.statuses is None
    nodes, more = await fill(chosen, window, None if unfiltered else keep)
    return page(nodes, more, window, lambda task: encode(task.pathspec), total, errors)


def _of_steps(tasks: list[records.Task], wanted: Conditions) -> list[records.Task]:
    return [task for task in tasks if wanted.steps is None or name(parent(task.pathspec)) in wanted.steps]


async def _meets(task: records.Task, wanted: Conditions, context: Context) -> bool:
    """Whether it meets the conditions that look at more than its name; raises what keeps that from being told."""
    if wanted.created_from_ms is not None:
        created = await context.loaders.created_at.load(key_of(task))
        if created is None or created < wanted.created_from_ms:
            return False
    return (
        wanted.statuses is None
        or (await context.derived(task_courses).load(key_as_seen(task))).status in wanted.statuses
    )
