"""A `.metaflow` folder and what is remembered of it.

Metaflow writes a file once, under another name, then renames it; only a run's `_self.json` is ever replaced. So a
file that was read is not read again, and a folder whose modification time stands still is not listed again: that is
enough to know the steps and tasks in it. Each operation looks at that time once; but where it is an hour ago, as it
soon is once a run has ended, it is looked at once a second for all of them.
"""

import os
import stat
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from time import monotonic, time_ns
from typing import Any, TypeVar, cast

from .. import pathspec as pathspecs
from ..cache import ByteCache
from ..errors import CorruptMetadata, GatewayError
from . import files
from .files import Signature, Unreadable
from .root import DATASTORE

T = TypeVar("T")

META = "_meta"
_LEFT_ALONE_NS = 3_600 * 10**9
_KNOWN_SECONDS = 1.0
_NOWHERE = os.devnull  # no path below a file exists
# Bytes in memory for what is kept (measured with tracemalloc, rounded up): a record made of a file, and what it holds
# of each of the file's bytes; each file and folder that a folder lists; what stands around them.
_A_RECORD = 300
_A_BYTE = 3
_A_FILE = 150
_A_FOLDER = 350
_AN_ENTRY = 900


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
        self.signature: Signature | None = files_signature(status)
        self.known_until = 0.0  # time.monotonic()
        self.contents: dict[str, object] = {}  # what was made of files, by their names
        self.bytes_read = 0  # of those files
        self.made: dict[Hashable, object] = {}  # what was made of the whole

    @property
    def cost(self) -> int:
        """Bytes in memory, about."""
        listed = _A_FILE * len(self.files) + _A_FOLDER * len(self.folders)
        return _AN_ENTRY + listed + _A_RECORD * len(self.contents) + _A_BYTE * self.bytes_read

    def once(self, what: Hashable, make: Callable[[], list[T]]) -> list[T]:
        """What `make` makes of the folder: made once, unless there are errors in it. Nobody may change it."""
        kept = cast("list[T] | None", self.made.get(what))
        if kept is None:
            kept = make()
            if not any(isinstance(entry, GatewayError) for entry in kept):
                self.made[what] = kept
        return kept

    def looked_at(self, status: os.stat_result) -> None:
        """What it lists is as it was then: of a folder that was left alone, that is known for a moment."""
        if time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _LEFT_ALONE_NS:
            self.known_until = monotonic() + _KNOWN_SECONDS

    def taking_over(self, older: "Folder") -> None:
        """Keep what was made of files that still are the same."""
        # A copy, since other threads may be filling it.
        for name, content in older.contents.copy().items():
            if self.files.get(name) == older.files.get(name):
                self.contents[name] = content
        self.bytes_read = older.bytes_read


def files_signature(status: os.stat_result) -> Signature | None:
    """None for what changed too lately to be told apart by it."""
    return files.signature(status) if files.settled(status) else None


