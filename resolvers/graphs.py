"""A run's graph: the artifact `_graph_info` of its `_parameters` task (Metaflow's graph.py:FlowGraph.output_steps)."""

from typing import Any, NamedTuple, cast

import msgspec

from ..providers import ids, records
from ..providers.artifacts import value_key
from ..providers.base import Key
from ..providers.errors import ArtifactUnreadable
from ..providers.pathspec import is_component
from .context import Context, Info
from .loaders import Answers, each, gathered

PARAMETERS = "_parameters"


class Endpoints(NamedTuple):
    """The names of a run's first and last step."""

    start: str
    end: str


class Decorator(msgspec.Struct, frozen=True):
    name: str
    attributes: dict[str, Any]


class GraphNode(msgspec.Struct, frozen=True):
    run: Key
    name: str
    type: str
    next: list[str]
    doc: str | None
    line: int | None
    source_file: str | None
    decorators: list[Decorator]
    foreach_artifact: str | None
    matching_join: str | None
    condition: str | None


class FlowGraph(msgspec.Struct, frozen=True):
    """`nodes` in the order in which they are reached from the start; `parameters` as names, with their types."""

    id: str
    doc: str | None
    file: str | None
    start_step: str
    end_step: str
    nodes: list[GraphNode]
    parameters: dict[str, str]

    def node(self, step: str) -> GraphNode | None:
        return next((node for node in self.nodes if node.name == step), None)

    def parents(self, step: str) -> list[str]:
        """The steps that lead to this one, in the order of the graph."""
        return [node.name for node in self.nodes if step in node.next]


async def parameter_tasks(runs: list[Key], context: Context) -> Answers[records.Task | None]:
    """The newest task of each run's `_parameters` step; None where it has none."""
    steps = [run._replace(pathspec=f"{run.pathspec}/{PARAMETERS}") for run in runs]
    found = await each(context.loaders.tasks_of, steps)
    return [
        tasks if isinstance(tasks, BaseException) else next((t for t in tasks if isinstance(t, records.Task)), None)
        for tasks in found
    ]


async def graphs(runs: list[Key], context: Context) -> Answers[FlowGraph | None]:
    """The graph of each run; None where it recorded none (before Metaflow 2.5)."""
    return await gathered(_graph_of(run, context) for run in runs)


async def endpoints(runs: list[Key], context: Context) -> Answers[Endpoints]:
    """The names of each run's first and last step.

    As `_parameters` recorded them, else as its graph has them: resumed runs lack the former (client/core.py:Run).
    """
    return await gathered(_endpoints_of(run, context) for run in runs)


async def _graph_of(run: Key, context: Context) -> FlowGraph | None:
    task = await context.derived(parameter_tasks).load(run)
    artifact = task and await context.loaders.artifacts.load(Key(run.provider, f"{task.pathspec}/_graph_info"))
    if not artifact:
        return None
    recorded = await context.loaders.values.load(value_key(artifact))
    if not isinstance(recorded, dict):
        raise ArtifactUnreadable(f"{artifact.pathspec} is not a graph as Metaflow records it.")
    return _graph(run, cast("dict[str, Any]", recorded))


async def _endpoints_of(run: Key, context: Context) -> Endpoints:
    task = await context.derived(parameter_tasks).load(run)
    if task is None:
        return Endpoints("start", "end")
    events = await context.loaders.metadata_of.load(Key(run.provider, task.pathspec))
    named = {event.name: event.value for event in events if isinstance(event, records.Metadata)}
    start, end = named.get("start_step"), named.get("end_step")
    if start and end and is_component(start) and is_component(end):
        return Endpoints(start, end)
    graph = await context.derived(graphs).load(run)
    return Endpoints(graph.start_step, graph.end_step) if graph else Endpoints("start", "end")


def _graph(run: Key, recorded: dict[str, Any]) -> FlowGraph:
    """The graph out of the JSON view of `_graph_info`: the user's code wrote it, so nothing of its form is certain."""
    steps = _dict(recorded.get("steps"))
    return FlowGraph(
        id=ids.of_object("FlowGraph", run.provider, run.pathspec),
        doc=_text(recorded.get("doc")),
        file=_text(recorded.get("file")),
        start_step=_step(recorded.get("start_step")) or "start",
        end_step=_step(recorded.get("end_step")) or "end",
        nodes=[_node(run, name, _dict(node)) for name, node in steps.items() if _step(name)],
        parameters={
            str(parameter["name"]): str(parameter.get("type"))
            for parameter in map(_dict, _list(recorded.get("parameters")))
            if parameter.get("name")
        },
    )


def _node(run: Key, name: str, recorded: dict[str, Any]) -> GraphNode:
    line = recorded.get("line")
    return GraphNode(
        run=run,
        name=name,
        type=_text(recorded.get("type")) or "unknown",
        next=[step for step in _list(recorded.get("next")) if _step(step)],
        doc=_text(recorded.get("doc")),
        line=line if isinstance(line, int) else None,
        source_file=_text(recorded.get("source_file")),
        decorators=[
            Decorator(str(decorator.get("name")), _dict(decorator.get("attributes")))
            for decorator in map(_dict, _list(recorded.get("decorators")))
        ],
        foreach_artifact=_text(recorded.get("foreach_artifact")),
        matching_join=_text(recorded.get("matching_join")),
        condition=_text(recorded.get("condition")),
    )


def _dict(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _text(value: object) -> str | None:
    """Text, where there is any: Metaflow records no docstring as an empty one."""
    return value if isinstance(value, str) and value else None


def _step(value: object) -> str | None:
    """The name of a step, where it can be one."""
    return value if isinstance(value, str) and is_component(value) else None


async def step(nodes: list[GraphNode], info: Info) -> Answers[records.Step | None]:
    keys = [Key(node.run.provider, f"{node.run.pathspec}/{node.name}") for node in nodes]
    return await each(info.context.loaders.steps, keys)
