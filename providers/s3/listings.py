"""What the folders of a datastore hold, as one operation sees them: each is listed once.

The layout is Metaflow's: ROOT/Flow/run/step/task/<attempt>.<name>. What lies elsewhere is none of its objects.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from .. import pathspec as pathspecs
from ..errors import ArtifactUnreadable, ProviderError
from ..memory import Lately, Memory
from .connection import Listing
from .datastore import S3Datastore
from .locations import Location

# Where a flow has its blobs, and the root its included files.
_DATA = "data"
_NAME_SIZE = 100  # bytes of memory, about
_OF_ATTEMPT = re.compile(r"(?P<attempt>[0-5])\.(?P<name>[^/]+)")


class File(NamedTuple):
    """A file of an attempt; `modified_ms` since the epoch, `size` in bytes, `version` its ETag."""

    modified_ms: int
    size: int
    version: str


# The files of a task's attempts, oldest first: by attempt, then by name.
TaskFiles = Mapping[int, Mapping[str, File]]


class Listings:
    """Raises ProviderUnavailable where S3 does not answer, and ProviderError where it refuses.

    `lately` keeps the runs of flows for some seconds.
    """

    def __init__(self, datastore: S3Datastore, root: Location, lately: Lately) -> None:
        self._datastore = datastore
        self._root = root
        self._lately = lately
        self._memory = Memory()
        self._newest: dict[str, int] = {}

    async def flows(self) -> list[str]:
        """By name."""
        return sorted(name for name in await self._folders("") if _is_place(name))

    async def holds_flow(self, flow: str) -> bool:
        """Whether there is any run of it."""
        if not _is_place(flow):
            return False
        if self._memory.asked(("folders", "", "")):
            return flow in await self._folders("")
        names, _ = await self._memory.once(("page", flow), lambda: self._page(flow))
        return any(name != _DATA for name in names)

    async def runs(self, flow: str, begins: str = "") -> list[str]:
        """The ids of a flow's runs that begin so, in no order; none where there is no such flow."""
        if begins and not pathspecs.is_component(begins):
            return []
        known: list[str] | None = self._lately.get((flow, begins))
        if known is None:
            known = [name for name in await self._folders(flow, begins) if name != _DATA]
            self._lately.put((flow, begins), known, size=_NAME_SIZE * len(known))
        return known

    async def steps(self, run: str) -> list[str]:
        """The names of a run's steps, in no order; none where there is no such run."""
        return [name for name in await self._folders(run) if name.isidentifier()]

    async def tasks(self, step: str) -> list[str]:
        """The ids of a step's tasks, in no order; none where there is no such step."""
        return await self._folders(step)

    def knows_tasks(self, step: str) -> bool:
        """Whether its tasks need not be asked for any more."""
        return self._memory.asked(("folders", step, ""))

    async def files(self, task: str) -> TaskFiles:
        """What the attempts of a task left behind; nothing where there is no such task."""
        return await self._memory.once(("files", task), lambda: self._files(task))

    async def began(self, pathspec: str) -> int | None:
        """When the first objects in a run or step were written (ms since the epoch); None where there are none.

        By the first of its keys, which are the oldest but of a step of very many tasks.
        """
        return await self._memory.once(("began", pathspec), lambda: self._began(pathspec))

    def newest(self, run: str) -> int | None:
        """When any of its files that were listed so far was last written (ms since the epoch)."""
        return self._newest.get(run)

    async def _folders(self, pathspec: str, begins: str = "") -> list[str]:
        if pathspec and not _is_place(pathspec):
            return []
        return await self._memory.once(("folders", pathspec, begins), lambda: self._all_folders(pathspec, begins))

    async def _all_folders(self, pathspec: str, begins: str) -> list[str]:
        names, more = await self._page(pathspec, begins)
        while more is not None:
            further, more = await self._page(pathspec, begins, more)
            names += further
        return names

    async def _page(self, pathspec: str, begins: str = "", page: str | None = None) -> tuple[list[str], str | None]:
        """The names of a page of folders that can be names of objects, and where the next page begins."""
        found = await self._listing(pathspec, begins=begins, page=page)
        names = [folder.removesuffix("/").rpartition("/")[2] for folder in found.folders]
        return [name for name in names if pathspecs.is_component(name)], found.more

    async def _files(self, task: str) -> TaskFiles:
        if not _is_place(task):
            return {}
        found: dict[int, dict[str, File]] = {}
        listed = await self._listing(task)
        if listed.more is None:
            self._datastore.see(self._root.below(task), listed.objects)
        for one in listed.objects:
            match = _OF_ATTEMPT.fullmatch(one.key.rpartition("/")[2])
            if match:
                file = File(one.modified_ms, one.size, one.version)
                found.setdefault(int(match["attempt"]), {})[match["name"]] = file
        newest = max((file.modified_ms for files in found.values() for file in files.values()), default=0)
        run = pathspecs.run_of(task)
        self._newest[run] = max(newest, self._newest.get(run, 0))
        return dict(sorted(found.items()))

    async def _began(self, pathspec: str) -> int | None:
        if not _is_place(pathspec):
            return None
        listed = await self._listing(pathspec, flat=True)
        below = [one.modified_ms for one in listed.objects if not one.key.endswith("/")]
        return min(below, default=None)

    async def _listing(
        self, pathspec: str, *, begins: str = "", page: str | None = None, flat: bool = False
    ) -> Listing:
        below = self._root.below(pathspec) if pathspec else self._root
        try:
            return await self._datastore.client.listing(below, begins=begins, page=page, flat=flat)
        except ArtifactUnreadable as error:
            raise ProviderError(f"The datastore can't be listed. {error}") from error


def _is_place(pathspec: str) -> bool:
    """Whether an object of Metaflow's can lie there: flows and steps are named like classes and methods."""
    flow, run, step = [*pathspec.split("/")[:3], "any", "any"][:3]
    return flow.isidentifier() and flow != _DATA and run != _DATA and step.isidentifier()
