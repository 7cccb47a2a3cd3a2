"""Values of artifacts: their JSON view, through the records of the artifacts."""

from collections.abc import Sequence

from ..providers import records
from ..providers.artifacts import JSON, ValueKey, value_key
from ..providers.base import Key
from .context import Context
from .dataloader import Loader
from .entries import Answers, each

_MOST = 2**31  # GraphQL's Int has 32 bits

Found = records.DataArtifact | None | BaseException


async def values_of(artifacts: Sequence[Found], context: Context) -> Answers[JSON]:
    """The value of each; None for none, an error for one that could not be found."""
    return await _read(artifacts, context.loaders.values)


async def named(tasks: Sequence[records.Task], name: str, context: Context) -> list[Found]:
    """The artifact of that name of each task, at the attempt that the task is seen at."""
    keys = [Key(task.provider, f"{task.pathspec}/{name}", task.asked) for task in tasks]
    return await each(context.loaders.artifacts, keys)


async def named_values(tasks: Sequence[records.Task], name: str, context: Context) -> Answers[JSON]:
    """The value of the artifact of that name of each task; None where there is none."""
    return await values_of(await named(tasks, name, context), context)


async def courses_named(tasks: Sequence[records.Task], name: str, context: Context) -> Answers[JSON]:
    """The same of what Metaflow keeps of the course of a run (providers/guarded/values.py:COURSES)."""
    return await _read(await named(tasks, name, context), context.loaders.courses)


def graphql_int(value: object) -> int | None:
    """A number out of a stranger's artifact, where GraphQL's Int can hold it."""
    return value if type(value) is int and -_MOST <= value < _MOST else None


async def _read(artifacts: Sequence[Found], loader: Loader[ValueKey, JSON]) -> Answers[JSON]:
    present = [artifact for artifact in artifacts if isinstance(artifact, records.DataArtifact)]
    values = iter(await each(loader, map(value_key, present)))
    return [next(values) if isinstance(artifact, records.DataArtifact) else artifact for artifact in artifacts]
