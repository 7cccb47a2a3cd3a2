"""The attempts of a task: what they recorded themselves, and what the scheduler recorded of their processes."""

import re

from .. import attempts, records
from ..attempts import Exit
from ..base import Key
from ..errors import CorruptMetadata
from . import forms, metadata
from .files import Unreadable
from .folder import Folder
from .tree import META, Tree, corrupt

_EVENTS = ("attempt", "attempt_ok", "attempt-done")
_EXIT = re.compile(rf"([0-{records.MAX_ATTEMPTS - 1}])\.runtime")


def attempts_of(tree: Tree, task: Key) -> list[records.Attempt]:
    """The attempts that started, oldest first; none of `_parameters`. Raises CorruptMetadata."""
    folder = tree.folder(f"{task.pathspec}/{META}")
    if folder is None:
        return []
    exits = _exits(tree, task.pathspec)
    if any(isinstance(exit, CorruptMetadata) for exit in exits.values()):
        return _attempts(tree, folder, task.pathspec, exits)
    # The folder does not change with what the scheduler writes beside it.
    key = ("attempts", tuple(exits.items()))
    return folder.once(key, lambda: _attempts(tree, folder, task.pathspec, exits))


def _attempts(tree: Tree, folder: Folder, task: str, exits: dict[int, Exit | CorruptMetadata]) -> list[records.Attempt]:
    found = metadata.events(tree, folder, metadata.files_of(folder, "attempt"))
    error = metadata.damaged(found, task, _EVENTS)
    if error:
        raise error
    events = [event for event in found.values() if isinstance(event, records.Metadata)]
    # A process that died before its first event is known by its exit alone.
    began = {attempt: _began(tree, task, attempt, exit) for attempt, exit in exits.items()}
    return attempts.attempts(events, exits, began)


def _exits(tree: Tree, task: str) -> dict[int, Exit | CorruptMetadata]:
    """How the processes of the attempts ended, as far as the scheduler wrote it."""
    folder = tree.folder(task)
    if folder is None:
        return {}

    def exit(name: str, data: bytes) -> Exit:
        own = forms.EXIT.read(data)
        return Exit(own.success, bool(own.killed), (tree.modified_ns(f"{task}/{name}") or 0) // 1_000_000)

    found = tree.contents(folder, sorted(filter(_EXIT.fullmatch, folder.files)), exit)
    return {
        int(name[0]): corrupt(task, one, f"The end of attempt {name[0]}") if isinstance(one, Unreadable) else one
        for name, one in found.items()
    }


def _began(tree: Tree, task: str, attempt: int, exit: Exit | CorruptMetadata) -> int:
    began = tree.modified_ns(f"{task}/{attempt}.attempt.json")
    if began is not None:
        return began // 1_000_000
    return exit.at if isinstance(exit, Exit) else 0
