"""The file of trusted documents, read again when it has changed."""

import asyncio
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from .manifests import BadManifest, documents_in

_logger = logging.getLogger(__name__)


class TrustedDocuments:
    """The documents of a manifest; BadManifest at once if it can't be used.

    While a changed file can't be used, the documents that were read before are trusted, and the log says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = self._found()
        self._known = self._read()

    async def known(self) -> Mapping[str, str]:
        """By their ids, and by the SHA-256 of their texts, as the file stands."""
        state = self._found()
        if state != self._state:
            # Whoever asks meanwhile is answered by what was read before, and a bad file is told of once.
            self._state = state
            try:
                read = await asyncio.to_thread(self._read)
            except BadManifest as error:
                _logger.warning("The trusted documents stay as they were: %s", error)
            else:
                if self._state == state:  # else a newer one was read meanwhile
                    self._known = read
        return self._known

    def _found(self) -> tuple[int, int, int] | None:
        """What tells the file from another; None while there is none."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        # A file that is put in another's place (as Kubernetes does with configuration) is told by its inode.
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> Mapping[str, str]:
        try:
            return documents_in(self._path.read_bytes())
        except OSError as error:
            raise BadManifest(f"{self._path} can't be read: {error.strerror}") from error
        except BadManifest as error:
            raise BadManifest(f"{self._path} can't be used: {error}") from error
