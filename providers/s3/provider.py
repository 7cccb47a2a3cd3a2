"""The metadata provider over a datastore in S3 alone: what its folders and files tell, and nothing else.

Tags, users, origins of resumed runs, triggers and heartbeats only metadata know: here they are empty or None, and no
run is in any namespace. Times are those at which S3 was given the files.
"""

from collections import Counter

from .. import records
from ..artifacts import Artifacts
from ..base import Activity, Datastore, FlowKey, Key, RunPage, RunPageKey, RunsKey
from ..batches import each
from ..cache import ByteCache
from ..checks import ask_for_no_run
from ..errors import GatewayError, ReadOnlyProvider
from ..memory import Lately
from ..pathspec import parent
from .artifacts import Contents
from .datastore import S3Datastore
from .hierarchy import Hierarchy
from .listings import Listings
from .locations import configured
from .runs import Runs

_VALUES_BYTES = 4 * 2**20
_LISTS_SECONDS, _MOST_LISTS = 5.0, 100


class S3Provider:
    """The datastore at `url` (`s3://bucket/prefix`), read by way of `s3`; `datastore` of all that its tasks name."""

    type = "s3"

    def __init__(self, name: str, url: str, s3: S3Datastore, datastore: Datastore | None = None) -> None:
        self.name = name
        self.info = url.rstrip("/")
        self.datastore: Datastore = datastore or s3
        self._root = configured(url)
        self._s3 = s3
        # Of tasks' places in foreach steps, which are small.
        self._values = Artifacts(ByteCache(_VALUES_BYTES))
        self._lists = Lately(_LISTS_SECONDS, _MOST_LISTS)

    def for_operation(self, *, of_records: bool = False) -> "S3Operation":
        listings = Listings(self._s3, self._root, self._lists)
        contents = Contents(self.name, self._root, listings, self._s3, self._values.reader(self.datastore))
        return S3Operation(self.datastore, listings, Runs(self.name, listings), contents)

    async def check(self) -> None:
        await ask_for_no_run(self)

    async def can_mutate_tags(self) -> bool:
        return False

    async def mutate_tags(self, run: Key, add: frozenset[str], remove: frozenset[str]) -> records.Run:
        raise ReadOnlyProvider(f"The metadata provider {self.name} does not change tags.")

    async def close(self) -> None:
        await self.datastore.close()


class S3Operation:
    """A datastore as one operation sees it: nothing is asked twice. Methods as of base.py:MetadataProvider."""

    def __init__(self, datastore: Datastore, listings: Listings, runs: Runs, contents: Contents) -> None:
        self.datastore = datastore
        self._listings = listings
        self._runs = runs
        self._hierarchy = Hierarchy(runs.provider, listings, runs)
        self._contents = contents

    async def flows(self, keys: list[FlowKey]) -> list[records.Flow | GatewayError | None]:
        return await each("flows", self._hierarchy.flow, keys)

    async def flows_in(self, keys: list[FlowKey]) -> list[list[records.Flow | GatewayError] | GatewayError]:
        return await each("flows_in", self._hierarchy.flows_in, keys)

    async def run_pages(self, keys: list[RunPageKey]) -> list[RunPage | GatewayError]:
        return await each("run_pages", self._runs.page, keys)

    async def run_counts(self, keys: list[RunsKey]) -> list[int | GatewayError | None]:
        return await each("run_counts", self._runs.count, keys)

    async def runs(self, keys: list[Key]) -> list[records.Run | GatewayError | None]:
        return await each("runs", self._runs.run, keys)

    async def steps(self, keys: list[Key]) -> list[records.Step | GatewayError | None]:
        return await each("steps", self._hierarchy.step, keys)

    async def steps_of(self, runs: list[Key]) -> list[list[records.Step | GatewayError] | GatewayError]:
        return await each("steps_of", self._hierarchy.steps_of, runs)

    async def tasks(self, keys: list[Key]) -> list[records.Task | GatewayError | None]:
        wanted = Counter(parent(key.pathspec) for key in keys)
        return await each("tasks", lambda key: self._hierarchy.task(key, wanted=wanted[parent(key.pathspec)]), keys)

    async def tasks_of(self, steps: list[Key]) -> list[list[records.Task | GatewayError] | GatewayError]:
        return await each("tasks_of", self._hierarchy.tasks_of, steps)

    async def created_at(self, keys: list[Key]) -> list[int | GatewayError | None]:
        return await each("created_at", self._hierarchy.created_at, keys)

    async def metadata_of(self, tasks: list[Key]) -> list[list[records.Metadata | GatewayError] | GatewayError]:
        return await each("metadata_of", self._contents.metadata_of, tasks)

    async def attempts_of(self, tasks: list[Key]) -> list[list[records.Attempt] | GatewayError]:
        return await each("attempts_of", self._contents.attempts_of, tasks)

    async def artifacts(self, keys: list[Key]) -> list[records.DataArtifact | GatewayError | None]:
        return await each("artifacts", self._contents.artifact, keys)

    async def artifacts_of(self, tasks: list[Key]) -> list[list[records.DataArtifact | GatewayError] | GatewayError]:
        return await each("artifacts_of", self._contents.artifacts_of, tasks)

    async def artifact_names_of(self, tasks: list[Key]) -> list[list[str] | GatewayError]:
        return await each("artifact_names_of", self._contents.names_of, tasks)

    async def last_activity(self, runs: list[Key]) -> list[Activity | GatewayError | None]:
        return await each("last_activity", self._activity, runs)

    async def _activity(self, run: Key) -> Activity | None:
        """The newest file that the operation has seen of the run: whoever judges by it has looked at its tasks."""
        found = await self._runs.run(run)
        return found and Activity(max(found.ts_epoch, self._listings.newest(run.pathspec) or 0))
