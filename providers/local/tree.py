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
from typing import Any, TypeVar, cast

from .. import pathspec as pathspecs
from ..cache import ByteCache
from ..errors import CorruptMetadata
from . import files
from .files import Signature, Unreadable
from .folder import A_BYTE, AN_ENTRY, Folder, Moment
from .root import DATASTORE

T = TypeVar("T")
# What was made of each of the folders, by their names: `known` or `known_still` of a tree.
Known = Callable[[Sequence[str], Hashable], list[Any]]

META = "_meta"
_NOWHERE = os.devnull  # no path below a file exists


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
            self.cache.put(key, (files.signature(content[1]), made), AN_ENTRY + A_BYTE * len(content[0]))
        return made

    def known(self, names: Sequence[str], what: Hashable) -> list[Any]:
        """What was made of each folder, so far as that is known without another look at it; else None."""
        now = Moment.now().monotonic
        return [folder.made.get(what) if folder and now < folder.known_until else None for folder in self._kept(names)]

    def known_still(self, names: Sequence[str], what: Hashable) -> list[Any]:
        """The same after a look at each, for a fraction of what looking at one after the other costs."""
        return [folder and folder.made.get(what) for folder in self._still(names)]

    def _kept(self, names: Sequence[str]) -> list[Folder | None]:
        return self.cache.get_all([("folder", name) for name in names])

    def _still(self, names: Sequence[str]) -> list[Folder | None]:
        """The folders that still list what they did when they were kept."""
        now, kept = Moment.now(), zip(names, self._kept(names), strict=True)
        return [folder if folder and folder.is_still(self.path(name), now) else None for name, folder in kept]

    def folder(self, name: str) -> Folder | None:
        """What the folder lists now; None where there is none."""
        kept = cast("Folder | None", self.cache.get(("folder", name)))
        path = self.path(name)
        if kept is not None and kept.is_still(path, Moment.now()):
            return kept
        try:
            status = files.status(path)
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
            fresh.looked_at(status, Moment.now())
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
        self._looked_at = set[str]()  # with others, be they still the same or not

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

    def _still(self, names: Sequence[str]) -> list[Folder | None]:
        unseen = [name for name in names if name not in self._looked_at and name not in self._folders]
        self._looked_at.update(unseen)
        self._folders.update((folder.name, folder) for folder in super()._still(unseen) if folder)
        return list(map(self._folders.get, names))


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
