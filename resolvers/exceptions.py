"""What ended a task, or what @catch caught: an artifact of Metaflow's (exception.py:MetaflowExceptionWrapper)."""

import asyncio
from typing import Any, cast

import msgspec

from ..providers import records
from ..providers.artifacts import JSON
from .context import Context
from .entries import Answers, gathered, raised
from .values import named_values


class TaskException(msgspec.Struct, frozen=True, gc=False):
    type: str
    message: str
    stacktrace: str | None
    caught: bool


async def exceptions_of(tasks: list[records.Task], context: Context) -> Answers[TaskException | None]:
    """The exception of each task; None where there was none."""
    return await gathered(_exception(task, context) for task in tasks)


async def _exception(task: records.Task, context: Context) -> TaskException | None:
    names = ("_exception", "_task_ok", "_success")
    found = await asyncio.gather(*(named_values([task], name, context) for name in names))
    exception, task_ok, success = (value for (value,) in found)
    if raised(exception) is not None:
        return _of_wrapper(exception, caught=False)
    # `_catch_exception` is handed down to the steps that follow: only here is it this task's own.
    if task_ok is True and success is False:
        caught = raised((await named_values([task], "_catch_exception", context))[0])
        return None if caught is None else _of_wrapper(caught, caught=True)
    return None


def _of_wrapper(view: JSON, *, caught: bool) -> TaskException:
    """Out of the JSON view of the wrapper; of another object, what the view says of its class."""
    wrapper = cast("dict[str, Any]", view) if isinstance(view, dict) else {}
    stacktrace = wrapper.get("stacktrace")
    return TaskException(
        type=str(wrapper.get("type") or wrapper.get("__class__") or "unknown"),
        message=str(wrapper.get("exception") or ""),
        stacktrace=stacktrace if isinstance(stacktrace, str) else None,
        caught=caught,
    )
