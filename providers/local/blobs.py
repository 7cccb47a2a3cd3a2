"""The bytes of a content-addressed store and of included files: bounded, inflated, and what their names say."""

import hashlib
import os
import re

from ..errors import ArtifactTooLarge, ArtifactUnreadable
from ..gzip_members import NotGzip, inflated, parts_of
from . import files, forms
from .files import Unreadable

_SHA = re.compile("[0-9a-f]{40}")
_PIECE = 256 * 1024


def is_sha(text: str) -> bool:
    return _SHA.fullmatch(text) is not None


def content(base: str, path: str, sha: str, limit: int, *, packed: bool) -> bytes | None:
    """What is stored there, of at most `limit` bytes, if `sha` is its digest; None where nothing is."""
    # What gzip can't compress takes little more than it is long.
    largest = limit + limit // 512 + 65536 if packed else limit
    try:
        status = files.status(path)
        if status is not None and status.st_size > largest:
            raise _too_large(limit)
        found = files.read(base, path, largest)
    except Unreadable as error:
        raise ArtifactUnreadable(f"The stored bytes {sha} can't be read: {error}.") from error
    if found is None:
        return None
    data = _inflated(found[0], limit, sha) if packed else found[0]
    if hashlib.sha1(data, usedforsecurity=False).hexdigest() != sha:
        raise _damaged(sha)
    return data


def _inflated(packed: bytes, limit: int, sha: str) -> bytes:
    content = bytearray()
    try:
        for piece in inflated(parts_of(packed, _PIECE), _PIECE):
            content += piece
            if len(content) > limit:
                raise _too_large(limit)
    except NotGzip as error:
        raise _damaged(sha) from error
    return bytes(content)


def is_raw(base: str, path: str) -> bool:
    """Whether a blob is stored as it is, by what stands beside it (content_addressed_store.py)."""
    try:
        found = files.read(base, path)
        # Stores of long ago have no such file, and pack everything.
        how = forms.STORED.read(found[0]) if found else forms.Stored(cas_version=1)
    except Unreadable as error:
        raise ArtifactUnreadable(f"How {os.path.basename(path)[:40]} is stored can't be read: {error}.") from error
    if not how.cas_raw and how.cas_version != 1:
        raise ArtifactUnreadable(f"It is stored in the version {how.cas_version} of Metaflow's store, not in 1.")
    return how.cas_raw


def _too_large(limit: int) -> ArtifactTooLarge:
    return ArtifactTooLarge(f"It has more than {limit} bytes.")


def _damaged(sha: str) -> ArtifactUnreadable:
    return ArtifactUnreadable(f"The stored bytes {sha} are damaged.")
