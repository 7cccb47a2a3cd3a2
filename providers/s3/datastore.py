"""Artifacts, logs, cards and code packages under roots in S3; whatever root metadata record, no other is read."""

import hashlib
import time
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import NamedTuple, cast

from .. import included_files, records, usage
from ..base import BlobKey, FileKey, FileStatus, InfoKey, PartKey
from ..batches import each
from ..blobs import gone, require_sha
from ..cache import ByteCache
from ..disk_cache import DiskCache
from ..errors import GatewayError
from . import streams
from .client import S3Client
from .connection import Listed
from .contents import Contents, NoRoom, Room, Stored
from .data_files import DataFiles
from .locations import Location, Roots

_CACHE_BYTES = 32 * 2**20
_MOST_NAMES = 10_000  # in one folder
# What a listing told of a file is still true for the same operation, but not for long.
_SEEN_SECONDS = 5
_AN_ENTRY = 900  # bytes in memory


class _Seen(NamedTuple):
    """The files of a folder by name, which holds `until` (time.monotonic())."""

    files: dict[str, Listed]
    until: float


class S3Datastore:
    """The datastores at `roots` (`s3://bucket/prefix`) and below them.

    `datatools_roots` are where IncludeFile was configured to put its files, besides the `data` of each root.
    """

    def __init__(
        self,
        client: S3Client,
        roots: Sequence[str],
        *,
        datatools_roots: Sequence[str] = (),
        cache: ByteCache | None = None,
        disk: DiskCache | None = None,
    ) -> None:
        self.client = client
        self._roots = Roots(roots)
        self._roots_of_included = Roots([*(f"{root.rstrip('/')}/data" for root in roots), *datatools_roots])
        self._cache = cache or ByteCache(_CACHE_BYTES)
        self._contents = Contents(client, self._cache, disk)
        self.data_files = DataFiles(client, self._cache)

    def see(self, folder: Location, files: Sequence[Listed]) -> None:
        """The operation has listed a folder, whole: these are its files, of which it need not ask again."""
        seen = _Seen({one.key.rpartition("/")[2]: one for one in files}, time.monotonic() + _SEEN_SECONDS)
        self._cache.put(("folder", usage.current.get(), folder), seen, _AN_ENTRY * (1 + len(files)))

    async def infos(self, keys: list[InfoKey]) -> list[dict[str, records.ArtifactInfo] | GatewayError | None]:
        return await each("infos", self._info, keys)

    async def blobs(self, keys: list[BlobKey], limit: int, budget: int) -> list[bytes | GatewayError | None]:
        room = Room(budget)

        async def read(key: BlobKey) -> bytes | None:
            try:
                content = await self._contents.read(self._blob(key), limit, Room() if key is keys[0] else room)
            except NoRoom:
                return None
            room.left -= len(content)
            return content

        return await each("blobs", read, keys)

    async def included_files(self, urls: list[str], limit: int) -> list[bytes | GatewayError]:
        async def read(url: str) -> bytes:
            return await self._contents.read(self._included(url), limit, Room())

        return await each("included_files", read, urls)

    async def file_names(self, folders: list[FileKey]) -> list[list[str] | GatewayError]:
        return await each("file_names", self._names, folders)

    async def file_statuses(self, files: list[FileKey]) -> list[FileStatus | GatewayError | None]:
        return await each("file_statuses", self._status, files)

    async def file_parts(self, parts: list[PartKey]) -> list[bytes | GatewayError | None]:
        return await each("file_parts", self._part, parts)

    async def close(self) -> None:
        await self.client.close()

    def stream(self, key: BlobKey) -> AsyncGenerator[bytes]:
        return streams.chunks(self.client, partial(self._blob, key))

    def included_stream(self, url: str) -> AsyncGenerator[bytes]:
        return streams.chunks(self.client, partial(self._included, url))

    async def _info(self, key: InfoKey) -> dict[str, records.ArtifactInfo] | None:
        at = self._roots.below(key.root, f"{key.task}/{key.attempt}.data.json")
        found = await self.data_files.read(at, f"What attempt {key.attempt} stored of {key.task} can't be read")
        return found and found.infos

    def _blob(self, key: BlobKey) -> Stored:
        at = self._roots.below(key.root, key.path)
        require_sha(key)
        return Stored(at, key.sha, False if key.raw else None, gone(key.flow))

    def _included(self, url: str) -> Stored:
        flow, sha = included_files.place(url)
        at = self._roots_of_included.below(url.removesuffix(f"/{flow}/{sha}"), f"{flow}/{sha}")
        return Stored(at, sha, True, included_files.gone())

    async def _names(self, folder: FileKey) -> list[str]:
        below = self._roots.below(folder.root, folder.path)
        listed, page = list[Listed](), None
        while len(listed) < _MOST_NAMES:
            found = await self.client.listing(below, page=page)
            listed += [one for one in found.objects if not one.key.endswith("/")]
            page = found.more
            if page is None:
                self.see(below, listed)
                break
        return sorted(one.key.rpartition("/")[2] for one in listed)[:_MOST_NAMES]

    async def _status(self, file: FileKey) -> FileStatus | None:
        at = self._roots.below(file.root, file.path)
        folder, _, name = at.key.rpartition("/")
        seen = cast("_Seen | None", self._cache.get(("folder", usage.current.get(), Location(at.bucket, folder))))
        if seen is not None and time.monotonic() < seen.until:
            one = seen.files.get(name)
            return one and _status(one.size, one.version)
        found = await self.client.head(at)
        return found and _status(found.size, found.version)

    async def _part(self, part: PartKey) -> bytes | None:
        at = self._roots.below(part.file.root, part.file.path)
        if part.length <= 0:
            return None if await self._status(part.file) is None else b""
        found = await self.client.part(at, part.start, part.length)
        return found and found.content


def _status(size: int, version: str) -> FileStatus:
    # ETags are any text, of which a version is made a part of URLs and headers.
    return FileStatus(size, f"{size:x}-{hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest()[:16]}")
