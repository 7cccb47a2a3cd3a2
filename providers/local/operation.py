"""The batches of one operation: what is not known is read in a thread. Methods as of base.py:MetadataProvider."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar, cast

from .. import records, usage
from ..base import Activity, Datastore, FlowKey, Key, RunPage, RunPageKey, RunsKey
from ..errors import GatewayError
from . import activity, artifacts, attempts, hierarchy, metadata, pages, runs
from .threads import Threads
from .tree import Known, Tree

K = TypeVar("K")
R = TypeVar("R")

_AT_ONCE = 512  # keys that are looked for in memory in one turn of the loop


class LocalOperation:
    """A tree as one operation sees it."""

    def __init__(self, tree: Tree, datastore: Datastore, threads: Threads) -> None:
        self.datastore = datastore
        self._tree = tree
        self._threads = threads

    async def flows(self, keys: list[FlowKey]) -> list[records.Flow | GatewayError | None]:
        return await self._each("flows", hierarchy.flow, keys)

    async def flows_in(self, keys: list[FlowKey]) -> list[list[records.Flow | GatewayError] | GatewayError]:
        return await self._each("flows_in", hierarchy.flows_in, keys)

    async def run_pages(self, keys: list[RunPageKey]) -> list[RunPage | GatewayError]:
        return await self._each("run_pages", pages.page, keys)

    async def run_counts(self, keys: list[RunsKey]) -> list[int | GatewayError | None]:
        return [*await self._each("run_counts", pages.count, keys)]

    async def runs(self, keys: list[Key]) -> list[records.Run | GatewayError | None]:
        return await self._each("runs", runs.run, keys)

    async def steps(self, keys: list[Key]) -> list[records.Step | GatewayError | None]:
        return await self._each("steps", hierarchy.step, keys)

    async def steps_of(self, runs: list[Key]) -> list[list[records.Step | GatewayError] | GatewayError]:
        return await self._each("steps_of", hierarchy.steps_of, runs, hierarchy.known_below)

    async def tasks(self, keys: list[Key]) -> list[records.Task | GatewayError | None]:
        return await self._each("tasks", hierarchy.task, keys)

    async def tasks_of(self, steps: list[Key]) -> list[list[records.Task | GatewayError] | GatewayError]:
        return await self._each("tasks_of", hierarchy.tasks_of, steps, hierarchy.known_below)

    async def created_at(self, keys: list[Key]) -> list[int | GatewayError | None]:
        return await self._each("created_at", hierarchy.created_at, keys)

    async def metadata_of(self, tasks: list[Key]) -> list[list[records.Metadata | GatewayError] | GatewayError]:
        return await self._each("metadata_of", metadata.metadata_of, tasks, metadata.known_metadata_of)

    async def attempts_of(self, tasks: list[Key]) -> list[list[records.Attempt] | GatewayError]:
        return await self._each("attempts_of", attempts.attempts_of, tasks)

    async def artifacts(self, keys: list[Key]) -> list[records.DataArtifact | GatewayError | None]:
        return await self._each("artifacts", artifacts.artifact, keys)

    async def artifacts_of(self, tasks: list[Key]) -> list[list[records.DataArtifact | GatewayError] | GatewayError]:
        return await self._each("artifacts_of", artifacts.artifacts_of, tasks, artifacts.known_artifacts_of)

    async def artifact_names_of(self, tasks: list[Key]) -> list[list[str] | GatewayError]:
        return await self._each(
            "artifact_names_of", artifacts.artifact_names_of, tasks, artifacts.known_artifact_names_of
        )

    async def last_activity(self, runs: list[Key]) -> list[Activity | GatewayError | None]:
        return await self._each("last_activity", activity.last_activity, runs)

    async def _each(
        self,
        method: str,
        read: Callable[[Tree, K], R],
        keys: Sequence[K],
        known: Callable[[Known, Sequence[K]], list[R | None]] | None = None,
    ) -> list[R | GatewayError]:
        """What a thread reads for each key, but for those that are `known` without it."""
        if known is None:
            return await self._threads.each(method, partial(read, self._tree), keys)
        found: list[R | GatewayError | None] = []
        for start in range(0, len(keys), _AT_ONCE):
            if start:
                await asyncio.sleep(0)
            found += known(self._tree.known, keys[start : start + _AT_ONCE])
        unknown = [key for key, entry in zip(keys, found, strict=True) if entry is None]
        if not unknown:
            usage.current.get().calls[method] += bool(keys)
            return cast("list[R | GatewayError]", found)
        still = partial(known, self._tree.known_still)
        others = iter(await self._threads.each(method, partial(read, self._tree), unknown, still))
        return [next(others) if entry is None else entry for entry in found]
