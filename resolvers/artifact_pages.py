"""Pages of the artifacts of a run's tasks."""

from typing import NamedTuple

from ..providers import records
from ..providers.base import Key, key_of
from ..providers.errors import BadUserInput, GatewayError
from ..providers.pathspec import parent
from .context import Context
from .data import shown
from .entries import each, existing, raised, readable
from .pages import Page, Window, decode, encode, page

# Tasks whose names are looked up first, and how many times more at each further time.
_FIRST, _GROWTH = 16, 4


class _Place(NamedTuple):
    """Of an artifact in the list: the number of its task, and its name."""

    task: int
    name: str


async def page_of(
    tasks: list[records.Task], wanted: list[str] | None, window: Window, context: Context
) -> Page[records.DataArtifact]:
    """A page of the artifacts of these tasks, a task after the other, each by name.

    Names are looked up of the tasks from the window's beginning on until the page is full, of all only for the
    total; artifacts, of the page. Errors are of the tasks that were looked at.
    """
    numbers = {task.pathspec: number for number, task in enumerate(tasks)}
    after, before = _place(window.after, numbers), _place(window.before, numbers)

    async def total() -> int:
        return len((await _places(list(enumerate(tasks)), wanted, context))[0])

    first, last = after.task if after else 0, before.task + 1 if before else len(tasks)
    ordered = list(enumerate(tasks))[first:last]
    if window.backward:
        ordered.reverse()
    places: list[_Place] = []
    unread: list[GatewayError] = []
    start, part = 0, _FIRST
    while len(places) <= window.size and start < len(ordered):
        found, errors = await _places(ordered[start : start + part], wanted, context)
        places += [place for place in found if (not after or after < place) and (not before or place < before)]
        unread += errors
        start, part = start + part, part * _GROWTH
    places.sort(reverse=window.backward)
    chosen = sorted(places[: window.size])
    keys = [Key(tasks[place.task].provider, f"{tasks[place.task].pathspec}/{place.name}") for place in chosen]
    nodes, errors = readable(existing(await each(context.loaders.artifacts, keys)))
    return page(nodes, len(places) > window.size, window, _cursor, total, errors + unread)


async def _places(
    some: list[tuple[int, records.Task]], wanted: list[str] | None, context: Context
) -> tuple[list[_Place], list[GatewayError]]:
    """Those of the artifacts of these tasks, which come with their numbers, and the errors of what is unreadable."""
    places: list[_Place] = []
    unread: list[GatewayError] = []
    asked = None if wanted is None else frozenset(wanted)
    found = await each(context.loaders.artifact_names_of, [key_of(task) for _, task in some])
    for (number, _), names in zip(some, found, strict=True):
        if isinstance(names, GatewayError):
            unread.append(names)
            continue
        chosen = shown(raised(names)) if asked is None else sorted(asked.intersection(raised(names)))
        places += [_Place(number, name) for name in chosen]
    return places, unread


def _place(cursor: str | None, numbers: dict[str, int]) -> _Place | None:
    """The place that a cursor holds, given the tasks' numbers; None where there is no cursor."""
    if cursor is None:
        return None
    task, name = decode(cursor, tuple[str, str])
    if task not in numbers:
        raise BadUserInput("The cursor is of a task that is not in this run.")
    return _Place(numbers[task], name)


def _cursor(artifact: records.DataArtifact) -> str:
    return encode(parent(artifact.pathspec), artifact.name)
