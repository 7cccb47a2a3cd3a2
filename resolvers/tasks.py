"""Fields of Task: each takes the tasks of a level, and returns one entry for each."""

from itertools import islice

from strawberry import UNSET

from ..providers import records, usage
from ..providers.base import Key, key_as_seen, key_of
from ..providers.pathspec import component
from ..providers.pathspec import parent as above
from ..providers.records import TaskStatus
from . import inputs, lineage, task_pages, times
from .cards import cards
from .code import code, environment_info
from .common import created_at, runs_of, system_tags, tags, user_tags
from .context import Context, Info
from .data import MetaflowData, checked, data_of
from .entries import Answers, Partial, combined, each, each_of, existing, gathered, mapped, partial, partials
from .exceptions import TaskException, exceptions_of
from .foreach import foreach_stack
from .inputs import sent
from .lineage import PATH
from .metadata import TaskMetadata, metadata_of, origins_of
from .pages import Page, window
from .statuses import TaskCourse, attempt_seen, task_courses, task_ends
from .values import Found, named, named_values

__all__ = ["cards", "code", "created_at", "environment_info", "foreach_stack", "system_tags", "tags", "user_tags"]

Tasks = list[records.Task]


async def parent(tasks: Tasks, info: Info) -> Answers[records.Step | None]:
    return await each(info.context.loaders.steps, [Key(task.provider, above(task.pathspec)) for task in tasks])


async def origin_pathspec(tasks: Tasks, info: Info) -> Answers[str | None]:
    return await each(info.context.derived(origins_of), map(key_of, tasks))


async def status(tasks: Tasks, info: Info) -> Answers[TaskStatus]:
    return mapped(await _courses(tasks, info.context), lambda course: course.status)


async def attempt(tasks: Tasks, info: Info) -> Answers[int | None]:
    return mapped(await _attempts_seen(tasks, info.context), lambda attempt: attempt and attempt.number)


async def attempts(tasks: Tasks, info: Info) -> Answers[Tasks]:
    found = await each(info.context.loaders.attempts_of, map(key_of, tasks))
    seen = await each_of(info.context.loaders.tasks, combined(_keys_of_attempts, tasks, found))
    return mapped(seen, lambda of_task: [one for one in of_task if isinstance(one, records.Task)])


async def index(tasks: Tasks, info: Info) -> Answers[int | None]:
    """Out of the recorded path, which is there from the start of the task on: outer:2,inner:0."""
    return mapped(await each(info.context.derived(metadata_of), map(key_as_seen, tasks)), _index)


async def metadata(
    tasks: Tasks, info: Info, names: inputs.MetadataNames = UNSET
) -> Answers[list[records.Metadata] | Partial]:
    asked = sent(names)
    wanted = None if asked is None else frozenset(asked)

    def chosen(metadata: TaskMetadata) -> list[records.Metadata] | Partial:
        events = [event for event in metadata.events if wanted is None or event.name in wanted]
        return partial([*events, *metadata.damaged_of(wanted)])

    return mapped(await each(info.context.derived(metadata_of), map(key_as_seen, tasks)), chosen)


async def metadata_dict(tasks: Tasks, info: Info) -> Answers[dict[str, str | None] | Partial]:
    found = await each(info.context.derived(metadata_of), map(key_as_seen, tasks))
    return mapped(found, lambda metadata: Partial(metadata.values, metadata.damaged))


async def artifacts(
    tasks: Tasks, info: Info, names: inputs.ArtifactNames = UNSET
) -> Answers[list[records.DataArtifact] | Partial]:
    wanted = checked(names)
    if wanted is not None:
        by_name = sorted(wanted)
        usage.current.get().find(len(tasks) * len(by_name))  # each is looked for, be it there or not
        keys = (_key_of(task, name) for task in tasks for name in by_name)
        found = iter(await each(info.context.loaders.artifacts, keys))
        return mapped(tasks, lambda _: partial(existing(list(islice(found, len(by_name))))))
    return partials(await each(info.context.loaders.artifacts_of, map(key_as_seen, tasks)))