class Tree:
    """Reads for the provider of that name; `root` contains `.metaflow`, None has nothing."""

    def __init__(self, root: Path | None, provider: str, cache: ByteCache) -> None:
        self.base = _NOWHERE if root is None else os.path.realpath(root / DATASTORE)
        self.provider = provider
        self.cache = cache

    def path(self, name: str) -> str:
        return f"{self.base}/{name}" if name else self.base

    def holds(self, pathspec: str) -> bool:
        """Whether there is such an object, be it one that can't be read."""
        path = f"{self.base}/{pathspec}/_meta/_self.json"
        try:
            status = files.status(path)
            if status is None or not stat.S_ISREG(status.st_mode):
                return False
            kept = cast("tuple[Signature, object] | None", self.cache.get(("own", pathspec)))
            return (kept is not None and kept[0] == files.signature(status)) or not files.leads_out(self.base, path)
        except FileNotFoundError:
            return False
        except Unreadable:
            return True

    def modified_ns(self, name: str) -> int | None:
        """When a file or folder was last changed; None where that can't be told."""
        try:
            status = files.status(self.path(name))
        except Unreadable:
            return None
        return status and status.st_mtime_ns

    def own(self, pathspec: str, make: Callable[[bytes], T], *, what: str = "own", replaced: bool = False) -> T | None:
        """What `make` makes of an object's `_self.json`, which may be `replaced` at times; None without it.

        It is kept as `what`, one for each kind of thing that is made of it. Raises CorruptMetadata.
        """
        path = f"{self.base}/{pathspec}/_meta/_self.json"
        key = (what, pathspec)
        try:
            status = files.status(path)
            if status is None:
                return None
            kept = cast("tuple[Signature, T] | None", self.cache.get(key))
            if kept is not None and kept[0] == files.signature(status):
                return kept[1]
            content = files.read(self.base, path)
            if content is None:
                return None
            made = make(content[0])
        except Unreadable as error:
            raise corrupt(pathspec, error) from error
        if not replaced or files.settled(content[1]):
            self.cache.put(key, (files.signature(content[1]), made), _AN_ENTRY + _A_BYTE * len(content[0]))
        return made

    def known(self, names: Sequence[str], what: Hashable) -> list[Any]:
        """What was made of each folder, so far as that is known without another look at it; else None."""
        kept, now = self.cache.get_all([("folder", name) for name in names]), monotonic()
        return [folder.made.get(what) if folder is not None and now < folder.known_until else None for folder in kept]

    def folder(self, name: str) -> Folder | None:
        """What the folder lists now; None where there is none."""
        kept = cast("Folder | None", self.cache.get(("folder", name)))
        if kept is not None and monotonic() < kept.known_until:
            return kept
        path = f"{self.base}/{name}" if name else self.base
        try:
            status = files.status(path)
            if status is not None and kept is not None and kept.signature == files.signature(status):
                kept.looked_at(status)
                return kept
            if status is None or not stat.S_ISDIR(status.st_mode):
                return None
            return self._listed(name, path, kept)
        except Unreadable as error:
            raise corrupt(name.removesuffix("/" + META), error) from error

    def _listed(self, name: str, path: str, kept: Folder | None) -> Folder | None:
        with files.folder(self.base, path) as descriptor:
            if descriptor is None:
                return None
            # Before it is listed: what changes meanwhile then shows in the signature.
            status = os.fstat(descriptor)
            fresh = Folder(name, *_names(descriptor), status)
            fresh.looked_at(status)
        if kept is not None and kept.files == fresh.files and kept.folders == fresh.folders:
            # The same names may be of others: what was made of them has to be made anew.
            kept.made.clear()
            kept.modified_ns, kept.signature = fresh.modified_ns, fresh.signature
            return kept
        if kept is not None:
            fresh.taking_over(kept)
        self.cache.put(("folder", name), fresh, fresh.cost)
        return fresh

    def contents(
        self, folder: Folder, names: Iterable[str], make: Callable[[str, bytes], T]
    ) -> dict[str, T | Unreadable]:
        """What `make` makes of the name and content of each of the folder's files, which nobody replaces.

        Files that are no longer there are left out.
        """
        names = list(names)
        unread = [name for name in names if name not in folder.contents]
        failed = self._read(folder, unread, make) if unread else {}
        found = {name: failed[name] if name in failed else folder.contents.get(name) for name in names}
        return cast("dict[str, T | Unreadable]", {name: made for name, made in found.items() if made is not None})

    def _read(
        self, folder: Folder, names: list[str], make: Callable[[str, bytes], object]
    ) -> dict[str, Unreadable | None]:
        failed: dict[str, Unreadable | None] = {}
        path = self.path(folder.name)
        with files.folder(self.base, path) as descriptor:
            for name in names if descriptor is not None else ():
                try:
                    data = files.read_in(self.base, path, cast("int", descriptor), name)
                    if data is not None:
                        folder.contents[name] = make(name, data)
                        folder.bytes_read += len(data)
                except Unreadable as error:
                    failed[name] = Unreadable(str(error))  # without its traceback, which refers to it in turn
        if self.cache.get(("folder", folder.name)) is folder:  # not of an operation that began before it changed
            self.cache.put(("folder", folder.name), folder, folder.cost)
        return failed


class Look(Tree):
    """A tree as one operation sees it: what it has looked at, it does not look at again. Threads may share it."""

    def __init__(self, tree: Tree) -> None:
        self.base, self.provider, self.cache = tree.base, tree.provider, tree.cache
        self._held: dict[str, bool] = {}
        self._folders: dict[str, Folder | None] = {}

    def holds(self, pathspec: str) -> bool:
        held = self._held.get(pathspec)
        if held is None:
            held = self._held[pathspec] = super().holds(pathspec)
        return held

    def folder(self, name: str) -> Folder | None:
        if name in self._folders:
            return self._folders[name]
        folder = self._folders[name] = super().folder(name)
        return folder


def corrupt(pathspec: str, reason: Unreadable, what: str = "The record", name: str | None = None) -> CorruptMetadata:
    """The error for a client: the pathspec, and why; `name` is that of a metadata event."""
    return CorruptMetadata(f"{what} of {pathspec or 'the flows'} can't be read: {reason}.", name)


def _names(descriptor: int) -> tuple[dict[str, int], list[str]]:
    found: dict[str, int] = {}
    folders: list[str] = []
    with os.scandir(descriptor) as entries:
        for entry in entries:
            linked = entry.is_symlink()
            if linked or entry.is_file(follow_symlinks=False):
                found[entry.name] = entry.inode()
            if (linked or entry.is_dir(follow_symlinks=False)) and _may_be_object(entry.name):
                folders.append(entry.name)
    # Folders are listed in any order, and perhaps in another one the next time.
    folders.sort()
    return found, folders


def _may_be_object(name: str) -> bool:
    # Metaflow's glob leaves out what begins with a dot.
    return not name.startswith(".") and name != META and pathspecs.is_component(name)
