"""Artifacts under a local datastore root. Whatever root metadata records, only the configured ones are read."""

import os
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import TypeVar, cast

from .. import included_files, records
from ..base import BlobKey, FileKey, FileStatus, InfoKey, PartKey
from ..blobs import gone, require_sha
from ..cache import ByteCache
from ..errors import GatewayError
from . import blobs, forms
from .files import Unreadable
from .root import require_local
from .stored_files import StoredFiles
from .streams import BlobReader, Reading
from .threads import Threads
from .tree import Tree, corrupt

T = TypeVar("T")

_CACHE_BYTES = 32 * 2**20
# Task outcomes, graphs and parameters, which every status needs; they can't change under their digest.
_SMALL = 16384


class LocalDatastore:
    """The datastore in `root/.metaflow`, for records of this and of other machines: a root of theirs means ours.

    `datatools_root` is where IncludeFile was configured to put its files, besides its two defaults; `card_roots` are
    folders that hold cards, besides those that Metaflow puts below its root.
    """

    def __init__(
        self,
        root: Path | None,
        datatools_root: Path | None = None,
        cache: ByteCache | None = None,
        threads: Threads | None = None,
        card_roots: Sequence[Path] = (),
    ) -> None:
        self._tree = Tree(root, "", cache or ByteCache(_CACHE_BYTES))
        self._threads = threads or Threads("local-datastore")
        beside = [] if root is None else [f"{os.path.realpath(root)}/mf.cards"]
        self._files = StoredFiles(self._tree.base, [*map(os.path.realpath, card_roots), *beside])
        included = [] if root is None else [root / "data", Path(self._tree.base, "data")]
        included += [datatools_root] if datatools_root else []
        self._included_roots = [os.path.realpath(folder) for folder in included]

    async def infos(self, keys: list[InfoKey]) -> list[dict[str, records.ArtifactInfo] | GatewayError | None]:
        return await self._threads.each("infos", self._info, keys)

    async def blobs(self, keys: list[BlobKey], limit: int, budget: int) -> list[bytes | GatewayError | None]:
        left = budget

        def read(key: BlobKey) -> bytes | None:
            nonlocal left
            if left <= 0:
                return None
            content = self._blob(key, limit)
            left -= len(content)
            return content

        return await self._threads.each("blobs", read, keys)

    async def included_files(self, urls: list[str], limit: int) -> list[bytes | GatewayError]:
        return await self._threads.each("included_files", lambda url: self._included(url, limit), urls)

    async def file_names(self, folders: list[FileKey]) -> list[list[str] | GatewayError]:
        return await self._threads.each("file_names", self._files.names, folders)

    async def file_statuses(self, files: list[FileKey]) -> list[FileStatus | GatewayError | None]:
        return await self._threads.each("file_statuses", self._files.status, files)

    async def file_parts(self, parts: list[PartKey]) -> list[bytes | GatewayError | None]:
        return await self._threads.each("file_parts", self._files.part, parts)

    async def close(self) -> None:
        self._threads.close()

    def stream(self, key: BlobKey) -> AsyncGenerator[bytes]:
        return self._streamed(lambda: self._reader(key))

    def included_stream(self, url: str) -> AsyncGenerator[bytes]:
        return self._streamed(lambda: self._included_reader(url))

    async def _streamed(self, opened: Callable[[], BlobReader]) -> AsyncGenerator[bytes]:
        reading = Reading(opened)
        try:
            while chunk := await self._threads.call(reading.next):
                yield chunk
        finally:
            reading.close()

    def _reader(self, key: BlobKey) -> BlobReader:
        _require_blob(key)
        path, packed = self._stored(key)
        reader = BlobReader(self._tree.base, path, key.sha, packed=packed)
        if not reader.exists:
            raise gone(key.flow)
        return reader

    def _included_reader(self, url: str) -> BlobReader:
        def read(root: str, path: str, sha: str) -> BlobReader | None:
            reader = BlobReader(root, path, sha, packed=True)
            return reader if reader.exists else None

        return self._of_included(url, read)

    def _info(self, key: InfoKey) -> dict[str, records.ArtifactInfo] | None:
        require_local(key.root)
        folder = self._tree.folder(key.task)
        name = f"{key.attempt}.data.json"
        if folder is None or name not in folder.files:
            return None
        found = self._tree.contents(folder, [name], lambda _, data: forms.DATA.read(data).info or {}).get(name)
        if isinstance(found, Unreadable):
            raise corrupt(key.task, found, f"What attempt {key.attempt} stored")
        return found

    def _blob(self, key: BlobKey, limit: int) -> bytes:
        _require_blob(key)
        known = ("blob", key.flow, key.sha, key.raw)
        content = cast("bytes | None", self._tree.cache.get(known))
        if content is None or len(content) > limit:
            path, packed = self._stored(key)
            content = blobs.content(self._tree.base, path, key.sha, limit, packed=packed)
            if content is None:
                raise gone(key.flow)
            if len(content) <= _SMALL:
                self._tree.cache.put(known, content, len(content) + 500)
        return content

    def _included(self, url: str, limit: int) -> bytes:
        def read(root: str, path: str, sha: str) -> bytes | None:
            return blobs.content(root, path, sha, limit, packed=True)

        return self._of_included(url, read)

    def _stored(self, key: BlobKey) -> tuple[str, bool]:
        """The path of a blob, and whether it is packed (metaflow/datastore/content_addressed_store.py)."""
        path = self._tree.path(key.path)
        return path, not key.raw and not blobs.is_raw(self._tree.base, path)

    def _of_included(self, url: str, read: Callable[[str, str, str], T | None]) -> T:
        """Metaflow puts a file at `<root>/<flow>/<sha>`: there it is looked for, whatever root the URL names."""
        require_local(url.removeprefix("local://"))
        flow, sha = included_files.place(url)
        for root in self._included_roots:
            found = read(root, f"{root}/{flow}/{sha}", sha)
            if found is not None:
                return found
        raise included_files.outside()


def _require_blob(key: BlobKey) -> None:
    require_local(key.root)
    require_sha(key)
