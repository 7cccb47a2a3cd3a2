"""The metadata provider: its batches, each read in a thread."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from .. import records
from ..base import Activity, Datastore, FlowKey, Key, MetadataProvider, RunPage, RunPageKey, RunsKey
from ..cache import ByteCache
from ..datastores import Datastores
from ..errors import GatewayError, NotFound, ReadOnlyProvider
from . import activity, artifacts, attempts, hierarchy, metadata, pages, runs, tags
from .datastore import LocalDatastore
from .threads import Threads
from .tree import Tree

K = TypeVar("K")
R = TypeVar("R")

_CACHE_BYTES = 256 * 2**20


class LocalProvider:
    """Reads `root/.metaflow`; without a root there are no flows. A tree that can't be written is read-only.

    `s3`: where data are read that its records say are in S3.
    """

    type = "local"

    def __init__(
        self,
        name: str,
        root: Path | None,
        *,
        datatools_root: Path | None = None,
        card_roots: Sequence[Path] = (),
        read_only: bool = False,
        cache_bytes: int = _CACHE_BYTES,
        s3: Datastore | None = None,
    ) -> None:
        self.name = name
        self.info = None if root is None else str(root)
        cache = ByteCache(cache_bytes)
        self._tree = Tree(root, name, cache)
        self._threads = Threads(f"local-{name}")
        # Mutations wait for each other and for Metaflow: readers must not wait with them.
        self._writers = Threads(f"local-{name}-tags", at_once=2)
        # What is not there yet will be made by whoever runs the first flow.
        base = self._tree.base
        self._can_mutate_tags = not read_only and (os.access(base, os.W_OK) or not os.path.exists(base))
        own = LocalDatastore(root, datatools_root, cache, self._threads, card_roots)
        self.datastore: Datastore = own if s3 is None else Datastores(own, s3)

    def for_operation(self, *, of_records: bool = False) -> MetadataProvider:
        return self

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
        return await self._each("steps_of", hierarchy.steps_of, runs)

    async def tasks(self, keys: list[Key]) -> list[records.Task | GatewayError | None]:
        return await self._each("tasks", hierarchy.task, keys)

    async def tasks_of(self, steps: list[Key]) -> list[list[records.Task | GatewayError] | GatewayError]:
        return await self._each("tasks_of", hierarchy.tasks_of, steps)

    async def created_at(self, keys: list[Key]) -> list[int | GatewayError | None]:
        return await self._each("created_at", hierarchy.created_at, keys)

    async def metadata_of(self, tasks: list[Key]) -> list[list[records.Metadata | GatewayError] | GatewayError]:
        return await self._each("metadata_of", metadata.metadata_of, tasks)

    async def attempts_of(self, tasks: list[Key]) -> list[list[records.Attempt] | GatewayError]:
        return await self._each("attempts_of", attempts.attempts_of, tasks)

    async def artifacts(self, keys: list[Key]) -> list[records.DataArtifact | GatewayError | None]:
        return await self._each("artifacts", artifacts.artifact, keys)

    async def artifacts_of(self, tasks: list[Key]) -> list[list[records.DataArtifact | GatewayError] | GatewayError]:
        return await self._each("artifacts_of", artifacts.artifacts_of, tasks)

    async def artifact_names_of(self, tasks: list[Key]) -> list[list[str] | GatewayError]:
        return await self._each("artifact_names_of", artifacts.artifact_names_of, tasks)

    async def last_activity(self, runs: list[Key]) -> list[Activity | GatewayError | None]:
        return await self._each("last_activity", activity.last_activity, runs)

    async def can_mutate_tags(self) -> bool:
        return self._can_mutate_tags

    async def mutate_tags(self, run: Key, add: frozenset[str], remove: frozenset[str]) -> records.Run:
        if not self._can_mutate_tags:
            raise ReadOnlyProvider(f"The metadata provider {self.name} does not change tags.")
        (changed,) = await self._writers.each("mutate_tags", partial(self._mutated, add=add, remove=remove), [run])
        if isinstance(changed, GatewayError):
            raise changed
        return changed

    async def close(self) -> None:
        await self.datastore.close()  # and with it of the threads that both use
        self._writers.close()

    def _mutated(self, run: Key, add: frozenset[str], remove: frozenset[str]) -> records.Run:
        tags.mutate(self._tree, run.pathspec, add, remove)
        changed = runs.run(self._tree, run)
        if changed is None:
            raise NotFound(f"There is no run {run.pathspec}.")
        return changed

    async def _each(self, method: str, read: Callable[[Tree, K], R], keys: Sequence[K]) -> list[R | GatewayError]:
        return await self._threads.each(method, partial(read, self._tree), keys)
