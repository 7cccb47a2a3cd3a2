"""Files that others change while the gateway uses what they hold: configuration, keys, headers, documents."""

import asyncio
import logging
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

# What is written in place is taken once it was left alone for so long: half of it can be read as a whole.
_SETTLED_SECONDS = 0.2

_logger = logging.getLogger(__name__)
_State = tuple[int, int, int, int, int]


class WatchedFile(Generic[T]):
    """What `made` makes of a file of at most `largest` bytes; OSError where it can't be read, ValueError where it is
    too large, or by `made`.

    Once it has changed, what it holds then counts; while that can't be used, what it held before. The log has why, in
    the words of the error, which are told once.
    """

    def __init__(self, path: Path, largest: int, made: Callable[[bytes], T]) -> None:
        self._path = path
        self._largest = largest
        self._made = made
        self._reading = asyncio.Lock()
        self._complaint = ""
        self._state, content = self._read()
        self._held = self._of(content)

    @property
    def held(self) -> T:
        """What it held when it was last looked at."""
        return self._held

    async def current(self) -> T:
        """What it holds, as it stands."""
        if self._changed():
            async with self._reading:
                if self._changed():
                    await asyncio.to_thread(self._take)
        return self._held

    def _changed(self) -> bool:
        try:
            found = os.stat(self._path)
        except OSError as error:
            self._complain(error)
            return False
        if _state(found) == self._state:
            self._complaint = ""  # what is wrong with it another time is told another time
            return False
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for
            self._complain(ValueError("it is no file"))
            return False
        # Later than now, by another machine's clock, says nothing of when.
        return not 0 <= time.time() - found.st_mtime < _SETTLED_SECONDS

    def _take(self) -> None:
        try:
            # What can't be used is not read again before it has changed.
            self._state, content = self._read()
            self._held = self._of(content)
            self._complaint = ""
        except (OSError, ValueError) as error:
            self._complain(error)

    def _read(self) -> tuple[_State, bytes]:
        with self._path.open("rb") as file:
            return _state(os.fstat(file.fileno())), file.read(self._largest + 1)

    def _of(self, content: bytes) -> T:
        if len(content) > self._largest:
            raise ValueError(f"it has more than {self._largest} bytes")
        return self._made(content)

    def _complain(self, error: Exception) -> None:
        complaint = reason_of(error)
        if complaint != self._complaint:
            self._complaint = complaint
            _logger.error("%s can't be used, what it held before still counts: %s.", self._path, complaint)


def reason_of(error: Exception) -> str:
    """In one line, without the name of the file, and without a full stop."""
    return ((error.strerror or "unreadable") if isinstance(error, OSError) else str(error)).rstrip(".")


def _state(found: os.stat_result) -> _State:
    """What tells it from another; from one that is put in its place, as Kubernetes does it by links, by its inode, and
    by the one time that nobody can set, as `tar --mtime` sets the other."""
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev
