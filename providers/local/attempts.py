"""The attempts of a task: what they recorded themselves, and what the scheduler recorded of their processes."""

import re
from typing import NamedTuple

from .. import records
from ..base import Key
from ..errors import CorruptMetadata
from . import forms, metadata
from .files import Unreadable
from .tree import META, Folder, Tree, corrupt

_EVENTS = ("attempt", "attempt_ok", "attempt-done")
_NUMBERS = range(records.MAX_ATTEMPTS)
_EXIT = re.compile(rf"([0-{records.MAX_ATTEMPTS - 1}])\.runtime")
_OUTCOMES = {"True": True, "true": True, "False": False, "false": False}


class _Exit(NamedTuple):
    ok: bool | None
    killed: bool
    at: int  # ms


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


def _attempts(
    tree: Tree, folder: Folder, task: str, exits: dict[int, "_Exit | CorruptMetadata"]
) -> list[records.Attempt]:
    found = metadata.events(tree, folder, metadata.files_of(folder, "attempt"))
    error = metadata.damaged(found, task, _EVENTS)
    if error:
        raise error
    by_time = sorted((event for event in found.values() if isinstance(event, records.Metadata)), key=_ts_epoch)
    starts: dict[int, int] = {}
    ends: dict[int, records.Metadata] = {}
    done: dict[int, int] = {}
    for event in by_time:
        value = metadata.number(event.value)
        if event.name == "attempt" and value is not None and value in _NUMBERS:
            starts.setdefault(value, event.ts_epoch)
        elif event.name == "attempt_ok" and event.attempt is not None:
            ends[event.attempt] = event
        elif event.name == "attempt-done" and value is not None:
            done.setdefault(value, event.ts_epoch)
    # A process that died before its first event is known by its exit alone.
    for attempt, exit in exits.items():
        starts.setdefault(attempt, _began(tree, task, attempt, exit))
    return [
        _attempt(attempt, started, ends.get(attempt), done.get(attempt), exits.get(attempt))
        for attempt, started in sorted(starts.items())
    ]


def _attempt(
    attempt: int, started: int, end: records.Metadata | None, done: int | None, exit: "_Exit | CorruptMetadata | None"
) -> records.Attempt:
    ok = _OUTCOMES.get(end.value or "") if end else None
    if isinstance(exit, CorruptMetadata):
        if ok is None:
            raise exit
        exit = None
    ended = (end and end.ts_epoch, done, exit and exit.at)
    return records.Attempt(
        number=attempt,
        started_at=started,
        ok=ok,
        exited_ok=exit.ok if exit else None,
        ended_at=next((at for at in ended if at is not None), None),
        done=done is not None,
        killed=exit.killed if exit else False,
    )


def _exits(tree: Tree, task: str) -> dict[int, "_Exit | CorruptMetadata"]:
    """How the processes of the attempts ended, as far as the scheduler wrote it."""
    folder = tree.folder(task)
    if folder is None:
        return {}

    def exit(name: str, data: bytes) -> _Exit:
        own = forms.EXIT.read(data)
        return _Exit(own.success, bool(own.killed), (tree.modified_ns(f"{task}/{name}") or 0) // 1_000_000)

    found = tree.contents(folder, sorted(filter(_EXIT.fullmatch, folder.files)), exit)
    return {
        int(name[0]): corrupt(task, one, f"The end of attempt {name[0]}") if isinstance(one, Unreadable) else one
        for name, one in found.items()
    }


def _began(tree: Tree, task: str, attempt: int, exit: "_Exit | CorruptMetadata") -> int:
    began = tree.modified_ns(f"{task}/{attempt}.attempt.json")
    if began is not None:
        return began // 1_000_000
    return exit.at if isinstance(exit, _Exit) else 0


def _ts_epoch(event: records.Metadata) -> int:
    return event.ts_epoch
