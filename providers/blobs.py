"""The bytes of a content-addressed store and of included files: bounded, inflated, and what their names say.

Rules: metaflow/datastore/content_addressed_store.py and, of included files, metaflow/includefile.py.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

from .base import BlobKey
from .errors import ArtifactTooLarge, ArtifactUnreadable
from .forms import STORED, Malformed, Stored
from .gzip_members import NotGzip, inflated, parts_of

CHUNK = 256 * 1024

_SHA = re.compile("[0-9a-f]{40}")


def is_sha(text: str) -> bool:
    return _SHA.fullmatch(text) is not None


def require_sha(key: BlobKey) -> None:
    """Raises ArtifactUnreadable where the key of a blob is none that Metaflow gives."""
    if not is_sha(key.sha):
        raise ArtifactUnreadable("Its record names no blob.")


def is_raw(attributes: bytes | None) -> bool:
    """Whether a blob is stored as it is, by what is kept beside it; ArtifactUnreadable where that does not tell."""
    try:
        # Stores of long ago have no such thing, and pack everything.
        how = Stored(cas_version=1) if attributes is None else STORED.read(attributes)
    except Malformed as error:
        raise how_unreadable(error) from error
    if not how.cas_raw and how.cas_version != 1:
        raise ArtifactUnreadable(f"It is stored in the version {how.cas_version} of Metaflow's store, not in 1.")
    return how.cas_raw


def largest(limit: int, *, packed: bool) -> int:
    """How many bytes may be stored for a content of `limit` bytes."""
    # What gzip can't compress takes little more than it is long.
    return limit + limit // 512 + 65536 if packed else limit


def content(stored: bytes, sha: str, limit: int, *, packed: bool) -> bytes:
    """What the stored bytes mean, if it has at most `limit` bytes and `sha` is its digest.

    Raises ArtifactTooLarge and ArtifactUnreadable.
    """
    data = _inflated(stored, limit) if packed else stored
    if len(data) > limit:
        raise too_large(limit)
    if hashlib.sha1(data, usedforsecurity=False).hexdigest() != sha:
        raise damaged()
    return data


def checked(stored: Iterable[bytes], sha: str, *, packed: bool) -> Iterator[bytes]:
    """What the stored bytes mean, in chunks; after the last ArtifactUnreadable where `sha` is not their digest."""
    digest = hashlib.sha1(usedforsecurity=False)
    try:
        for chunk in inflated(stored, CHUNK) if packed else stored:
            digest.update(chunk)
            yield chunk
    except NotGzip as error:
        raise damaged() from error
    if digest.hexdigest() != sha:
        raise damaged()


def _inflated(packed: bytes, limit: int) -> bytes:
    content = bytearray()
    try:
        for piece in inflated(parts_of(packed, CHUNK), CHUNK):
            content += piece
            if len(content) > limit:
                raise too_large(limit)
    except NotGzip as error:
        raise damaged() from error
    return bytes(content)


def too_large(limit: int) -> ArtifactTooLarge:
    return ArtifactTooLarge(f"It has more than {limit} bytes.")


# What they say does not name the bytes: a hash tells of a value, and who asks may not be one who may read it.


def damaged() -> ArtifactUnreadable:
    return ArtifactUnreadable("The stored bytes are damaged.")


def gone(flow: str) -> ArtifactUnreadable:
    return ArtifactUnreadable(f"The stored bytes are not, or no longer, in the datastore of flow {flow} that is read.")


def unreadable(reason: Exception) -> ArtifactUnreadable:
    return ArtifactUnreadable(f"The stored bytes can't be read: {reason}.")


def how_unreadable(reason: Exception) -> ArtifactUnreadable:
    return ArtifactUnreadable(f"How it is stored can't be read: {reason}.")
