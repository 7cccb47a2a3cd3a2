"""What the datastore keeps of one attempt of a task: `N.data.json`, which names its artifacts, and smaller files."""

import asyncio
from typing import NamedTuple, cast

import msgspec

from .. import records
from ..cache import ByteCache
from ..errors import CorruptMetadata
from ..forms import Form, Malformed
from .client import S3Client, TooLong
from .locations import Location

_LARGEST = 8 * 2**20
_INLINE = 65_536
# Bytes in memory of what is kept: of each byte of a data file, and what stands around it.
_A_BYTE, _AN_ENTRY = 4, 900


class StoredArtifact(NamedTuple):
    """Where its bytes lie, and how they are encoded, where that is recorded."""

    sha: str
    encoding: str | None


class DataFile(NamedTuple):
    """The artifacts of an attempt by name, and what was recorded of them."""

    artifacts: dict[str, StoredArtifact]
    infos: dict[str, records.ArtifactInfo]


class _Info(msgspec.Struct):
    size: int | None = None
    type: str | None = None
    encoding: str | None = None


class _Data(msgspec.Struct):
    objects: dict[str, str] | None = None
    info: dict[str, _Info] | None = None


_DATA = Form(_Data)


class DataFiles:
    """Reads them, each once as long as the cache holds it: Metaflow writes it once."""

    def __init__(self, client: S3Client, cache: ByteCache) -> None:
        self._client = client
        self._cache = cache

    async def read(self, at: Location, what: str) -> DataFile | None:
        """The data file; None where there is none, CorruptMetadata, which begins with `what`, if it can't be read."""
        kept = cast("DataFile | None", self._cache.get(("data", at)))
        if kept is not None:
            return kept
        try:
            found = await self._client.get(at, _LARGEST)
            if found is None:
                return None
            large = found.size > _INLINE
            data = await asyncio.to_thread(_read, found.content) if large else _read(found.content)
        except TooLong as error:
            raise CorruptMetadata(f"{what}: it has more than {_LARGEST} bytes.") from error
        except Malformed as error:
            raise CorruptMetadata(f"{what}: {error}.") from error
        self._cache.put(("data", at), data, _AN_ENTRY + _A_BYTE * found.size)
        return data


def _read(content: bytes) -> DataFile:
    data = _DATA.read(content)
    infos = data.info or {}
    return DataFile(
        {name: StoredArtifact(sha, infos[name].encoding if name in infos else None) for name, sha in _objects(data)},
        {name: records.ArtifactInfo(info.size, info.type) for name, info in infos.items()},
    )


def _objects(data: _Data) -> list[tuple[str, str]]:
    return sorted((data.objects or {}).items())
