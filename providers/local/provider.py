"""The metadata provider over a local `.metaflow` folder."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .. import records
from ..base import Datastore, Key
from ..cache import ByteCache
from ..datastores import Datastores
from ..errors import GatewayError, NotFound, ReadOnlyProvider
from . import runs, tags
from .datastore import LocalDatastore
from .operation import LocalOperation
from .root import DATASTORE
from .threads import Threads
from .tree import Look, Tree

_CACHE_BYTES = 256 * 2**20


class LocalProvider(LocalOperation):
    """Reads `root/.metaflow`; without a root there are no flows. A tree that can't be written is read-only.

    What one operation has looked at, `for_operation` remembers; this looks anew, but at what was left alone for long.
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
        self._root = root
        cache = ByteCache(cache_bytes)
        tree, threads = Tree(root, name, cache), Threads(f"local-{name}")
        own = LocalDatastore(root, datatools_root, cache, threads, card_roots)
        super().__init__(tree, own if s3 is None else Datastores(own, s3), threads)
        # Mutations wait for each other and for Metaflow: readers must not wait with them.
        self._writers = Threads(f"local-{name}-tags", at_once=2)
        # What is not there yet will be made by whoever runs the first flow.
        base = tree.base
        self._can_mutate_tags = not read_only and (os.access(base, os.W_OK) or not os.path.exists(base))

    def for_operation(self, *, of_records: bool = False) -> LocalOperation:
        return LocalOperation(Look(self._tree), self.datastore, self._threads)

    async def check(self) -> None:
        """The folder that was named is there, and what is in `.metaflow` can be listed, once there is one."""
        roots = [] if self._root is None else [self._root]
        for found in await self._threads.each("check", _list, roots):
            if found is not None:
                raise found

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


def _list(root: Path) -> None:
    base = root / DATASTORE
    os.scandir(base if os.path.lexists(base) else root).close()
