"""What whoever asks may read of the objects of a level; without access control, everything."""

from collections.abc import Sequence

from ..providers.base import Key
from ..providers.grants import Right
from ..providers.guarded.permissions import HiddenLines, Permissions, forbidden
from ..providers.pathspec import run_of
from .context import Context
from .entries import Answers, combined, each


async def held(context: Context, right: Right, keys: Sequence[Key]) -> Answers[None]:
    """None for each run, task or artifact of which he may read what the right is about; else the error."""
    if context.principal is None:
        return [None for _ in keys]

    def refusal(key: Key, granted: Permissions | None) -> None:
        error = granted.refusal(right, key.pathspec) if granted else forbidden(right, key.pathspec)
        if error is not None:
            raise error

    return combined(refusal, keys, await permissions(context, keys))


async def hold(context: Context, right: Right, key: Key) -> None:
    """Raises Forbidden where he may not read of the object what the right is about."""
    for entry in await held(context, right, [key]):
        if isinstance(entry, BaseException):
            raise entry


async def hidden_lines(context: Context, task: Key) -> HiddenLines | None:
    """Which lines of the task's logs he may not see; None where he may see all that he may see any of."""
    if context.principal is None:
        return None
    (granted,) = await permissions(context, [task])
    if isinstance(granted, BaseException):
        raise granted
    if granted is None:
        raise forbidden(Right.LOGS, task.pathspec)
    return granted.hidden_lines


async def permissions(context: Context, keys: Sequence[Key]) -> Answers[Permissions | None]:
    """What is granted of the run of each object."""
    return await each(context.loaders.permissions, [Key(key.provider, run_of(key.pathspec)) for key in keys])
