"""Which files a task's log consists of, by the task's metadata (client/core.py:Task.loglines, _load_log)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from ..providers.base import FileKey, FileStatus, Key
from ..providers.errors import CorruptMetadata, GatewayError
from ..providers.log_readers import LogFile
from ..providers.records import LogStream
from .context import Context
from .entries import Answers, each, gathered, raised
from .metadata import TaskMetadata, metadata_of

# Whoever wrote a line into the log: the scheduler, or the task where it ran (mflog/__init__.py:LOG_SOURCES).
SOURCES = ("runtime", "task")


class StoredFile(NamedTuple):
    """A file as its datastore knows it; `status` is None where there is none (yet)."""

    stream: LogStream
    key: FileKey | None
    plain: bool
    status: FileStatus | GatewayError | None


class Log(NamedTuple):
    """The files of one attempt's log, one of each source for each stream."""

    task: Key
    attempt: int
    files: list[StoredFile]

    @property
    def errors(self) -> list[GatewayError]:
        """Why files can't be read."""
        return [file.status for file in self.files if isinstance(file.status, GatewayError)]

    @property
    def readable(self) -> list[LogFile]:
        """The files, as far as they are there and can be read."""
        return [
            LogFile(file.key, file.status.size, file.plain) if isinstance(file.status, FileStatus) else LogFile(None)
            for file in self.files
        ]

    def whole(self) -> list[LogFile]:
        """The same; raises where one can't be read."""
        for error in self.errors:
            raise error
        return self.readable


async def logs_of(tasks: list[Key], streams: Sequence[LogStream], context: Context) -> Answers[Log]:
    """The log of each task: of the attempt that its key names, else of the latest that started."""
    found = await each(context.derived(metadata_of), tasks)
    return await gathered(_log(task, of_task, streams, context) for task, of_task in zip(tasks, found, strict=True))


async def _log(task: Key, found: TaskMetadata | BaseException, streams: Sequence[LogStream], context: Context) -> Log:
    metadata = raised(found)
    attempt = _attempt(task, metadata)
    files = [file for stream in streams for file in _files(task, attempt, stream, metadata)]
    statuses = iter(await each(context.loaders.file_statuses, [file.key for file in files if file.key]))
    return Log(
        task, attempt, [file._replace(status=_named(next(statuses), task)) if file.key else file for file in files]
    )


def _files(task: Key, attempt: int, stream: LogStream, metadata: TaskMetadata) -> Iterator[StoredFile]:
    name = stream.value.lower()
    root = metadata.latest("ds-root")
    if location := metadata.latest(f"log_location_{name}"):
        # Before mflog: one file, and no times. Metaflow, too, takes no more than the root and the attempt from there.
        root, attempt = _legacy(task, location)
        yield StoredFile(stream, FileKey(task.provider, root, f"{task.pathspec}/{attempt}.{name}.log"), True, None)
        yield StoredFile(stream, None, True, None)
        return
    for source in SOURCES:
        path = f"{task.pathspec}/{attempt}.{source}_{name}.log"
        yield StoredFile(stream, None if root is None else FileKey(task.provider, root, path), False, None)


def _attempt(task: Key, metadata: TaskMetadata) -> int:
    if task.attempt is not None:
        return task.attempt
    recorded = metadata.latest("attempt") or "0"
    if not (recorded.isascii() and recorded.isdecimal() and len(recorded) < 4):
        raise CorruptMetadata(f"The attempt that {task.pathspec} recorded is no number.", "attempt")
    return int(recorded)


class _Location(msgspec.Struct):
    location: str
    attempt: int | str


def _legacy(task: Key, recorded: str) -> tuple[str, int]:
    """The root of the datastore, which is all but the last five parts of the location, and the attempt."""
    try:
        found = msgspec.json.decode(recorded, type=_Location)
        root, *below = found.location.rsplit("/", 5)
        if len(below) == 5:
            return root, int(found.attempt)
    except (ValueError, msgspec.DecodeError):
        pass
    raise CorruptMetadata(f"Where the log of {task.pathspec} lies is not recorded in a form that can be read.")


def _named(found: FileStatus | BaseException | None, task: Key) -> FileStatus | GatewayError | None:
    """The error of a file as that of the task; raises what is no GatewayError."""
    if isinstance(found, GatewayError):
        return type(found)(f"The log of {task.pathspec}: {found}")
    return raised(found)
