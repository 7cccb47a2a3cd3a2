"""Tar archives made by hand, sound and hostile."""

import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping

BLOCK = 512


def tar(files: Mapping[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    """The files, in the standard library's words, uncompressed."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=format) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


def package(files: Mapping[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    """The same as Metaflow packs it."""
    return packed(tar(files, format))


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def entry(name: bytes, kind: bytes = b"0", content: bytes = b"", size: bytes | None = None) -> bytes:
    """A header in old words, with its checksum, and its content; `size` is what the header says, whatever there is."""
    told = b"%011o" % len(content) if size is None else size
    fields = [name.ljust(100, b"\0"), b"0000644\0", b"0000000\0" * 2, told.ljust(12, b"\0"), b"0" * 11 + b"\0"]
    header = b"".join(fields) + b" " * 8 + kind
    header = header.ljust(257, b"\0") + b"ustar\x0000"
    header = header.ljust(BLOCK, b"\0")
    header = header[:148] + b"%06o\0 " % sum(header) + header[156:]
    return header + content + b"\0" * (-len(content) % BLOCK)


def hand_made(entries: Iterable[bytes]) -> bytes:
    return packed(b"".join(entries) + b"\0" * 2 * BLOCK)
