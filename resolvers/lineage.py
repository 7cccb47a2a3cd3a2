"""What comes before and after a step or a task, by the run's graph (client/core.py:Task.parent_tasks).

As in Metaflow's client, tasks are matched by their `foreach-execution-path`; a join behind a switch in a foreach
and the steps of a loop are matched as imprecisely as there.
"""

import re

from ..providers import records
from ..providers.base import Key
from ..providers.pathspec import name, parent, run_of
from .context import Context
from .events import latest_of
from .graphs import FlowGraph, GraphNode, graphs
from .loaders import each
from .pages import readable

PATH = "foreach-execution-path"

_FANS_OUT = ("split-foreach", "split-parallel")


async def parent_tasks(task: Key, context: Context) -> list[records.Task]:
    """The tasks that led to this one."""
    graph, step, path = await _place(task, context)
    node = graph and graph.node(step)
    if not graph or not node:
        return []
    parents = [found for parent in graph.parents(step) if (found := graph.node(parent))]
    return await _matching(task, [node.name for node in parents], _path_of_parents(node, parents, path), context)


async def child_tasks(task: Key, context: Context) -> list[records.Task]:
    """The tasks that this one led to."""
    graph, step, path = await _place(task, context)
    node = graph and graph.node(step)
    if not graph or not node:
        return []
    children = [found for child in node.next if (found := graph.node(child))]
    return await _matching(task, node.next, _path_of_children(graph, node, children, path), context)


async def _place(task: Key, context: Context) -> tuple[FlowGraph | None, str, str | None]:
    """The graph of the task's run, its step, and its path through the foreach steps around it."""
    graph = await context.derived(graphs).load(Key(task.provider, run_of(task.pathspec)))
    latest = await context.derived(latest_of).load(task)
    return graph, name(parent(task.pathspec)), latest.get(PATH)


def _path_of_parents(node: GraphNode, parents: list[GraphNode], path: str | None) -> re.Pattern[str] | None:
    """What the paths of the parents look like; None for any, also those without one."""
    if len(parents) != 1:
        return _exactly(path)
    if path is None:
        return None
    if node.type == "join":
        return _below(path)
    return _above(path) if parents[0].type in _FANS_OUT else _exactly(path)


def _path_of_children(
    graph: FlowGraph, node: GraphNode, children: list[GraphNode], path: str | None
) -> re.Pattern[str] | None:
    if len(children) != 1:
        return _exactly(path)
    if path is None:
        return None
    if node.type in _FANS_OUT:
        return _below(path)
    joined = children[0].type == "join" and len(graph.parents(children[0].name)) == 1
    return _above(path) if joined else _exactly(path)


def _exactly(path: str | None) -> re.Pattern[str] | None:
    return None if path is None else re.compile(re.escape(path))


def _below(path: str) -> re.Pattern[str]:
    return re.compile(re.escape(path) + r",.*", re.DOTALL)


def _above(path: str) -> re.Pattern[str] | None:
    outer, inner, _ = path.rpartition(",")
    return re.compile(re.escape(outer)) if inner else None


async def _matching(
    task: Key, steps: list[str], pattern: re.Pattern[str] | None, context: Context
) -> list[records.Task]:
    """The tasks of these steps whose path matches, a step after the other."""
    run = run_of(task.pathspec)
    found = await each(context.loaders.tasks_of, [Key(task.provider, f"{run}/{step}") for step in steps])
    tasks: list[records.Task] = []
    for of_step in found:
        if isinstance(of_step, BaseException):
            raise of_step
        tasks += readable(of_step)[0]
    if pattern is None:
        return tasks
    latest = await each(context.derived(latest_of), [Key(task.provider, task.pathspec) for task in tasks])
    return [
        task
        for task, events in zip(tasks, latest, strict=True)
        if isinstance(events, dict) and pattern.fullmatch(events.get(PATH) or "")
    ]
