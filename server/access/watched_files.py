"""Files that others change while the gateway reads them."""

import logging
import os
import time
from pathlib import Path
from typing import NamedTuple

# What is written in place is taken once it was left alone for so long: half of it can be read as a whole.
_SETTLED_SECONDS = 0.2

_State = tuple[int, int, int, int]


class Content(NamedTuple):
    """The bytes of a file, and the state that it was in."""

    content: bytes
    state: _State


class WatchedFile:
    """A file of at most `largest` bytes, which may be replaced, also by way of links as Kubernetes does."""

    def __init__(self, path: Path, largest: int) -> None:
        self._path = path
        self._largest = largest
        self._state: _State | None = None

    def read(self) -> Content:
        """OSError where it can't be read; ValueError where it is too large."""
        with self._path.open("rb") as file:
            state = _state(os.fstat(file.fileno()))
            content = file.read(self._largest + 1)
        if len(content) > self._largest:
            raise ValueError(f"it has more than {self._largest} bytes")
        return Content(content, state)

    def take(self, content: Content) -> None:
        """From now on it has changed when it is no longer in this state."""
        self._state = content.state

    def changed(self) -> bool:
        """Whether it is another than what was taken; OSError where it is not there."""
        found = os.stat(self._path)
        # Later than now, by another machine's clock, says nothing of when.
        young = 0 <= time.time() - found.st_mtime < _SETTLED_SECONDS
        return _state(found) != self._state and not young


class Complaints:
    """Told to the log once for each reason in a row, and not for each request."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._last = ""

    def tell(self, message: str, what: object, reason: str) -> None:
        """`message`: with a place for what it is about, and one for the reason."""
        if reason != self._last:
            self._last = reason
            self._logger.error(message, what, reason)

    def over(self) -> None:
        """All is well again."""
        self._last = ""


def reason_of(error: Exception) -> str:
    """In one line, without the name of the file."""
    return (error.strerror or "unreadable") if isinstance(error, OSError) else str(error)


def _state(found: os.stat_result) -> _State:
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev
