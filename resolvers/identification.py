"""Global object identification (Relay): what many ids name is read together; an absent object is None."""

from collections.abc import Awaitable, Callable, Sequence

from strawberry import ID

from ..providers import ids, records
from ..providers.base import FlowKey, Key
from ..providers.errors import BadUserInput, LimitExceeded
from ..providers.ids import Identity
from ..providers.pathspec import name, parent, shown
from . import inputs
from .cards import card_of
from .context import Context, Info
from .entries import Answers, each, gathered, in_groups, in_parts, mapped, raised
from .lookup import tasks_at
from .pages import MAX_SIZE

Found = Sequence[records.Record | BaseException | None]


async def node(info: Info, id: inputs.Id) -> records.Record | None:
    (found,) = await _identified([id], info.context)
    return raised(found)


async def nodes(info: Info, ids: inputs.Ids) -> Answers[records.Record | None]:
    if len(ids) > MAX_SIZE:
        raise LimitExceeded(f"{len(ids)} ids are too many: {MAX_SIZE} at most (pageSize in serverInfo.limits).")
    context = info.context
    return await in_parts(lambda part: _identified(part, context), ids, context.loaders.pace)


async def _identified(asked: list[ID], context: Context) -> Found:
    identities = mapped(asked, lambda id: _identity(id, context))
    known = [one for one in identities if not isinstance(one, BaseException)]
    found = iter(await in_groups(known, [one.type for one in known], lambda type_, of: _OF_TYPE[type_](context, of)))
    return [one if isinstance(one, BaseException) else next(found) for one in identities]


def _identity(id: ID, context: Context) -> Identity:
    identity = ids.parse(id)
    if identity.provider not in context.gateway.providers:
        raise BadUserInput(f"{shown(id)} is of a metadata provider that is not configured here.")
    return identity


def _key(identity: Identity) -> Key:
    return Key(identity.provider, identity.pathspec, identity.attempt)


async def _flows(context: Context, of: list[Identity]) -> Found:
    return await each(context.loaders.flows, [FlowKey(one.provider, one.pathspec, one.namespace) for one in of])


async def _runs(context: Context, of: list[Identity]) -> Found:
    return await each(context.loaders.runs, map(_key, of))


async def _steps(context: Context, of: list[Identity]) -> Found:
    return await each(context.loaders.steps, map(_key, of))


async def _tasks(context: Context, of: list[Identity]) -> Found:
    return await tasks_at(context, list(map(_key, of)))


async def _artifacts(context: Context, of: list[Identity]) -> Found:
    return await each(context.loaders.artifacts, map(_key, of))


async def _cards(context: Context, of: list[Identity]) -> Found:
    tasks = [Key(one.provider, parent(one.pathspec), one.attempt) for one in of]
    return await gathered(card_of(context, task, name(one.pathspec)) for task, one in zip(tasks, of, strict=True))


_OF_TYPE: dict[str, Callable[[Context, list[Identity]], Awaitable[Found]]] = {
    "Flow": _flows,
    "Run": _runs,
    "Step": _steps,
    "Task": _tasks,
    "DataArtifact": _artifacts,
    "Card": _cards,
}
