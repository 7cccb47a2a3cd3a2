"""The interfaces of metadata providers and datastores: batch methods, a list of keys in, one entry for each out.

Entries come in the order of the keys. An entry is what was asked for, None where it does not exist, or the
GatewayError that this key alone met; a method raises only where the whole batch failed. Where an entry is a
list, errors in it stand for the objects that could not be read.
"""

from collections.abc import AsyncGenerator
from typing import NamedTuple, Protocol

from . import records
from .errors import GatewayError


class Key(NamedTuple):
    """An object: its provider's name, its pathspec, and the attempt where one was asked for (tasks, artifacts)."""

    provider: str
    pathspec: str
    attempt: int | None = None


def key_of(found: records.Record) -> Key:
    """The key of an object, as it stands now."""
    return Key(found.provider, found.pathspec)


def key_as_seen(task: records.Task) -> Key:
    """The key of a task, at the attempt that it is seen at."""
    return Key(task.provider, task.pathspec, task.asked)


class FlowKey(NamedTuple):
    """A flow seen from a namespace; without a name, all flows of the namespace."""

    provider: str
    name: str | None
    namespace: str | None


class Position(NamedTuple):
    """A run's place in listings, which are newest first: descending in this tuple. `microseconds` since the epoch."""

    microseconds: int
    flow: str
    run_id: str


class RunFilter(NamedTuple):
    """Conditions that all must hold. `*_ms` are compared with the run's `ts_epoch`."""

    flows: frozenset[str] | None = None
    tags: frozenset[str] = frozenset()
    any_tags: frozenset[str] | None = None
    users: frozenset[str] | None = None
    run_id_prefix: str = ""
    created_from_ms: int | None = None  # inclusive
    created_before_ms: int | None = None  # exclusive


class RunsKey(NamedTuple):
    """Runs of a provider, newest first: those in the namespace that pass the filter."""

    provider: str
    namespace: str | None
    filter: RunFilter = RunFilter()


class RunPageKey(NamedTuple):
    """A page of them: the `limit` newest that are older than `after`, or, `backward`, the oldest newer than `before`.

    Both bounds hold in either direction. The rest saves requests, and may be left alone: `statuses` are all that is
    wanted, of which runs are still to be judged; `with_status`: whoever asks will want to know how each run ended.
    """

    runs: RunsKey
    limit: int
    after: Position | None = None
    before: Position | None = None
    backward: bool = False
    statuses: frozenset[records.RunStatus] | None = None
    with_status: bool = False

    @property
    def provider(self) -> str:
        return self.runs.provider


class RunPage(NamedTuple):
    """Newest first. `more`: others follow in the direction of the page, within its bounds.

    `places` has the place of each entry: a run that can't be read has one too, so that a page can go on behind it.
    """

    runs: list[records.Run | GatewayError]
    more: bool
    places: tuple[Position, ...]


class Activity(NamedTuple):
    """The newest trace of a run: when (ms since the epoch). `beats`: it leaves one every ten seconds while it lives."""

    at: int
    beats: bool = False


class Provider(Protocol):
    """A configured metadata provider: it lives as long as the process, and is read as each operation sees it."""

    @property
    def name(self) -> str:
        """As configured: what the argument `metadata` picks it by."""
        ...

    @property
    def type(self) -> str:
        """local, service or s3."""
        ...

    @property
    def info(self) -> str | None:
        """Its path or URL, without credentials."""
        ...

    @property
    def datastore(self) -> "Datastore":
        """Where the artifacts are read that it has the records of."""
        ...

    def for_operation(self, *, of_records: bool = False) -> "MetadataProvider":
        """The provider as one operation sees it: what it has read once may be told again until the operation ends.

        `of_records` is a hint: when steps and tasks were created will be asked for, and not how they went.
        """
        ...

    async def check(self) -> None:
        """Raises a GatewayError where nothing can be read at the moment; by one question, which costs little."""
        ...

    async def close(self) -> None:
        """Let go of threads and connections, in the event loop that they were used in."""
        ...

    async def can_mutate_tags(self) -> bool: ...

    async def mutate_tags(self, run: Key, add: frozenset[str], remove: frozenset[str]) -> records.Run:
        """Remove, then add, in one step; the run as it is now. Raises the TaggingErrors and NotFound.

        What both sets may hold is checked before (resolvers/tagging.py); the rules that depend on the run's
        own tags are checked here, as Metaflow's provider of this type has them.
        """
        ...


