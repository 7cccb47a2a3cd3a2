"""What comes before and after a task, by the run's graph (client/core.py:Task.parent_tasks).

As in Metaflow's client, tasks are matched by their `foreach-execution-path`; a join behind a switch in a foreach
and the steps of a loop are matched as imprecisely as there.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..providers import records
from ..providers.base import Key, key_of
from ..providers.errors import GatewayError
from ..providers.pathspec import name, parent, run_of
from .context import Context
from .entries import Answers, each, existing, gathered, mapped, raised, readable
from .graphs import FlowGraph, GraphNode, graphs
from .metadata import metadata_of

PATH = "foreach-execution-path"

_FANS_OUT = ("split-foreach", "split-parallel")

Tasks = list[records.Task]


class StepTasks(NamedTuple):
    """The tasks of a step: all, those at each path, those below each path, and the errors of those without a place."""

    every: Tasks
    at: dict[str | None, Tasks]
    below: dict[str, Tasks]
    errors: list[GatewayError]


Place = Callable[[StepTasks], Tasks]


async def parent_tasks(task: Key, context: Context) -> list[records.Task | GatewayError]:
    """The tasks that led to this one, a step after the other."""
    graph, step, path = await _place(task, context)
    node = graph and graph.node(step)
    if not graph or not node:
        return []
    parents = [found for parent in graph.parents(step) if (found := graph.node(parent))]
    return await _found(task, [node.name for node in parents], _place_of_parents(node, parents, path), context)


async def child_tasks(task: Key, context: Context) -> list[records.Task | GatewayError]:
    """The tasks that this one led to, a step after the other."""
    graph, step, path = await _place(task, context)
    node = graph and graph.node(step)
    if not graph or not node:
        return []
    children = [found for child in node.next if (found := graph.node(child))]
    return await _found(task, node.next, _place_of_children(graph, node, children, path), context)


async def _place(task: Key, context: Context) -> tuple[FlowGraph | None, str, str | None]:
    """The graph of the task's run, its step, and its path through the foreach steps around it."""
    graph = await context.derived(graphs).load(Key(task.provider, run_of(task.pathspec)))
    metadata = await context.derived(metadata_of).load(task)
    return graph, name(parent(task.pathspec)), metadata.latest(PATH)


def _place_of_parents(node: GraphNode, parents: list[GraphNode], path: str | None) -> Place:
    if path is None:
        return _anywhere
    if len(parents) != 1:
        return _at(path)
    if node.type == "join":
        return _below(path)
    return _above(path) if parents[0].type in _FANS_OUT else _at(path)


def _place_of_children(graph: FlowGraph, node: GraphNode, children: list[GraphNode], path: str | None) -> Place:
    if path is None:
        return _anywhere
    if len(children) != 1:
        return _at(path)
    if node.type in _FANS_OUT:
        return _below(path)
    joined = children[0].type == "join" and len(graph.parents(children[0].name)) == 1
    return _above(path) if joined else _at(path)


def _anywhere(tasks: StepTasks) -> Tasks:
    return tasks.every


def _at(path: str) -> Place:
    return lambda tasks: tasks.at.get(path, [])


def _below(path: str) -> Place:
    return lambda tasks: tasks.below.get(path, [])


def _above(path: str) -> Place:
    outer = path.rpartition(",")[0]
    return _at(outer) if outer else _anywhere


async def _found(task: Key, steps: list[str], place: Place, context: Context) -> list[records.Task | GatewayError]:
    """The tasks of these steps that are at the place; errors of those of which that can't be told."""
    run = run_of(task.pathspec)
    found = await each(context.derived(_step_tasks), [Key(task.provider, f"{run}/{step}") for step in steps])
    of_steps = [raised(tasks) for tasks in found]
    return [entry for tasks in of_steps for entry in (*place(tasks), *tasks.errors)]


async def _step_tasks(steps: list[Key], context: Context) -> Answers[StepTasks]:
    """The tasks of each step by their paths: made once, however many tasks look for their parents there."""
    return await gathered(_tasks_by_path(step, context) for step in steps)


async def _tasks_by_path(step: Key, context: Context) -> StepTasks:
    tasks, errors = readable(await context.loaders.tasks_of.load(step))
    found = StepTasks(tasks, {}, {}, errors)
    metadata = await each(context.derived(metadata_of), map(key_of, tasks))
    paths = mapped(metadata, lambda of_task: of_task.latest(PATH))
    errors += readable(existing(paths))[1]
    for task, path in zip(tasks, paths, strict=True):
        if isinstance(path, BaseException):
            continue
        found.at.setdefault(path, []).append(task)
        outer = (path or "").rpartition(",")[0]
        while outer:
            found.below.setdefault(outer, []).append(task)
            outer = outer.rpartition(",")[0]
    return found
