"""The course of a task's attempts, by its metadata events and by how its processes ended, where that is recorded."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from . import records
from .errors import CorruptMetadata

NUMBERS = range(records.MAX_ATTEMPTS)
_OUTCOMES = {"True": True, "true": True, "False": False, "false": False}


class Exit(NamedTuple):
    """How the process of an attempt ended, as whoever started it wrote down; `at` in ms."""

    ok: bool | None
    killed: bool
    at: int


def attempts(
    events: Iterable[records.Metadata],
    exits: Mapping[int, Exit | CorruptMetadata] | None = None,
    began: Mapping[int, int] | None = None,
) -> list[records.Attempt]:
    """The attempts that started, oldest first. `began`: when (ms) those began that only their exit tells of.

    Raises CorruptMetadata where only an exit that can't be read would tell the outcome.
    """
    starts: dict[int, int] = {}
    ends: dict[int, records.Metadata] = {}
    done: dict[int, int] = {}
    for event in sorted(events, key=_ts_epoch):
        value = number(event.value)
        if event.name == "attempt" and value is not None and value in NUMBERS:
            starts.setdefault(value, event.ts_epoch)
        elif event.name == "attempt_ok" and event.attempt is not None:
            ends[event.attempt] = event
        elif event.name == "attempt-done" and value is not None:
            done.setdefault(value, event.ts_epoch)
    for attempt, at in (began or {}).items():
        starts.setdefault(attempt, at)
    return [
        _attempt(attempt, started, ends.get(attempt), done.get(attempt), (exits or {}).get(attempt))
        for attempt, started in sorted(starts.items())
    ]


def number(text: str | None) -> int | None:
    """An attempt's number, as `attempt` and `attempt-done` hold it."""
    return int(text) if text and len(text) < 10 and text.isascii() and text.isdigit() else None


def _attempt(
    attempt: int, started: int, end: records.Metadata | None, done: int | None, exit: Exit | CorruptMetadata | None
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


def _ts_epoch(event: records.Metadata) -> int:
    return event.ts_epoch
