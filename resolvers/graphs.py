"""A run's graph: the artifact `_graph_info` of its `_parameters` task (Metaflow's graph.py:FlowGraph.output_steps)."""

from typing import Any, NamedTuple, cast

import msgspec

from ..providers import ids, records
from ..providers.artifacts import value_key
from ..providers.base import Key, key_of
from ..providers.errors import ArtifactUnreadable, Forbidden, GatewayError, LimitExceeded
from ..providers.grants import Right
from ..providers.pathspec import is_component
from .context import Context, Info
from .entries import Answers, Partial, each, gathered, mapped, readable
from .metadata import metadata_of
from .rights import held
from .values import graphql_int

PARAMETERS = "_parameters"


class Endpoints(NamedTuple):
    """The names of a run's first and last step."""

    start: str
    end: str


class Decorator(msgspec.Struct, frozen=True):
    run: Key
    name: str
    arguments: dict[str, Any]


class GraphNode(msgspec.Struct, frozen=True):
    run: Key
    name: str
    type: str
    next: list[str]
    docstring: str | None
    line: int | None
    source_file: str | None
    decorators: list[Decorator]
    foreach_artifact: str | None
    matching_join: str | None
    condition: str | None


class FlowGraph(msgspec.Struct, frozen=True):
    """`nodes` in the order in which they are reached from the start; `parameters` by name."""

    id: str
    run: Key
    docstring: str | None
    file: str | None
    start_step: str
    end_step: str
    nodes: list[GraphNode]
    parameters: list[str]
    by_name: dict[str, GraphNode]
    parents_by_name: dict[str, list[str]]

    def node(self, step: str) -> GraphNode | None:
        return self.by_name.get(step)

    def parents(self, step: str) -> list[str]:
        """The steps that lead to this one, in the order of the graph."""
        return self.parents_by_name.get(step, [])


async def parameter_tasks(runs: list[Key], context: Context) -> Answers[records.Task | None]:
    """The newest task of each run's `_parameters` step; None where it has none."""
    steps = [run._replace(pathspec=f"{run.pathspec}/{PARAMETERS}") for run in runs]
    found = await each(context.loaders.tasks_of, steps)
    return mapped(found, lambda tasks: next(iter(readable(tasks)[0]), None))


async def graphs(runs: list[Key], context: Context) -> Answers[FlowGraph | None]:
    """The graph of each run; None where it recorded none (before Metaflow 2.5)."""
    return await gathered(_graph_of(run, context) for run in runs)


async def readable_graph(run: Key, context: Context) -> FlowGraph | None:
    """The graph of a run; None where it has none, or a damaged one. Raises what may pass, for it tells nothing."""
    try:
        return await context.derived(graphs).load(run)
    except GatewayError as error:
        if error.retryable or isinstance(error, LimitExceeded):
            raise
        return None


async def endpoints(runs: list[Key], context: Context) -> Answers[Endpoints]:
    """The names of each run's first and last step.

    As `_parameters` recorded them (client/core.py:Run), which resumed runs and old versions of Metaflow do not: then
    by the usual names where the run has such steps, else as its graph has them.
    """
    return await gathered(_endpoints_of(run, context) for run in runs)


async def _graph_of(run: Key, context: Context) -> FlowGraph | None:
    task = await context.derived(parameter_tasks).load(run)
    artifact = task and await context.loaders.artifacts.load(Key(run.provider, f"{task.pathspec}/_graph_info"))
    if not artifact:
        return None
    recorded = await context.loaders.courses.load(value_key(artifact))
    if not isinstance(recorded, dict):
        raise ArtifactUnreadable(f"{artifact.pathspec} is not a graph as Metaflow records it.")
    return _graph(run, cast("dict[str, Any]", recorded))


async def _endpoints_of(run: Key, context: Context) -> Endpoints:
    task = await context.derived(parameter_tasks).load(run)
    if task is None:
        return Endpoints("start", "end")
    metadata = await context.derived(metadata_of).load(key_of(task))
    start, end = metadata.latest("start_step"), metadata.latest("end_step")
    if start and end and is_component(start) and is_component(end):
        return Endpoints(start, end)
    steps, _ = readable(await context.loaders.steps_of.load(run))
    if {"start", "end"} <= {step.name for step in steps}:
        return Endpoints("start", "end")
    graph = await readable_graph(run, context)
    # Most runs have the usual names.
    return Endpoints(graph.start_step, graph.end_step) if graph else Endpoints("start", "end")


def _graph(run: Key, recorded: dict[str, Any]) -> FlowGraph:
    """The graph out of the JSON view of `_graph_info`: the user's code wrote it, so nothing of its form is certain."""
    nodes = [_node(run, name, _dict(node)) for name, node in _dict(recorded.get("steps")).items() if _name(name)]
    parents: dict[str, list[str]] = {}
    for node in nodes:
        for step in node.next:
            parents.setdefault(step, []).append(node.name)
    return FlowGraph(
        id=ids.of_object("FlowGraph", run.provider, run.pathspec),
        run=run,
        docstring=_text(recorded.get("doc")),
        file=_text(recorded.get("file")),
        start_step=_name(recorded.get("start_step")) or "start",
        end_step=_name(recorded.get("end_step")) or "end",
        nodes=nodes,
        by_name={node.name: node for node in nodes},
        parents_by_name=parents,
        parameters=[
            name for parameter in _list(recorded.get("parameters")) if (name := _name(_dict(parameter).get("name")))
        ],
    )


def _node(run: Key, name: str, recorded: dict[str, Any]) -> GraphNode:
    return GraphNode(
        run=run,
        name=name,
        type=_text(recorded.get("type")) or "unknown",
        next=list(dict.fromkeys(step for step in _list(recorded.get("next")) if _name(step))),
        docstring=_text(recorded.get("doc")),
        line=graphql_int(recorded.get("line")),
        source_file=_text(recorded.get("source_file")),
        decorators=[
            Decorator(run, str(decorator.get("name")), _dict(decorator.get("attributes")))
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


def _name(value: object) -> str | None:
    """The name of a step or parameter, where it can be one: a stranger's word that becomes part of a path."""
    return value if isinstance(value, str) and is_component(value) else None


async def doc(described: list[FlowGraph] | list[GraphNode], info: Info) -> Answers[str | None]:
    """Of graphs and of their nodes. Docstrings are source code."""
    refusals = await held(info.context, Right.CODE, [one.run for one in described])
    return [one.docstring and (refusal or one.docstring) for one, refusal in zip(described, refusals, strict=True)]


async def attributes(decorators: list[Decorator], info: Info) -> Answers[dict[str, Any] | Partial]:
    """Source code too: whoever may not read that sees no arguments, and is told why."""
    found = await held(info.context, Right.CODE, [decorator.run for decorator in decorators])
    return [
        Partial({}, [refusal]) if isinstance(refusal, Forbidden) else refusal or decorator.arguments
        for decorator, refusal in zip(decorators, found, strict=True)
    ]


async def step(nodes: list[GraphNode], info: Info) -> Answers[records.Step | None]:
    keys = [Key(node.run.provider, f"{node.run.pathspec}/{node.name}") for node in nodes]
    return await each(info.context.loaders.steps, keys)
