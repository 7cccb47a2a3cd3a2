"""Contents in a folder, for all processes that share it; a cache never fails who asks it.

They are found by their SHA-1 and where they were read: that somewhere else has the same content is not said by it.
"""

import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from .blobs import is_sha

_TEMPORARY = "tmp-"
# What a process that died left behind.
_LEFT_BEHIND_SECONDS = 3600
# A use shows in a file's time, which is not written each time.
_USED_SECONDS = 60
# How much of the limit a process may write before it looks again what others wrote.
_UNSEEN = 16
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class _Entry(NamedTuple):
    used: float  # seconds since the epoch; sorts first
    size: int
    path: str


class DiskCache:
    """Holds at most `limit` bytes in `folder`, what was used last; damaged entries are dropped. Threads may share it.

    Processes that fill it at the same time may together exceed the limit by a sixteenth for each, for a while.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = os.path.abspath(folder)
        self._limit = limit
        self._lock = Lock()
        self._used: int | None = None  # bytes, as far as this process knows
        self._written = 0  # by this process since it looked

    def get(self, at: str, sha: str, most: int) -> bytes | None:
        """The content that lies there; None where it is not here, can't be read, or has more than `most` bytes."""
        path = self._path(at, sha)
        try:
            content = _read(path, most)
        except OSError:
            return None
        if content is not None and _sha1(content) != sha:
            with suppress(OSError):
                os.unlink(path)
            return None
        return content

    def put(self, at: str, sha: str, content: bytes) -> None:
        """Keep it, if there is room: what would take a quarter of it is not kept."""
        if len(content) * 4 > self._limit:
            return
        path = self._path(at, sha)
        with suppress(OSError):
            if _is_whole(path, len(content)):
                return
            shard = os.path.dirname(path)
            os.makedirs(shard, mode=0o700, exist_ok=True)
            if os.path.islink(shard):  # what is written there would never be counted
                return
            _write(path, content)
            self._make_room(len(content))

    def _path(self, at: str, sha: str) -> str:
        name = _sha1(f"{at}\n{sha}".encode())
        return f"{self._folder}/{name[:2]}/{name}"

    def _make_room(self, written: int) -> None:
        with self._lock:
            self._written += written
            if self._used is not None:
                self._used += written
            if self._used is None or self._used > self._limit or self._written * _UNSEEN > self._limit:
                self._used, self._written = self._evicted(), 0

    def _evicted(self) -> int:
        """How many bytes are left after the oldest are gone; some more than must go, so that not each write looks."""
        entries = sorted(_entries(self._folder))
        used = sum(entry.size for entry in entries)
        if used <= self._limit:
            return used
        for entry in entries:
            if used <= self._limit - self._limit // 10:
                break
            # Of another user's, or no file at all: the others make room.
            with suppress(OSError):
                os.unlink(entry.path)
                used -= entry.size
        return used


def _sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _is_whole(path: str, size: int) -> bool:
    """Whether a file of that size is there; anything else is replaced."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size == size


def _read(path: str, most: int) -> bytes | None:
    descriptor = os.open(path, _FLAGS)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            return None
        if status.st_mtime < time.time() - _USED_SECONDS:
            with suppress(OSError):
                os.utime(descriptor)
        return file.read(most)


def _write(path: str, content: bytes) -> None:
    """Whole or not at all; readers of what it replaces go on reading that."""
    folder, name = os.path.split(path)
    temporary = f"{folder}/{_TEMPORARY}{name}-{secrets.token_hex(4)}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.rename(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _entries(folder: str) -> Iterator[_Entry]:
    """What lies in the folder; what was never finished is removed. Nothing that is not the cache's own is touched."""
    with os.scandir(folder) as shards:
        paths = [shard.path for shard in shards if len(shard.name) == 2 and shard.is_dir(follow_symlinks=False)]
    for path in paths:
        # Another user's, which can't be read, is theirs to count.
        with suppress(OSError), os.scandir(path) as files:
            for file in files:
                with suppress(FileNotFoundError):
                    status = file.stat(follow_symlinks=False)
                    if is_sha(file.name):
                        yield _Entry(status.st_mtime, status.st_size, file.path)
                    elif file.name.startswith(_TEMPORARY) and status.st_mtime < time.time() - _LEFT_BEHIND_SECONDS:
                        os.unlink(file.path)
