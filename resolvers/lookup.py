"""Query's look-ups of one object by its pathspec: absent is None, outside of the namespace an error."""

from strawberry import UNSET

from ..providers import records
from ..providers.base import FlowKey, Key
from ..providers.errors import BadUserInput
from ..providers.pathspec import component, parse, run_of
from . import inputs, namespaces
from .context import Context, Info
from .entries import Answers, combined, each, each_of_some, raised
from .inputs import sent


async def flow(
    info: Info, name: inputs.Name, namespace: inputs.Namespace = UNSET, metadata: inputs.MetadataArgument = UNSET
) -> records.Flow | None:
    gateway = info.context.gateway
    key = FlowKey(
        gateway.provider(metadata).name, component(name, "flow's name"), namespaces.effective(namespace, gateway)
    )
    return await info.context.loaders.flows.load(key)


async def run(
    info: Info,
    pathspec: inputs.Pathspec,
    namespace: inputs.Namespace = UNSET,
    metadata: inputs.MetadataArgument = UNSET,
) -> records.Record | None:
    return await _asked(info.context, 2, pathspec, None, namespace, metadata)


async def step(
    info: Info,
    pathspec: inputs.Pathspec,
    namespace: inputs.Namespace = UNSET,
    metadata: inputs.MetadataArgument = UNSET,
) -> records.Record | None:
    return await _asked(info.context, 3, pathspec, None, namespace, metadata)


async def task(
    info: Info,
    pathspec: inputs.Pathspec,
    attempt: inputs.Attempt = UNSET,
    namespace: inputs.Namespace = UNSET,
    metadata: inputs.MetadataArgument = UNSET,
) -> records.Record | None:
    return await _asked(info.context, 4, pathspec, attempt, namespace, metadata)


async def artifact(
    info: Info,
    pathspec: inputs.Pathspec,
    attempt: inputs.Attempt = UNSET,
    namespace: inputs.Namespace = UNSET,
    metadata: inputs.MetadataArgument = UNSET,
) -> records.Record | None:
    return await _asked(info.context, 5, pathspec, attempt, namespace, metadata)


async def any_object(
    info: Info,
    pathspec: inputs.Pathspec,
    attempt: inputs.Attempt = UNSET,
    namespace: inputs.Namespace = UNSET,
    metadata: inputs.MetadataArgument = UNSET,
) -> records.Record | None:
    return await _asked(info.context, None, pathspec, attempt, namespace, metadata)


async def task_at(context: Context, key: Key) -> records.Task | None:
    """The task, seen at the key's attempt if there is one; None where that attempt never started."""
    return raised((await tasks_at(context, [key]))[0])


async def tasks_at(context: Context, keys: list[Key]) -> Answers[records.Task | None]:
    """The same of many."""
    tasks = await each(context.loaders.tasks, keys)
    of_attempts = [
        key._replace(attempt=None) if key.attempt is not None and isinstance(task, records.Task) else None
        for key, task in zip(keys, tasks, strict=True)
    ]
    attempts = await each_of_some(context.loaders.attempts_of, of_attempts)

    def started(task: records.Task | None, attempts: list[records.Attempt] | None) -> records.Task | None:
        has_started = attempts is None or (task and task.asked in [attempt.number for attempt in attempts])
        return task if has_started else None

    return combined(started, tasks, attempts)


async def _asked(
    context: Context,
    level: int | None,
    pathspec: str,
    attempt: int | None,
    namespace: str | None,
    metadata: str | None,
) -> records.Record | None:
    """The object that a client names: of that level (2 Run … 5 DataArtifact), or of whichever the pathspec is."""
    of_level = len(parse(pathspec, level))
    provider = context.gateway.provider(metadata).name
    namespace = namespaces.effective(namespace, context.gateway)
    attempt = _possible(sent(attempt), of_level)
    if of_level == 1:
        return await context.loaders.flows.load(FlowKey(provider, pathspec, namespace))
    found = await _at(context, Key(provider, pathspec, attempt))
    if found is None or namespace is None:
        return found
    run = await context.loaders.runs.load(Key(provider, run_of(pathspec)))
    if run is None or namespaces.outside(run, namespace):
        raise namespaces.mismatch(pathspec, namespace)
    return found


async def _at(context: Context, key: Key) -> records.Record | None:
    """The run, step, task or artifact of a key."""
    match key.pathspec.count("/"):
        case 1:
            return await context.loaders.runs.load(key)
        case 2:
            return await context.loaders.steps.load(key)
        case 3:
            return await task_at(context, key)
        case _:
            return await context.loaders.artifacts.load(key)


def _possible(attempt: int | None, level: int) -> int | None:
    """The attempt, if there can be one of that number (client/core.py:MetaflowObject.__init__)."""
    if attempt is None:
        return None
    if level < 4:
        raise BadUserInput("Only tasks and artifacts have attempts: leave attempt out.")
    if not 0 <= attempt < records.MAX_ATTEMPTS:
        raise BadUserInput(f"attempt is {attempt}: attempts go from 0 to {records.MAX_ATTEMPTS - 1}.")
    return attempt
