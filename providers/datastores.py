"""The datastore of a provider whose tasks may lie in several: each is asked for what metadata say is its own."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from . import records
from .base import BlobKey, Datastore, FileKey, FileStatus, InfoKey, PartKey
from .errors import ArtifactUnreadable, GatewayError

K = TypeVar("K")
R = TypeVar("R")

_S3 = "s3://"


class Datastores:
    """What a root or URL says is in S3 is asked of `s3`, all else of `local`; ArtifactUnreadable where that is None."""

    def __init__(self, local: Datastore | None, s3: Datastore | None) -> None:
        self._local = local
        self._s3 = s3

    async def infos(self, keys: list[InfoKey]) -> list[dict[str, records.ArtifactInfo] | GatewayError | None]:
        return await self._each(keys, lambda key: key.root, lambda datastore, some: datastore.infos(some))

    async def blobs(self, keys: list[BlobKey], limit: int, budget: int) -> list[bytes | GatewayError | None]:
        # Each always reads its first, so that half of the room is enough to go on.
        room = budget if len({self._datastore(key.root) for key in keys}) < 2 else budget // 2
        return await self._each(keys, lambda key: key.root, lambda datastore, some: datastore.blobs(some, limit, room))

    async def included_files(self, urls: list[str], limit: int) -> list[bytes | GatewayError]:
        return await self._each(urls, lambda url: url, lambda datastore, some: datastore.included_files(some, limit))

    async def file_names(self, folders: list[FileKey]) -> list[list[str] | GatewayError]:
        return await self._each(folders, lambda key: key.root, lambda datastore, some: datastore.file_names(some))

    async def file_statuses(self, files: list[FileKey]) -> list[FileStatus | GatewayError | None]:
        return await self._each(files, lambda key: key.root, lambda datastore, some: datastore.file_statuses(some))

    async def file_parts(self, parts: list[PartKey]) -> list[bytes | GatewayError | None]:
        return await self._each(parts, lambda key: key.file.root, lambda datastore, some: datastore.file_parts(some))

    def stream(self, key: BlobKey) -> AsyncGenerator[bytes]:
        datastore = self._datastore(key.root)
        return _nothing() if datastore is None else datastore.stream(key)

    def included_stream(self, url: str) -> AsyncGenerator[bytes]:
        datastore = self._datastore(url)
        return _nothing() if datastore is None else datastore.included_stream(url)

    async def close(self) -> None:
        for datastore in (self._local, self._s3):
            if datastore is not None:
                await datastore.close()

    def _datastore(self, place: str) -> Datastore | None:
        return self._s3 if place.startswith(_S3) else self._local

    async def _each(
        self,
        keys: list[K],
        place: Callable[[K], str],
        ask: Callable[[Datastore, list[K]], Awaitable[list[R | GatewayError]]],
    ) -> list[R | GatewayError]:
        """One entry for each key, in their order, each by the datastore of its place; all are asked side by side."""
        shares = dict[Datastore | None, list[K]]()
        for key in keys:
            shares.setdefault(self._datastore(place(key)), []).append(key)
        answers = await asyncio.gather(
            *(_none(some) if datastore is None else ask(datastore, some) for datastore, some in shares.items())
        )
        entries = {datastore: iter(answer) for datastore, answer in zip(shares, answers, strict=True)}
        return [next(entries[self._datastore(place(key))]) for key in keys]


async def _none(keys: list[K]) -> list[GatewayError]:
    return [_unknown() for _ in keys]


async def _nothing() -> AsyncGenerator[bytes]:
    raise _unknown()
    yield b""


def _unknown() -> ArtifactUnreadable:
    return ArtifactUnreadable("It is stored where the gateway is configured to read nothing.")
