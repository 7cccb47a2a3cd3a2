"""The course of a task's attempts, by the files that they left behind: when those were written, and what some hold.

What Metaflow would have recorded of it as metadata is made of the same: no more than the files tell exactly.
"""

import json
from collections.abc import Iterable, Mapping

import msgspec

from .. import attempts, hierarchy, records
from ..attempts import Exit
from ..errors import CorruptMetadata
from ..forms import Form, Malformed
from .foreach_paths import PATH
from .listings import File, TaskFiles

STARTED, BEGUN, EXIT, DATA, DONE = "attempt.json", "task_begin", "runtime", "data.json", "DONE.lock"

# Before its process starts, the scheduler writes STARTED for it; these it writes itself.
_OF_TASK = frozenset((BEGUN, "task_end", DATA, DONE))
# A file BEGUN that names no code package has no more bytes, whatever the version of Metaflow that wrote it.
_WITHOUT_CODE = 140


class _Begun(msgspec.Struct):
    """`N.task_begin`"""

    code_package_sha: str | None = None
    code_package_ds: str | None = None
    code_package_url: str | None = None
    code_package_metadata: str | None = None


class _Exit(msgspec.Struct):
    """`N.runtime`"""

    success: bool | None = None
    killed: bool | None = None


_BEGUN, _EXIT = Form(_Begun), Form(_Exit)


def attempts_of(files: TaskFiles, root: str, exits: Mapping[int, Exit | CorruptMetadata]) -> list[records.Attempt]:
    """The attempts that started, oldest first. Raises CorruptMetadata where only a damaged exit tells the outcome."""
    began = {attempt: _began(files[attempt]) for attempt in exits}
    return attempts.attempts(events_of(files, root, {}), exits, began)


def events_of(files: TaskFiles, root: str, codes: Mapping[int, str], path: str | None = None) -> list[records.Metadata]:
    """What Metaflow recorded of it besides, oldest first.

    `codes`: the value of `code-package` of attempts; `path`: that of `foreach-execution-path` of the task.
    """
    values = {attempt: {"code-package": codes.get(attempt), PATH: path} for attempt in files}
    events = [event for attempt in files for event in _events(attempt, files[attempt], root, values[attempt])]
    return sorted(events, key=lambda event: event.ts_epoch)


def with_exit(files: TaskFiles) -> Iterable[int]:
    """The attempts of which nothing but how their process ended may tell the outcome."""
    return [attempt for attempt, of_attempt in files.items() if EXIT in of_attempt and DONE not in of_attempt]


def with_code(files: TaskFiles) -> Iterable[int]:
    """The attempts that may have recorded a code package."""
    return [
        attempt
        for attempt, of_attempt in files.items()
        if (begun := of_attempt.get(BEGUN)) and begun.size > _WITHOUT_CODE
    ]


def latest_done(files: TaskFiles) -> int | None:
    """The latest attempt whose artifacts are complete."""
    return max((attempt for attempt, of_attempt in files.items() if DONE in of_attempt), default=None)


def exit_in(content: bytes, at: File) -> Exit:
    """How a process ended; raises Malformed."""
    own = _EXIT.read(content)
    return Exit(own.success, bool(own.killed), at.modified_ms)


def code_in(content: bytes) -> str | None:
    """The value of `code-package`, None without a package (metadata.py:MetadataProvider._register_system_metadata)."""
    try:
        own = _BEGUN.read(content)
    except Malformed:
        return None
    if not own.code_package_sha:
        return None
    return json.dumps(
        {
            "ds_type": own.code_package_ds,
            "sha": own.code_package_sha,
            "location": own.code_package_url,
            "metadata": own.code_package_metadata or None,
        }
    )


def _events(
    attempt: int, files: Mapping[str, File], root: str, told: Mapping[str, str | None]
) -> Iterable[records.Metadata]:
    if _OF_TASK.isdisjoint(files):
        return
    tags, began = [f"attempt_id:{attempt}"], _began(files)
    for name, value in {"attempt": str(attempt), "ds-type": "s3", "ds-root": root, **told}.items():
        if value is not None:
            yield hierarchy.event(name, value, name, tags, began)
    if DONE in files:
        yield hierarchy.event("attempt-done", str(attempt), "attempt-done", tags, files[DONE].modified_ms)


def _began(files: Mapping[str, File]) -> int:
    return files[STARTED].modified_ms if STARTED in files else min(file.modified_ms for file in files.values())
