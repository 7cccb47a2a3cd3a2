"""Values and code packages, held to the rights to them: in front of what reads them, and of what that remembers."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..artifacts import JSON, ValueKey
from ..base import Key, MetadataProvider
from ..code_packages import Contents, PackageKey
from ..errors import Forbidden, GatewayError
from ..grants import Right
from ..pathspec import name, run_of
from .operation import GuardedOperation
from .permissions import Permissions, forbidden

K = TypeVar("K")
V = TypeVar("V")
Read = Callable[[list[K]], Coroutine[Any, Any, list[V | GatewayError]]]

# What Metaflow keeps in artifacts of the course of a run: who may see the run may know of that, though not all of it as
# a value. resolvers/ make of it how steps follow each other, and which place a task has among those of a foreach.
COURSES = frozenset({"_graph_info", "_foreach_stack"})


def values_of(provider: MetadataProvider, read: Read[ValueKey, JSON]) -> Read[ValueKey, JSON]:
    """What is read of the values that may be shown; of others, Forbidden."""
    return _held(
        provider,
        read,
        lambda key: run_of(key.pathspec),
        lambda key, granted: granted.refusal(Right.VALUES, key.pathspec),
    )


def courses_of(provider: MetadataProvider, read: Read[ValueKey, JSON]) -> Read[ValueKey, JSON]:
    """What is read of COURSES, for whoever may see their runs; of others, Forbidden."""

    def refusal(key: ValueKey, granted: Permissions) -> Forbidden | None:
        return None if name(key.pathspec) in COURSES else granted.refusal(Right.VALUES, key.pathspec)

    return _held(provider, read, lambda key: run_of(key.pathspec), refusal)


def packages_of(provider: MetadataProvider, read: Read[PackageKey, Contents]) -> Read[PackageKey, Contents]:
    """What is read of the packages of runs whose code may be read; of others, Forbidden."""
    return _held(provider, read, lambda key: key.run, lambda key, granted: granted.refusal(Right.CODE, key.run))


async def permissions_of(provider: MetadataProvider, runs: list[Key]) -> list[Permissions | GatewayError | None]:
    """What is granted of each run; None where it may not be seen."""
    if not isinstance(provider, GuardedOperation):
        return [None for _ in runs]
    return [*await provider.sight.of(run.pathspec for run in runs)]


def _held(
    provider: MetadataProvider,
    read: Read[K, V],
    run: Callable[[K], str],
    refusal: Callable[[K, Permissions], Forbidden | None],
) -> Read[K, V]:
    if not isinstance(provider, GuardedOperation):
        return read

    async def held(keys: list[K]) -> list[V | GatewayError]:
        granted = await provider.sight.of(map(run, keys))
        refusals = [
            refusal(key, of_run) if isinstance(of_run, Permissions) else of_run or forbidden(Right.VALUES, run(key))
            for key, of_run in zip(keys, granted, strict=True)
        ]
        asked = [key for key, error in zip(keys, refusals, strict=True) if error is None]
        found = iter(await read(asked) if asked else ())
        return [next(found) if error is None else error for error in refusals]

    return held
