"""Files of a local datastore as they are stored: logs, cards, code packages."""

import os
from collections.abc import Callable, Iterator, Sequence
from heapq import nsmallest
from typing import TypeVar

from .. import pathspec as pathspecs
from ..base import FileKey, FileStatus, PartKey
from ..errors import CorruptMetadata
from . import files
from .files import Unreadable
from .root import require_local

_CARDS = "mf.cards/"
_MOST_NAMES = 10_000  # in one folder

T = TypeVar("T")


class StoredFiles:
    """Those below `base`, where Metaflow lays them out; cards also below each of `card_roots`. All are real paths.

    Metaflow (card_datastore.py:get_storage_root, 2.19.39) writes cards below the `.metaflow` of the folder that a flow
    was started in, whatever root is configured, and, if METAFLOW_CARD_LOCALROOT is set, right below `base`; its own
    client reads them below `base/mf.cards` alone.
    """

    def __init__(self, base: str, card_roots: Sequence[str] = ()) -> None:
        self._base = base
        self._card_roots = (f"{base}/mf.cards", base, *card_roots)

    def names(self, folder: FileKey) -> list[str]:
        found: set[str] = set()
        for base, path in self._places(folder):
            found.update(_readable(_names, base, path))
        return sorted(found)[:_MOST_NAMES]

    def status(self, file: FileKey) -> FileStatus | None:
        found = (_readable(_status, base, path) for base, path in self._places(file))
        return next((status for status in found if status is not None), None)

    def part(self, key: PartKey) -> bytes | None:
        def read(base: str, path: str) -> bytes | None:
            return files.part(base, path, key.start, key.length)

        found = (_readable(read, base, path) for base, path in self._places(key.file))
        return next((part for part in found if part is not None), None)

    def _places(self, key: FileKey) -> Iterator[tuple[str, str]]:
        """Where it may lie: the folder that it must not lead out of, and its path."""
        require_local(key.root)
        if not all(map(pathspecs.is_component, key.path.split("/"))):
            return
        if key.path.startswith(_CARDS):
            for root in self._card_roots:
                yield root, f"{root}/{key.path.removeprefix(_CARDS)}"
        else:
            yield self._base, f"{self._base}/{key.path}"


def _readable(read: Callable[[str, str], T], base: str, path: str) -> T:
    try:
        return read(base, path)
    except Unreadable as error:
        raise CorruptMetadata(f"{os.path.basename(path)} can't be read: {error}.") from error


def _names(base: str, path: str) -> list[str]:
    with files.folder(base, path) as descriptor:
        if descriptor is None:
            return []
        with os.scandir(descriptor) as entries:
            # Of a million, no more are held, and sorting them all would stop every thread.
            return nsmallest(_MOST_NAMES, (entry.name for entry in entries if entry.is_file()))


def _status(base: str, path: str) -> FileStatus | None:
    descriptor = files.opened_file(base, path)
    if descriptor is None:
        return None
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return FileStatus(status.st_size, f"{status.st_size:x}-{status.st_mtime_ns:x}")
