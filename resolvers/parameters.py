"""What a run was started with: artifacts of its `_parameters` task, by the names that its graph has."""

import msgspec

from ..providers import records
from ..providers.artifacts import JSON
from ..providers.base import Key, key_of
from .context import Context, Info
from .data import shown
from .entries import Answers, each
from .graphs import graphs, parameter_tasks
from .values import values_of


class Parameter(msgspec.Struct, frozen=True, gc=False):
    name: str
    artifact: Key


async def parameters_of(run: records.Run, context: Context) -> list[Parameter]:
    """In the order of the code; without a graph, all artifacts of `_parameters` but `name`, which is the flow's."""
    task = await context.derived(parameter_tasks).load(key_of(run))
    if task is None:
        return []
    graph = await context.derived(graphs).load(key_of(run))
    if graph:
        names = graph.parameters
    else:
        names = [name for name in shown(await context.loaders.artifact_names_of.load(key_of(task))) if name != "name"]
    return [Parameter(name, Key(task.provider, f"{task.pathspec}/{name}")) for name in names]


async def value(parameters: list[Parameter], info: Info) -> Answers[JSON]:
    artifacts = await each(info.context.loaders.artifacts, [parameter.artifact for parameter in parameters])
    return await values_of(artifacts, info.context)
