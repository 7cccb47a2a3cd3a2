"""What gzip packed: the members of a stream, inflated in bounded pieces."""

import zlib
from collections.abc import Iterable, Iterator

_MAGIC = b"\x1f\x8b"
# Metaflow writes one.
_MOST = 16


class NotGzip(Exception):
    """The bytes are no gzip, are damaged or cut off, or have too many members."""


def inflated(packed: Iterable[bytes], piece: int) -> Iterator[bytes]:
    """The content of all members, in pieces of at most so many bytes; what follows them and is no member is left out.

    Raises NotGzip. Of long parts the rest is copied for each piece: they should be about as long as those.
    """
    parts = iter(packed)
    pending = b""
    for _ in range(_MOST):
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        while not member.eof:
            part = pending or next(parts, b"")
            try:
                content = member.decompress(part, piece)
            except zlib.error as error:
                raise NotGzip from error
            pending = member.unconsumed_tail
            if content:
                yield content
            elif not part and not member.eof:
                raise NotGzip
        pending = member.unused_data or next(parts, b"")
        if len(pending) == 1:
            pending += next(parts, b"")
        if not pending.startswith(_MAGIC):
            return
    raise NotGzip


def parts_of(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))
