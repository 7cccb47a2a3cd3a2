"""What a task's metadata tells: its events, and the course of its attempts."""

import re
from collections.abc import Iterable, Sequence

from .. import hierarchy, records
from ..base import Key
from ..errors import CorruptMetadata, GatewayError
from . import forms
from .files import Unreadable
from .folder import Folder
from .tree import META, Known, Tree, corrupt

_FILE = re.compile(r"sysmeta_(?P<name>.*?)_?(?P<ms>[0-9]*)\.json", re.DOTALL)

_EVENTS = "metadata"  # of what is made of a folder


def metadata_of(tree: Tree, task: Key) -> list[records.Metadata | GatewayError]:
    """Every event of a task, oldest first; damaged ones stand as errors where their files' names place them."""
    folder = tree.folder(f"{task.pathspec}/{META}")
    if folder is None:
        return []
    return folder.once(_EVENTS, lambda: _in_order(events(tree, folder, files_of(folder)), task.pathspec))


def known_metadata_of(known: Known, tasks: Sequence[Key]) -> list[list[records.Metadata | GatewayError] | None]:
    """The same of each task, so far as it is known."""
    return known([f"{task.pathspec}/{META}" for task in tasks], _EVENTS)


def files_of(folder: Folder, name: str = "") -> list[str]:
    """The files of the events whose names begin so, by name."""
    prefix = f"sysmeta_{name}"
    return sorted(file for file in folder.files if file.startswith(prefix) and file.endswith(".json"))


def events(tree: Tree, folder: Folder, names: Iterable[str]) -> dict[str, records.Metadata | Unreadable]:
    """The event of each file."""
    return tree.contents(folder, names, lambda _, data: _event(forms.EVENT.read(data)))


def name_of(file: str) -> str:
    """What a file's name says of the event in it: `attempt_ok` of sysmeta_attempt_ok_1795471882414.json."""
    match = _FILE.fullmatch(file)
    return match["name"] if match else file


def time_of(file: str) -> int | None:
    """When the event was registered, by the file's name (ms since the epoch)."""
    match = _FILE.fullmatch(file)
    return int(match["ms"][:15]) if match and match["ms"] else None


def _event(event: forms.Event) -> records.Metadata:
    return hierarchy.event(event.field_name, event.value, event.type, event.tags, event.ts_epoch)


def _in_order(found: dict[str, records.Metadata | Unreadable], task: str) -> list[records.Metadata | GatewayError]:
    def when(item: tuple[str, records.Metadata | Unreadable]) -> tuple[int, str]:
        file, event = item
        if isinstance(event, records.Metadata):
            return event.ts_epoch, file
        return time_of(file) or 0, file

    return [
        _corrupt(task, file, event) if isinstance(event, Unreadable) else event
        for file, event in sorted(found.items(), key=when)
    ]


def damaged(found: dict[str, records.Metadata | Unreadable], task: str, names: Iterable[str]) -> CorruptMetadata | None:
    """The error of the first file that can't be read and should hold an event of one of the names."""
    return next(
        (
            _corrupt(task, file, event)
            for file, event in found.items()
            if isinstance(event, Unreadable) and name_of(file) in names
        ),
        None,
    )


def _corrupt(task: str, file: str, reason: Unreadable) -> CorruptMetadata:
    return corrupt(task, reason, f"The metadata {name_of(file)}", name_of(file))
