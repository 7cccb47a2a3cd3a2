"""The bytes of a blob, a chunk at a time: as much memory for a large one as for a small one."""

import os
from collections.abc import Callable
from threading import Lock

from .. import blobs
from ..blobs import CHUNK
from . import files
from .files import Unreadable


class BlobReader:
    """Reads what is stored at `path`, below `base`; `packed` by gzip, or as it is. To be closed."""

    def __init__(self, base: str, path: str, sha: str, *, packed: bool) -> None:
        self._pieces = blobs.checked(iter(self._read, b""), sha, packed=packed)
        self._file: int | None = None
        try:
            self._file = files.opened_file(base, path)
        except Unreadable as error:
            raise blobs.unreadable(error) from error

    @property
    def exists(self) -> bool:
        return self._file is not None

    def next(self) -> bytes:
        """The next chunk, empty at the end; ArtifactUnreadable where the whole was not what `sha` says."""
        return next(self._pieces, b"")

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _read(self) -> bytes:
        return b"" if self._file is None else os.read(self._file, CHUNK)


class Reading:
    """A BlobReader that threads read: opened by the first, and not closed before the last has left it.

    Whoever waits for a thread may give up meanwhile; a descriptor that is closed under a read may by then be another
    file's, or a socket's.
    """

    def __init__(self, opened: Callable[[], BlobReader]) -> None:
        self._opened = opened
        self._reader: BlobReader | None = None
        self._inside = Lock()
        self._over = False

    def next(self) -> bytes:
        """As that of BlobReader; nothing once it is closed."""
        try:
            with self._inside:
                if self._over:
                    return b""
                self._reader = self._reader or self._opened()
                return self._reader.next()
        finally:
            if self._over:
                self.close()

    def close(self) -> None:
        """Without waiting: where a thread is inside, it closes as it leaves."""
        self._over = True
        if self._inside.acquire(blocking=False):
            try:
                if self._reader:
                    self._reader.close()
            finally:
                self._inside.release()
