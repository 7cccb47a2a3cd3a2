"""Pages of tasks."""

from collections.abc import Sequence

from ..providers import records
from ..providers.base import Key
from ..providers.errors import BadUserInput, GatewayError
from ..providers.pathspec import component, name, parent
from ..providers.times import ts_epoch
from . import inputs
from .context import Context
from .inputs import sent
from .loaders import each
from .pages import Page, Window, between, decode, encode, fill, page, readable
from .statuses import courses_of


async def page_of(
    entries: Sequence[records.Task | GatewayError] | BaseException,
    filter: inputs.TaskFilter | None,
    window: Window,
    context: Context,
) -> Page[records.Task]:
    """A page of these tasks, in their order. A cursor names a task: tasks do not go away."""
    if isinstance(entries, BaseException):
        raise entries
    tasks, errors = readable(entries)
    filter = sent(filter)
    steps, after, statuses = (
        (sent(filter.steps), sent(filter.created_after), sent(filter.statuses)) if filter else (None, None, None)
    )
    places = {task.pathspec: place for place, task in enumerate(tasks)}

    def index(cursor: str, including: bool) -> int:
        (pathspec,) = decode(cursor, tuple[str])
        if pathspec not in places:
            raise BadUserInput("The cursor is of a task that is not in this list.")
        return places[pathspec] + including

    start, end = between(window, len(tasks), index)
    wanted = None if steps is None else {component(step, "step's name") for step in steps}
    listed = [task for task in tasks[start:end] if wanted is None or name(parent(task.pathspec)) in wanted]

    async def keep(some: list[records.Task]) -> list[records.Task]:
        if after is not None:
            since = ts_epoch(after)
            created = await each(context.loaders.created_at, [Key(task.provider, task.pathspec) for task in some])
            some = [task for task, at in zip(some, created, strict=True) if isinstance(at, int) and at >= since]
        if statuses is not None:
            courses = await courses_of(some, context)
            some = [task for task, course in zip(some, courses, strict=True) if course.status in statuses]
        return some

    async def total() -> int:
        of_steps = [task for task in tasks if wanted is None or name(parent(task.pathspec)) in wanted]
        return len(await keep(of_steps))

    unfiltered = after is None and statuses is None
    nodes, more = await fill(listed, window, None if unfiltered else keep)
    return page(nodes, more, window, lambda task: encode(task.pathspec), total, errors)