class MetadataProvider(Protocol):
    """Where runs, steps, tasks, their metadata and artifact records are read from."""

    @property
    def datastore(self) -> "Datastore":
        """Where the artifacts are read that this provider has the records of."""
        ...

    async def flows(self, keys: list[FlowKey]) -> list[records.Flow | GatewayError | None]:
        """Each named flow; NamespaceMismatch where none of its runs is in the namespace."""
        ...

    async def flows_in(self, keys: list[FlowKey]) -> list[list[records.Flow | GatewayError] | GatewayError]:
        """The flows with at least one run in the namespace, by name; without a namespace also those without runs."""
        ...

    async def run_pages(self, keys: list[RunPageKey]) -> list[RunPage | GatewayError]: ...

    async def run_counts(self, keys: list[RunsKey]) -> list[int | GatewayError | None]:
        """How many there are; None where the provider can't count without reading all."""
        ...

    async def runs(self, keys: list[Key]) -> list[records.Run | GatewayError | None]: ...

    async def steps(self, keys: list[Key]) -> list[records.Step | GatewayError | None]: ...

    async def steps_of(self, runs: list[Key]) -> list[list[records.Step | GatewayError] | GatewayError]:
        """The steps of each run, newest first, `_parameters` among them; none where the run does not exist."""
        ...

    async def tasks(self, keys: list[Key]) -> list[records.Task | GatewayError | None]:
        """Each task; whether the attempt asked for exists is not looked up."""
        ...

    async def tasks_of(self, steps: list[Key]) -> list[list[records.Task | GatewayError] | GatewayError]:
        """The tasks of each step, newest first."""
        ...

    async def created_at(self, keys: list[Key]) -> list[int | GatewayError | None]:
        """The `ts_epoch` of each flow, step or task."""
        ...

    async def metadata_of(self, tasks: list[Key]) -> list[list[records.Metadata | GatewayError] | GatewayError]:
        """Every metadata event of each task over all attempts, oldest first; the key's attempt is ignored."""
        ...

    async def attempts_of(self, tasks: list[Key]) -> list[list[records.Attempt] | GatewayError]:
        """Every attempt of each task that started, oldest first; the key's attempt is ignored."""
        ...

    async def artifacts(self, keys: list[Key]) -> list[records.DataArtifact | GatewayError | None]:
        """Each artifact, of the attempt asked for, else of the latest attempt that is done."""
        ...

    async def artifacts_of(self, tasks: list[Key]) -> list[list[records.DataArtifact | GatewayError] | GatewayError]:
        """The artifacts of each task but those that start with `_`, by name.

        Of the attempt asked for, else of the latest that is done.
        """
        ...

    async def artifact_names_of(self, tasks: list[Key]) -> list[list[str] | GatewayError]:
        """The names of all of them, those that start with `_` too, sorted."""
        ...

    async def last_activity(self, runs: list[Key]) -> list[Activity | GatewayError | None]:
        """The newest trace of anything that happened in each run; None without any."""
        ...


class InfoKey(NamedTuple):
    """The datastore's record of one attempt of a task; `root` where the datastore begins."""

    provider: str
    root: str
    task: str  # pathspec
    attempt: int


class BlobKey(NamedTuple):
    """A blob of a flow's content-addressed store; `sha` is its key there. `raw`: stored as it is, as packages are."""

    root: str
    flow: str
    sha: str
    raw: bool = False

    @property
    def path(self) -> str:
        """Where Metaflow keeps it, below the root: as of FileKey."""
        return f"{self.flow}/data/{self.sha[:2]}/{self.sha}"


class FileKey(NamedTuple):
    """A file, or a folder of files, of a datastore, as it is stored: logs, cards, code packages.

    `path` begins at the `root` of the datastore, as Metaflow lays it out; where that lies is the datastore's business.
    """

    provider: str
    root: str
    path: str


class FileStatus(NamedTuple):
    """A file as it stands now: `size` in bytes; another `version` where it was written anew or grew."""

    size: int
    version: str


class PartKey(NamedTuple):
    """So many bytes of a file from `start` on."""

    file: FileKey
    start: int
    length: int

    @property
    def provider(self) -> str:
        return self.file.provider


class Datastore(Protocol):
    """Where artifacts are read from. Locations in its keys come from metadata: they are data from strangers."""

    async def infos(self, keys: list[InfoKey]) -> list[dict[str, records.ArtifactInfo] | GatewayError | None]:
        """What each attempt's data file (`N.data.json`) says of its artifacts, by name."""
        ...

    async def blobs(self, keys: list[BlobKey], limit: int, budget: int) -> list[bytes | GatewayError | None]:
        """The bytes of each, uncompressed; ArtifactTooLarge beyond `limit` bytes, ArtifactUnreadable without it.

        None for those left once the others hold `budget` bytes: ask again. The first is always read.
        """
        ...

    async def included_files(self, urls: list[str], limit: int) -> list[bytes | GatewayError]:
        """The plain content of what IncludeFile uploaded to each URL, with the errors of `blobs`."""
        ...

    async def file_names(self, folders: list[FileKey]) -> list[list[str] | GatewayError]:
        """The names of the files in each folder, sorted; none where there is no such folder."""
        ...

    async def file_statuses(self, files: list[FileKey]) -> list[FileStatus | GatewayError | None]: ...

    async def file_parts(self, parts: list[PartKey]) -> list[bytes | GatewayError | None]:
        """The bytes of each part, fewer where the file ends before; None where there is no such file."""
        ...

    async def close(self) -> None:
        """Let go of threads and connections, in the event loop that they were used in."""
        ...

    def stream(self, key: BlobKey) -> AsyncGenerator[bytes]:
        """The bytes of a blob, uncompressed, in chunks of some hundred KB, however large it is.

        Raises ArtifactUnreadable: before the first chunk where there are none, after the last that is sound where
        they turn out not to be what `sha` says.
        """
        ...

    def included_stream(self, url: str) -> AsyncGenerator[bytes]:
        """The plain content of what IncludeFile uploaded to the URL, as `stream` gives it."""
        ...
