"""The files of a gzipped tar archive, in one pass over it: nothing is unpacked to a disk, and no link is followed.

The standard library's reader takes a header's word for how much to read, jump back or allocate. This one goes forward,
knows regular files alone, and holds a chunk and what was asked for.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from . import usage
from .errors import ArtifactUnreadable, LimitExceeded
from .gzip_members import NotGzip, inflated, parts_of

_BLOCK = 512
_CHUNK = 256 * 1024
_LONGEST = 65_536  # bytes of what stands before a file to tell of its name
_OCTAL = re.compile(rb" *([0-7]*)[ \0]*")
_DIGITS = re.compile(rb"[0-9]{1,15}")

# Types of entries (POSIX.1-2017, pax, ustar Interchange Format; GNU tar's tar.h).
_REGULAR = frozenset({b"0", b"\0", b"7"})
_WITHOUT_CONTENT = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})  # links, devices, folders, pipes: sizes say nothing
_ABOUT_NEXT = frozenset({b"x", b"X"})
_LONG_NAME = b"L"
_SPARSE = b"S"


class Bounds(NamedTuple):
    """`inflated`: bytes of the archive. `entries`: its files; as many may tell of them. `names`: bytes of all names."""

    inflated: int
    entries: int
    names: int = 8 * 2**20


class File(NamedTuple):
    """A regular file of an archive; `content` where it was wanted. What is not UTF-8 in a name is U+FFFD."""

    path: str
    size: int
    content: bytes | None


class _Told(NamedTuple):
    """What entries before a file told of it."""

    name: bytes | None = None
    size: int | None = None
    sparse: bool = False


def files(packed: bytes, wanted: Callable[[str, int], bool], bounds: Bounds) -> Iterator[File]:
    """The regular files, as they come; with their contents where `wanted` says so, by path and size.

    Links, devices, folders and sparse files are left out. Raises ArtifactUnreadable where the archive is damaged,
    LimitExceeded beyond the bounds.
    """
    stream = _Stream(_inflated(packed, bounds.inflated))
    told, entries, found, names = _Told(), 0, 0, 0
    while header := stream.header():
        kind, size = header[156:157], _size(header)
        entries += 1
        if entries > 2 * bounds.entries or names > bounds.names:
            raise _too_many(bounds)
        if kind in _ABOUT_NEXT or kind == _LONG_NAME:
            body = stream.take(size, _LONGEST)
            told = told._replace(name=body.rstrip(b"\0")) if kind == _LONG_NAME else _extended(told, body)
            continue
        path = (_name(header) if told.name is None else told.name).decode("utf-8", "replace")
        size = 0 if kind in _WITHOUT_CONTENT else size if told.size is None else told.size
        names += len(path)
        if kind == _SPARSE:
            stream.skip_map(header)
        if kind in _REGULAR and path and not path.endswith("/") and not told.sparse:
            found += 1
            if found > bounds.entries:
                raise _too_many(bounds)
            content = stream.take(size, size) if wanted(path, size) else stream.skip(size)
            yield File(path, size, content)
        else:
            stream.skip(size)
        if kind not in (b"K", b"g"):  # these stand between a file and what tells of it
            told = _Told()


def _too_many(bounds: Bounds) -> LimitExceeded:
    return LimitExceeded(f"It holds too much: {bounds.entries} files at most (codeFiles in serverInfo.limits).")


class _Stream:
    """Bytes that come in chunks, taken in blocks; only ever forward."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""
        self._at = 0

    def header(self) -> bytes | None:
        """The next header; None at the end, which is a block of zeros or that of the bytes."""
        block = b"".join(self._pieces(_BLOCK))
        if not block or (len(block) == _BLOCK and not block.strip(b"\0")):
            return None
        if len(block) < _BLOCK or not _is_sound(block):
            raise _damaged()
        return block

    def take(self, size: int, most: int) -> bytes:
        """The content of an entry."""
        if size > most:
            raise _damaged()
        content = b"".join(self._pieces(size))
        if len(content) < size:
            raise _damaged()
        self._pass(-size % _BLOCK)
        return content

    def skip(self, size: int) -> None:
        """Go on behind the content of an entry."""
        self._pass(size + -size % _BLOCK)

    def skip_map(self, header: bytes) -> None:
        """Go on behind the rest of a sparse file's map, which may take more blocks."""
        more = header[482]
        while more:
            block = b"".join(self._pieces(_BLOCK))
            if len(block) < _BLOCK:
                raise _damaged()
            more = block[504]

    def _pass(self, size: int) -> None:
        if sum(map(len, self._pieces(size))) < size:
            raise _damaged()

    def _pieces(self, size: int) -> Iterator[bytes]:
        while size:
            if self._at == len(self._chunk):
                self._chunk, self._at = next(self._chunks, b""), 0
                if not self._chunk:
                    return
            piece = self._chunk[self._at : self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece


def _inflated(packed: bytes, limit: int) -> Iterator[bytes]:
    """The content in chunks; LimitExceeded once they hold more than `limit` bytes."""
    held = 0
    try:
        for chunk in inflated(parts_of(packed, _CHUNK), _CHUNK):
            usage.current.get().go_on()
            held += len(chunk)
            if held > limit:
                raise LimitExceeded(f"It inflates to more than {limit} bytes (codeInflatedBytes in serverInfo.limits).")
            yield chunk
    except NotGzip as error:
        raise _damaged() from error


def _is_sound(header: bytes) -> bool:
    """Whether its checksum, of unsigned or (as once) signed bytes, is right."""
    rest = header[:148] + b" " * 8 + header[156:]
    expected = _octal(header[148:156])
    unsigned = sum(rest)
    return unsigned == expected or unsigned - 256 * sum(byte > 127 for byte in rest) == expected


def _name(header: bytes) -> bytes:
    name, prefix = header[:100].split(b"\0", 1)[0], header[345:500].split(b"\0", 1)[0]
    return prefix + b"/" + name if prefix and header[257:263] == b"ustar\0" else name


def _size(header: bytes) -> int:
    """In octal digits, or, where the first bit is set, in base 256 (GNU tar); negative ones are none."""
    field = header[124:136]
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    return _octal(field)


def _octal(field: bytes) -> int:
    match = _OCTAL.fullmatch(field)
    if match is None:
        raise _damaged()
    return int(match[1] or b"0", 8)


def _extended(told: _Told, body: bytes) -> _Told:
    """What the records of a pax header, `27 path=a/long/name…\\n`, tell of the next file."""
    at = 0
    while at < len(body) and body[at]:
        digits, space, _ = body[at : at + 16].partition(b" ")
        end = at + (int(digits) if space and _DIGITS.fullmatch(digits) else 0)
        key, equals, value = body[at + len(digits) + 1 : end - 1].partition(b"=")
        if not equals or end > len(body) or body[end - 1 : end] != b"\n":
            raise _damaged()
        if key == b"path":
            told = told._replace(name=value)
        elif key == b"size":
            told = told._replace(size=_decimal(value))
        elif key.startswith(b"GNU.sparse."):
            told = told._replace(sparse=True)
        at = end
    return told


def _decimal(text: bytes) -> int:
    if _DIGITS.fullmatch(text) is None:
        raise _damaged()
    return int(text)


def _damaged() -> ArtifactUnreadable:
    return ArtifactUnreadable("It is no tar archive in gzip, or a damaged one.")
