"""What the files of a task's attempts hold: artifacts, code packages, and how a process ended."""

import asyncio

from .. import attempts as courses
from .. import hierarchy, records
from .. import pathspec as pathspecs
from ..artifacts import ArtifactReader
from ..base import Key
from ..errors import CorruptMetadata, GatewayError
from ..forms import Malformed
from ..memory import Memory
from . import attempts
from .attempts import BEGUN, DATA, EXIT
from .client import TooLong
from .data_files import DataFile
from .datastore import S3Datastore
from .foreach_paths import PATH, STACK, path_in
from .listings import File, Listings
from .locations import SCHEME, Location
from .runs import PARAMETERS

_LARGEST = 65_536  # of files that have some hundred bytes


class Contents:
    """One operation's view of what a task stored."""

    def __init__(
        self, provider: str, root: Location, listings: Listings, datastore: S3Datastore, values: ArtifactReader
    ) -> None:
        self._provider = provider
        self._root = root
        self._root_url = f"{SCHEME}{root.bucket}/{root.key}".rstrip("/")
        self._listings = listings
        self._datastore = datastore
        self._values = values
        self._memory = Memory()

    async def attempts_of(self, task: Key) -> list[records.Attempt]:
        """The attempts that started, oldest first; none of `_parameters`. Raises CorruptMetadata."""
        if _is_of_parameters(task):
            return []
        files = await self._listings.files(task.pathspec)
        numbers = list(attempts.with_exit(files))
        found = await asyncio.gather(*(self._exit(task.pathspec, one, files[one][EXIT]) for one in numbers))
        return attempts.attempts_of(files, self._root_url, dict(zip(numbers, found, strict=True)))

    async def metadata_of(self, task: Key) -> list[records.Metadata | GatewayError]:
        """As far as the files of a task tell exactly what Metaflow recorded; of `_parameters` nothing."""
        if _is_of_parameters(task):
            return []
        files = await self._listings.files(task.pathspec)
        numbers = list(attempts.with_code(files))
        found = await asyncio.gather(*(self._code(task.pathspec, one, files[one][BEGUN]) for one in numbers))
        codes = {attempt: code for attempt, code in zip(numbers, found, strict=True) if code}
        try:
            stack = await self.artifact(Key(task.provider, f"{task.pathspec}/{STACK}"))
            path = stack and await path_in(stack, self._values)
        except CorruptMetadata as error:
            return [*attempts.events_of(files, self._root_url, codes), CorruptMetadata(str(error), PATH)]
        return [*attempts.events_of(files, self._root_url, codes, path)]

    async def artifact(self, key: Key) -> records.DataArtifact | None:
        """The artifact of the attempt asked for, else of the latest that is done; raises CorruptMetadata."""
        task = Key(key.provider, pathspecs.parent(key.pathspec), key.attempt)
        made = await self._artifacts(task, [pathspecs.name(key.pathspec)])
        return next(iter(made), None)

    async def artifacts_of(self, task: Key) -> list[records.DataArtifact | GatewayError]:
        """The artifacts of that attempt but those that start with `_`, by name."""
        return [*await self._artifacts(task, [name for name in await self.names_of(task) if not name.startswith("_")])]

    async def names_of(self, task: Key) -> list[str]:
        """The names of all artifacts of that attempt, sorted."""
        _, data = await self._stored(task)
        return sorted(filter(pathspecs.is_component, data.artifacts)) if data else []

    async def _artifacts(self, task: Key, names: list[str]) -> list[records.DataArtifact]:
        attempt, data = await self._stored(task)
        if data is None:
            return []
        stored = (await self._listings.files(task.pathspec))[attempt][DATA]
        return [self._record(task, name, attempt, data, stored.modified_ms) for name in names if name in data.artifacts]

    async def _stored(self, task: Key) -> tuple[int, DataFile | None]:
        """The attempt that is asked for, else the latest that is done, and what it stored."""
        files = await self._listings.files(task.pathspec)
        attempt = attempts.latest_done(files) if task.attempt is None else task.attempt
        if attempt is None or DATA not in files.get(attempt, {}):
            return 0, None
        at = self._root.below(f"{task.pathspec}/{attempt}.{DATA}")
        what = f"What attempt {attempt} stored of {task.pathspec} can't be read"
        return attempt, await self._memory.once(("data", at), lambda: self._datastore.data_files.read(at, what))

    def _record(self, task: Key, name: str, attempt: int, data: DataFile, stored_ms: int) -> records.DataArtifact:
        stored, flow = data.artifacts[name], task.pathspec.partition("/")[0]
        made = hierarchy.artifact(
            self._provider,
            f"{task.pathspec}/{name}",
            attempt=attempt,
            sha=stored.sha,
            ts_epoch=stored_ms,
            content_type=stored.encoding,
            location=f"{self._root_url}/{flow}/data/{stored.sha[:2]}/{stored.sha}",
            root=self._root_url,
        )
        return hierarchy.seen_at(made, task.attempt)

    async def _exit(self, task: str, attempt: int, file: File) -> courses.Exit | CorruptMetadata:
        try:
            return attempts.exit_in(await self._file(task, attempt, EXIT, file), file)
        except (Malformed, TooLong):
            return CorruptMetadata(f"{task}: The end of attempt {attempt} can't be read.")

    async def _code(self, task: str, attempt: int, file: File) -> str | None:
        try:
            return attempts.code_in(await self._file(task, attempt, BEGUN, file))
        except TooLong:
            return None

    async def _file(self, task: str, attempt: int, name: str, file: File) -> bytes:
        """The content of a file. Those of one version are the same: most tasks of a run share a code package."""
        at = self._root.below(f"{task}/{attempt}.{name}")
        return await self._memory.once((name, file.version, file.size), lambda: self._read(at))

    async def _read(self, at: Location) -> bytes:
        found = await self._datastore.client.get(at, _LARGEST)
        return found.content if found else b"{}"


def _is_of_parameters(task: Key) -> bool:
    """Metaflow records no course of these, nor where they are stored."""
    return pathspecs.name(pathspecs.parent(task.pathspec)) == PARAMETERS
