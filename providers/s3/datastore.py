"""Artifacts, logs, cards and code packages under roots in S3; whatever root metadata record, no other is read."""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import cast

from .. import included_files, records, usage
from ..base import BlobKey, FileKey, FileStatus, InfoKey, PartKey
from ..blobs import gone, require_sha
from ..cache import ByteCache
from ..disk_cache import DiskCache
from ..errors import CorruptMetadata, GatewayError
from ..forms import DATA, Malformed
from . import streams
from .batches import each
from .client import S3Client, TooLong
from .contents import Contents, NoRoom, Room, Stored
from .locations import Location, Roots

_CACHE_BYTES = 32 * 2**20
_LARGEST_INFO = 8 * 2**20
_INLINE = 65_536
_MOST_NAMES = 10_000  # in one folder
# What a listing told of a file is still true for the same operation, but not for long.
_SEEN_SECONDS = 5
# Bytes in memory of what is kept: of each byte of a data file, and what stands around it.
_A_BYTE, _AN_ENTRY = 3, 900


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
        self._client = client
        self._roots = Roots(roots)
        self._roots_of_included = Roots([*(f"{root.rstrip('/')}/data" for root in roots), *datatools_roots])
        self._cache = cache or ByteCache(_CACHE_BYTES)
        self._contents = Contents(client, self._cache, disk)

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

    def stream(self, key: BlobKey) -> AsyncGenerator[bytes]:
        return streams.chunks(self._client, partial(self._blob, key))

    def included_stream(self, url: str) -> AsyncGenerator[bytes]:
        return streams.chunks(self._client, partial(self._included, url))

    async def _info(self, key: InfoKey) -> dict[str, records.ArtifactInfo] | None:
        at = self._roots.below(key.root, f"{key.task}/{key.attempt}.data.json")
        # Metaflow writes it once.
        kept = cast("dict[str, records.ArtifactInfo] | None", self._cache.get(("infos", at)))
        if kept is not None:
            return kept
        what = f"What attempt {key.attempt} stored of {key.task} can't be read"
        try:
            found = await self._client.get(at, _LARGEST_INFO)
            if found is None:
                return None
            large = found.size > _INLINE
            info = (await asyncio.to_thread(DATA.read, found.content) if large else DATA.read(found.content)).info or {}
        except TooLong as error:
            raise CorruptMetadata(f"{what}: it has more than {_LARGEST_INFO} bytes.") from error
        except Malformed as error:
            raise CorruptMetadata(f"{what}: {error}.") from error
        self._cache.put(("infos", at), info, _AN_ENTRY + _A_BYTE * found.size)
        return info

    def _blob(self, key: BlobKey) -> Stored:
        at = self._roots.below(key.root, key.path)
        require_sha(key)
        return Stored(at, key.sha, False if key.raw else None, gone(key))

    def _included(self, url: str) -> Stored:
        flow, sha = included_files.place(url)
        at = self._roots_of_included.below(url.removesuffix(f"/{flow}/{sha}"), f"{flow}/{sha}")
        return Stored(at, sha, True, included_files.gone(sha))

    async def _names(self, folder: FileKey) -> list[str]:
        below = self._roots.below(folder.root, folder.path)
        names, page = list[str](), None
        while len(names) < _MOST_NAMES:
            found = await self._client.listing(below, page=page)
            for listed in found.objects:
                name = listed.key.removeprefix(f"{below.key}/")
                if name:
                    names.append(name)
                    self._see(below.below(name), _status(listed.size, listed.version))
            page = found.more
            if page is None:
                break
        return sorted(names)[:_MOST_NAMES]

    async def _status(self, file: FileKey) -> FileStatus | None:
        at = self._roots.below(file.root, file.path)
        seen = self._seen(at)
        if seen is not None:
            return seen
        found = await self._client.head(at)
        return found and _status(found.size, found.version)

    async def _part(self, part: PartKey) -> bytes | None:
        at = self._roots.below(part.file.root, part.file.path)
        if part.length <= 0:
            return None if await self._status(part.file) is None else b""
        found = await self._client.part(at, part.start, part.length)
        return found and found.content

    def _see(self, at: Location, status: FileStatus) -> None:
        until = time.monotonic() + _SEEN_SECONDS
        self._cache.put(("status", usage.current.get(), at), (status, until), _AN_ENTRY)

    def _seen(self, at: Location) -> FileStatus | None:
        kept = cast("tuple[FileStatus, float] | None", self._cache.get(("status", usage.current.get(), at)))
        return kept[0] if kept is not None and time.monotonic() < kept[1] else None


def _status(size: int, version: str) -> FileStatus:
    # ETags are any text, of which a version is made a part of URLs and headers.
    return FileStatus(size, f"{size:x}-{hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest()[:16]}")
