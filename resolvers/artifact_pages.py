"""Pages of the artifacts of a run's tasks."""

from bisect import bisect_left, bisect_right

from ..providers import records
from ..providers.base import Key, key_of
from ..providers.errors import BadUserInput, GatewayError
from ..providers.pathspec import parent
from .context import Context
from .data import shown
from .entries import each, existing, raised, readable
from .pages import Page, Window, between, decode, encode, fill, page


async def page_of(
    tasks: list[records.Task], wanted: list[str] | None, window: Window, context: Context
) -> Page[records.DataArtifact]:
    """A page of the artifacts of these tasks, a task after the other, each by name.

    Only the names are looked up of all tasks, and the artifacts of the page.
    """
    numbers = {task.pathspec: number for number, task in enumerate(tasks)}
    places: list[tuple[int, str]] = []  # of the task in the list, and the artifact's name
    unread: list[GatewayError] = []
    for number, names in enumerate(await each(context.loaders.artifact_names_of, map(key_of, tasks))):
        if isinstance(names, GatewayError):
            unread.append(names)
            continue
        chosen = shown(raised(names)) if wanted is None else sorted(set(wanted).intersection(raised(names)))
        places += [(number, name) for name in chosen]

    def index(cursor: str, including: bool) -> int:
        task, name = decode(cursor, tuple[str, str])
        if task not in numbers:
            raise BadUserInput("The cursor is of a task that is not in this run.")
        return (bisect_right if including else bisect_left)(places, (numbers[task], name))

    async def total() -> int:
        return len(places)

    start, end = between(window, len(places), index)
    chosen, more = await fill(places[start:end], window, None)
    keys = [Key(tasks[number].provider, f"{tasks[number].pathspec}/{name}") for number, name in chosen]
    found, errors = readable(existing(await each(context.loaders.artifacts, keys)))
    return page(found, more, window, _cursor, total, errors + unread)


def _cursor(artifact: records.DataArtifact) -> str:
    return encode(parent(artifact.pathspec), artifact.name)
