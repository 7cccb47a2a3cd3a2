"""A folder of the tree, as it was when it was last looked at."""

import os
from collections.abc import Callable, Hashable
from time import monotonic, time_ns
from typing import NamedTuple, TypeVar, cast

from ..errors import GatewayError
from . import files
from .files import Signature

T = TypeVar("T")

LEFT_ALONE_NS = 3_600 * 10**9
_KNOWN_SECONDS = 1.0
# Bytes in memory for what is kept (measured with tracemalloc, rounded up): a record made of a file, and what it holds
# of each of the file's bytes; each file and folder that a folder lists; what stands around them.
_A_RECORD = 300
A_BYTE = 3
_A_FILE = 150
_A_FOLDER = 350
AN_ENTRY = 900


class Moment(NamedTuple):
    """When folders are looked at (seconds), and what changed before when was left alone (ns since the epoch)."""

    monotonic: float
    long_ago_ns: int

    @classmethod
    def now(cls) -> "Moment":
        return cls(monotonic(), time_ns() - LEFT_ALONE_NS)


class Folder:
    """What a folder lists, and what was made of it. `files` with their inodes; both with symlinks among them."""

    __slots__ = (
        "bytes_read",
        "contents",
        "files",
        "folders",
        "known_until",
        "made",
        "modified_ns",
        "name",
        "signature",
    )

    def __init__(self, name: str, files: dict[str, int], folders: list[str], status: os.stat_result) -> None:
        self.name = name  # below the tree's base
        self.files = files
        self.folders = folders
        self.modified_ns = status.st_mtime_ns
        self.signature: Signature | None = _signature(status)
        self.known_until = 0.0  # time.monotonic()
        self.contents: dict[str, object] = {}  # what was made of files, by their names
        self.bytes_read = 0  # of those files
        self.made: dict[Hashable, object] = {}  # what was made of the whole

    @property
    def cost(self) -> int:
        """Bytes in memory, about."""
        listed = _A_FILE * len(self.files) + _A_FOLDER * len(self.folders)
        return AN_ENTRY + listed + _A_RECORD * len(self.contents) + A_BYTE * self.bytes_read

    def once(self, what: Hashable, make: Callable[[], list[T]]) -> list[T]:
        """What `make` makes of the folder: made once, unless there are errors in it. Nobody may change it."""
        kept = cast("list[T] | None", self.made.get(what))
        if kept is None:
            kept = make()
            if not any(isinstance(entry, GatewayError) for entry in kept):
                self.made[what] = kept
        return kept

    def is_still(self, path: str, now: Moment) -> bool:
        """Whether it lists what it did, by another look at where it is unless the last was enough."""
        if now.monotonic < self.known_until:
            return True
        try:
            status = os.stat(path)
        except OSError:
            return False
        if self.signature != files.signature(status):
            return False
        self.looked_at(status, now)
        return True

    def looked_at(self, status: os.stat_result, now: Moment) -> None:
        """What it lists is as it was then: of a folder that was left alone, that is known for a moment."""
        if status.st_mtime_ns < now.long_ago_ns and status.st_ctime_ns < now.long_ago_ns:
            self.known_until = now.monotonic + _KNOWN_SECONDS

    def taking_over(self, older: "Folder") -> None:
        """Keep what was made of files that still are the same."""
        # A copy, since other threads may be filling it.
        for name, content in older.contents.copy().items():
            if self.files.get(name) == older.files.get(name):
                self.contents[name] = content
        self.bytes_read = older.bytes_read


def _signature(status: os.stat_result) -> Signature | None:
    """None for what changed too lately to be told apart by it."""
    return files.signature(status) if files.settled(status) else None
