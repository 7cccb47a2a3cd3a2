"""What is stored in S3 under the digest of its content: whole, from a cache where it is there."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import NamedTuple, cast

from .. import blobs
from ..cache import ByteCache
from ..disk_cache import DiskCache
from ..errors import ArtifactUnreadable, ProviderUnavailable
from .client import S3Client
from .connection import Found
from .locations import Location

# As much comes with the first request. More is read when there is room for it: of a batch, this is held sixteenfold.
_FIRST = 4 * 2**20
# Such are inflated where they are: a hop into a thread takes as long as 10 KB of gzip do.
_INLINE = 32 * 1024
# What of it is kept in memory: task outcomes, graphs and parameters, which every status needs.
_SMALL = 65_536


class Stored(NamedTuple):
    """Where a content lies, and its digest; `packed` by gzip or not, None: as was kept with it.

    `absent` is raised where nothing is stored.
    """

    at: Location
    sha: str
    packed: bool | None
    absent: ArtifactUnreadable

    def is_packed(self, found: Found) -> bool:
        """As it was found there; ArtifactUnreadable where what was kept with it does not tell."""
        return not blobs.is_raw(found.attributes) if self.packed is None else self.packed


class NoRoom(Exception):
    """The others of the batch take all the memory that it may have."""


@dataclass(slots=True)
class Room:
    """What a batch may still hold: `left` bytes. Whoever needs much of it waits for the others who do."""

    left: float = inf
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def require(self) -> None:
        """Raises NoRoom."""
        if self.left <= 0:
            raise NoRoom


@dataclass(frozen=True, slots=True)
class Contents:
    """Reads contents by their digests. `disk` keeps them between processes."""

    client: S3Client
    cache: ByteCache
    disk: DiskCache | None = None

    async def read(self, stored: Stored, limit: int, room: Room) -> bytes:
        """The content, of at most `limit` bytes; raises ArtifactTooLarge, ArtifactUnreadable and NoRoom."""
        known = ("content", stored.at, stored.packed)
        content = cast("bytes | None", self.cache.get(known))
        if content is not None and len(content) <= limit:
            room.require()
            return content
        content = await self._from_disk(stored, limit, room)
        if content is None:
            content = await self._from_s3(stored, limit, room)
            if self.disk is not None:
                await asyncio.to_thread(self.disk.put, str(stored.at), stored.sha, content)
        if len(content) <= _SMALL:
            self.cache.put(known, content, len(content) + 500)
        return content

    async def _from_disk(self, stored: Stored, limit: int, room: Room) -> bytes | None:
        if self.disk is None:
            return None
        async with room.lock:
            room.require()
            return await asyncio.to_thread(self.disk.get, str(stored.at), stored.sha, limit)

    async def _from_s3(self, stored: Stored, limit: int, room: Room) -> bytes:
        room.require()
        found = await self.client.part(stored.at, 0, _FIRST)
        if found is None:
            raise stored.absent
        meant = partial(blobs.content, sha=stored.sha, limit=limit, packed=stored.is_packed(found))
        if found.size > blobs.largest(limit, packed=stored.is_packed(found)):
            raise blobs.too_large(limit)
        if found.size <= _INLINE:
            room.require()
            return meant(found.content)
        async with room.lock:
            room.require()
            return await asyncio.to_thread(meant, await self._whole(stored.at, found))

    async def _whole(self, at: Location, found: Found) -> bytes:
        have = len(found.content)
        if have >= found.size:
            return found.content
        rest = await self.client.part(at, have, found.size - have, found.version)
        if rest is None or have + len(rest.content) != found.size:
            raise ProviderUnavailable("It was removed while it was read.")
        return found.content + rest.content
