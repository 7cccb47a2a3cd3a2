"""What is stored in S3, a chunk at a time: as much memory for a large object as for a small one."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable

from ..blobs import CHUNK, checked
from ..errors import ProviderUnavailable
from ..gzip_members import NotGzip, parts_of
from .client import S3Client
from .contents import Stored

# Of one request: a slow client then holds no connection, and what breaks off is repeated.
_WINDOW = 2 * 2**20
# At hand before a chunk is made. So much gzip makes none only where it was written to that end.
_AHEAD = 3 * CHUNK
_INLINE = 32 * 1024


class _Feed:
    """Stored bytes as they arrive, in parts, for who takes them. `size` of those at hand; `over`: no more will come."""

    def __init__(self) -> None:
        self._parts: deque[bytes] = deque()
        self.size = 0
        self.over = False

    def add(self, content: bytes) -> None:
        self._parts.extend(parts_of(content, CHUNK))
        self.size += len(content)

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> bytes:
        if self._parts:
            part = self._parts.popleft()
            self.size -= len(part)
            return part
        if self.over:
            raise StopIteration
        raise NotGzip


async def chunks(client: S3Client, find: Callable[[], Stored]) -> AsyncGenerator[bytes]:
    """The content of what is found, as Datastore.stream gives it."""
    stored = find()
    first = await client.part(stored.at, 0, _WINDOW)
    if first is None:
        raise stored.absent
    feed, read, total = _Feed(), len(first.content), first.size
    feed.add(first.content)
    pieces = checked(feed, stored.sha, packed=stored.is_packed(first))
    while True:
        while read < total and feed.size < _AHEAD:
            found = await client.part(stored.at, read, min(_WINDOW, total - read), first.version)
            if found is None or not found.content:
                raise ProviderUnavailable("It was removed while it was read.")
            feed.add(found.content)
            read += len(found.content)
        feed.over = read >= total
        chunk = next(pieces, b"") if total <= _INLINE else await asyncio.to_thread(next, pieces, b"")
        if not chunk:
            return
        yield chunk
