"""A task's place in the foreach steps around it: the artifact `_foreach_stack`, a list of namedtuples."""

from typing import Any, cast

import msgspec

from ..providers import records
from ..providers.artifacts import JSON
from ..providers.base import Key, key_as_seen
from ..providers.grants import Right
from ..providers.pathspec import is_component
from .context import Info
from .entries import Answers, combined
from .rights import held
from .values import courses_named, graphql_int

_STACK = "_foreach_stack"


class ForeachFrame(msgspec.Struct, frozen=True, gc=False):
    """`item`: the value that it is about, of the artifact `variable` of its task's flow."""

    task: Key
    step: str
    variable: str | None
    index: int | None
    num_splits: int | None
    item: str | None


async def foreach_stack(tasks: list[records.Task], info: Info) -> Answers[list[ForeachFrame] | None]:
    return combined(_frames, tasks, await courses_named(tasks, _STACK, info.context))


async def value(frames: list[ForeachFrame], info: Info) -> Answers[str | None]:
    """Held as the value of the artifact that the foreach runs over."""
    if info.context.principal is None:
        return [frame.item for frame in frames]
    keys = [frame.task._replace(pathspec=f"{frame.task.pathspec}/{_artifact(frame)}") for frame in frames]
    refusals = await held(info.context, Right.VALUES, keys)
    return [frame.item and (refusal or frame.item) for frame, refusal in zip(frames, refusals, strict=True)]


def _artifact(frame: ForeachFrame) -> str:
    """The name of what it runs over; of what none has, that of the stack, which is hidden as soon as anything is."""
    return frame.variable if frame.variable and is_component(frame.variable) else _STACK


def _frames(task: records.Task, stack: JSON) -> list[ForeachFrame] | None:
    """Outermost first; None where nothing is recorded yet. Before 2024 the frames had no value."""
    if not isinstance(stack, list):
        return None
    return [
        _frame(task, cast("dict[str, Any]", view).get("args"))
        for view in cast("list[Any]", stack)
        if isinstance(view, dict)
    ]


def _frame(task: records.Task, args: object) -> ForeachFrame:
    recorded: list[object] = cast("list[object]", args) if isinstance(args, list) else []
    step, variable, num_splits, index, item = [*recorded, *[None] * 5][:5]
    return ForeachFrame(
        task=key_as_seen(task),
        step=str(step or ""),
        variable=variable if isinstance(variable, str) else None,
        index=graphql_int(index),
        num_splits=graphql_int(num_splits),
        item=item if isinstance(item, str) else None,
    )
