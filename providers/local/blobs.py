"""The stored bytes of a content-addressed store and of included files, below a folder."""

from .. import blobs
from . import files
from .files import Unreadable


def content(base: str, path: str, sha: str, limit: int, *, packed: bool) -> bytes | None:
    """What is stored there, of at most `limit` bytes, if `sha` is its digest; None where nothing is."""
    largest = blobs.largest(limit, packed=packed)
    try:
        status = files.status(path)
        if status is not None and status.st_size > largest:
            raise blobs.too_large(limit)
        found = files.read(base, path, largest)
    except Unreadable as error:
        raise blobs.unreadable(error) from error
    return None if found is None else blobs.content(found[0], sha, limit, packed=packed)


def is_raw(base: str, path: str) -> bool:
    """Whether the blob at `path` is stored as it is."""
    try:
        found = files.read(base, f"{path}_meta")
    except Unreadable as error:
        raise blobs.how_unreadable(error) from error
    return blobs.is_raw(found and found[0])
