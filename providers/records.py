"""What providers return: as plain as dataclasses, and not tracked by the garbage collector.

`ts_epoch` is in ms since the epoch, and computed with; `*_at` is the same as RFC 3339 text, and sent.
`provider` is the configured name of the metadata provider; with `pathspec` it makes the keys of neighbours.
"""

from enum import Enum
from typing import Any

import msgspec

MAX_ATTEMPTS = 6  # of a task: metaflow_config.py:MAX_ATTEMPTS


class Record(msgspec.Struct, frozen=True, gc=False):
    """An object of the hierarchy. `id` is Relay's: unique over types, providers, namespaces and attempts."""

    id: str
    provider: str
    pathspec: str
    path_components: list[str]


class Flow(Record, frozen=True, gc=False):
    """A flow as seen from a namespace; None is no namespace, all of its runs."""

    name: str
    namespace: str | None
    tags: list[str] = []  # Metaflow tags runs; a flow has none. The same empty list for all.
    user_tags: list[str] = []
    system_tags: list[str] = []
    origin_pathspec: None = None
    parent: None = None


class Run(Record, frozen=True, gc=False):
    """`position` (µs since the epoch) is its place in listings: unlike `ts_epoch`, no mutation of tags moves it.

    `user`: who started it, by its system tag `user:`, else as its record names them (production runs have no such tag).
    `succeeded`: its provider says so itself; where it does not, nothing is said.
    """

    run_id: str
    ts_epoch: int
    created_at: str
    position: int
    user: str | None
    tags: list[str]
    user_tags: list[str]
    system_tags: list[str]
    succeeded: bool = False


class Step(Record, frozen=True, gc=False):
    name: str


class Task(Record, frozen=True, gc=False):
    """A task, seen at the attempt that was `asked` for, or as it stands now.

    `position`: when it was registered (ms since the epoch), as well as that is known with the task itself; 0 where it
    is not. It orders the tasks of a run; `createdAt` tells the time.
    """

    task_id: str
    asked: int | None
    position: int


class DataArtifact(Record, frozen=True, gc=False):
    """An artifact of one attempt. `asked` is that attempt if it was asked for; `root` where the datastore begins.

    `sha` is empty and `location` None for whom its value is not to be seen; its bytes go by `blob` then, else by `sha`.
    """

    name: str
    asked: int | None
    attempt: int
    sha: str
    ts_epoch: int
    created_at: str
    finished_at: str
    content_type: str
    location: str | None
    root: str
    blob: str = ""


class Metadata(msgspec.Struct, frozen=True, gc=False):
    """One metadata event of a task; `attempt` by its tag `attempt_id:n`."""

    name: str
    value: str | None
    type: str | None
    attempt: int | None
    ts_epoch: int
    created_at: str


class Card(Record, frozen=True, gc=False):
    """A card of a task, which is seen at the attempt that was `asked` for; `pathspec` is the task's and the hash.

    Its page lies at `path`, what it shows while it is written at `data_path`: both as in FileKey, below `root`.
    """

    asked: int | None
    type: str
    card_id: str | None
    hash: str
    created_at: str | None
    root: str
    path: str
    data_path: str


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """What one attempt of a task left behind of its course.

    `started_at` (ms): its metadata `attempt`. `ok`: its metadata `attempt_ok`, None where it wrote none. `exited_ok`:
    how its process ended, where whoever started it wrote that down. `ended_at` (ms): the first of these
    that tells the end. `done`: its artifacts are registered. `killed`: its scheduler ended it: no
    retry follows.
    """

    number: int
    started_at: int
    ok: bool | None
    exited_ok: bool | None
    ended_at: int | None
    done: bool
    killed: bool


class ArtifactInfo(msgspec.Struct, frozen=True, gc=False):
    """What the datastore recorded of an artifact: `size` in bytes before compression, `type` as str(type(object))."""

    size: int | None = None
    type: str | None = None


class TableColumn(msgspec.Struct, frozen=True, gc=False):
    """`type` as pandas or numpy call it; None where the values of a column have no common one."""

    name: str
    type: str | None


class TablePreview(msgspec.Struct, frozen=True, gc=False):
    """The first rows of a table, as JSON values in the order of its columns; `row_count` counts all of its rows."""

    columns: list[TableColumn]
    rows: list[list[Any]]
    row_count: int


class RunStatus(Enum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


class LogStream(Enum):
    STDOUT = "STDOUT"
    STDERR = "STDERR"


class MetaflowEventType(Enum):
    EVENT = "EVENT"
    RUN = "RUN"


class TaskStatus(Enum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
