"""The bytes of a content-addressed store and of included files: bounded, inflated, and what their names say."""

import hashlib
import os
import re
import zlib

from ..errors import ArtifactTooLarge, ArtifactUnreadable
from . import files, forms
from .files import Unreadable

_SHA = re.compile("[0-9a-f]{40}")
_GZIP = b"\x1f\x8b"
# Metaflow writes one; of many, each costs a copy of the rest.
_MOST_MEMBERS = 16


def is_sha(text: str) -> bool:
    return _SHA.fullmatch(text) is not None


def stored(base: str, folder: str, sha: str, limit: int, *, raw: bool = False) -> bytes | None:
    """The blob of a flow's store, None where there is none (metaflow/datastore/content_addressed_store.py).

    `raw`: as it is stored, whatever stands beside it.
    """
    path = f"{folder}/{sha[:2]}/{sha}"
    return content(base, path, sha, limit, packed=not raw and not is_raw(base, f"{path}_meta"))


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
    data = inflated(found[0], limit, sha) if packed else found[0]
    if hashlib.sha1(data, usedforsecurity=False).hexdigest() != sha:
        raise _damaged(sha)
    return data


def inflated(packed: bytes, limit: int, sha: str) -> bytes:
    """The content of all gzip members; what follows them and is no member is left out."""
    content = bytearray()
    for _ in range(_MOST_MEMBERS):
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            content += member.decompress(packed, limit + 1 - len(content))
        except zlib.error as error:
            raise _damaged(sha) from error
        if len(content) > limit:
            raise _too_large(limit)
        if not member.eof:
            break
        packed = member.unused_data
        if not packed.startswith(_GZIP):
            return bytes(content)
    raise _damaged(sha)


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