async def artifact(tasks: Tasks, info: Info, name: inputs.Name) -> list[Found]:
    return await named(tasks, component(name, "artifact's name"), info.context)


async def data(tasks: Tasks, info: Info) -> Answers[MetaflowData]:
    return await data_of(tasks, info.context)


async def successful(tasks: Tasks, info: Info) -> Answers[bool]:
    return mapped(await named_values(tasks, "_success", info.context), bool)


async def finished(tasks: Tasks, info: Info) -> Answers[bool]:
    """As in Metaflow `_task_ok`: False after a failure; None there after SystemExit, which is False here."""
    return mapped(await named_values(tasks, "_task_ok", info.context), bool)


async def started_at(tasks: Tasks, info: Info) -> Answers[str | None]:
    found = await _attempts_seen(tasks, info.context)
    return mapped(found, lambda attempt: times.text(attempt.started_at) if attempt else None)


async def finished_at(tasks: Tasks, info: Info) -> Answers[str | None]:
    return mapped(await _ends(tasks, info.context), times.text)


async def duration_ms(tasks: Tasks, info: Info) -> Answers[int | None]:
    return combined(_duration, await _courses(tasks, info.context), await _ends(tasks, info.context))


async def exception(tasks: Tasks, info: Info) -> Answers[TaskException | None]:
    return await exceptions_of(tasks, info.context)


async def runtime_name(tasks: Tasks, info: Info) -> Answers[str | None]:
    """Between the colons of the tag runtime:… (client/core.py:Task.runtime_name); a person can't set it."""
    return mapped(await runs_of(tasks, info), _runtime)


async def parent_tasks(
    tasks: Tasks,
    info: Info,
    first: inputs.First = UNSET,
    after: inputs.After = UNSET,
    last: inputs.Last = UNSET,
    before: inputs.Before = UNSET,
) -> Answers[Page[records.Task]]:
    part = window(first, after, last, before)
    found = await gathered(lineage.parent_tasks(key_of(task), info.context) for task in tasks)
    return await task_pages.pages_of(found, task_pages.Conditions(), part, info.context)


async def child_tasks(
    tasks: Tasks,
    info: Info,
    first: inputs.First = UNSET,
    after: inputs.After = UNSET,
    last: inputs.Last = UNSET,
    before: inputs.Before = UNSET,
) -> Answers[Page[records.Task]]:
    part = window(first, after, last, before)
    found = await gathered(lineage.child_tasks(key_of(task), info.context) for task in tasks)
    return await task_pages.pages_of(found, task_pages.Conditions(), part, info.context)


async def _courses(tasks: Tasks, context: Context) -> Answers[TaskCourse]:
    return await each(context.derived(task_courses), map(key_as_seen, tasks))


async def _ends(tasks: Tasks, context: Context) -> Answers[int | None]:
    return await each(context.derived(task_ends), map(key_as_seen, tasks))


async def _attempts_seen(tasks: Tasks, context: Context) -> Answers[records.Attempt | None]:
    """The attempt that each task is seen at, else its latest; None before the first."""
    found = await each(context.loaders.attempts_of, map(key_of, tasks))
    return combined(lambda task, attempts: attempt_seen(key_as_seen(task), attempts), tasks, found)


def _keys_of_attempts(task: records.Task, attempts: list[records.Attempt]) -> list[Key]:
    return [key_of(task)._replace(attempt=attempt.number) for attempt in attempts]


def _key_of(task: records.Task, name: str) -> Key:
    return Key(task.provider, f"{task.pathspec}/{name}", task.asked)


def _index(metadata: TaskMetadata) -> int | None:
    last = (metadata.latest(PATH) or "").rpartition(":")[2]
    return int(last) if last.isascii() and last.isdecimal() and len(last) < 10 else None


def _duration(course: TaskCourse, end: int | None) -> int | None:
    return times.duration(course.started_at, end, running=course.status is TaskStatus.RUNNING)


def _runtime(run: records.Run) -> str | None:
    return next((tag.split(":")[1] for tag in run.system_tags if tag.startswith("runtime:")), None)
