"""Answers in a content coding that the client takes (RFC 9110, section 8.4)."""

import asyncio
import gzip
from collections.abc import Callable
from importlib import import_module
from typing import Any

from .negotiation import IDENTITY

# What fits one packet arrives no sooner for being smaller.
SMALL = 1_400
# So much takes a millisecond; while more is compressed, which lets go of the interpreter's lock, others go on.
_AT_ONCE = 32_768
_GZIP_LEVEL = 5
_BROTLI_QUALITY = 4

Content = bytes | memoryview
Compress = Callable[[Content], bytes]


def _by_gzip(content: Content) -> bytes:
    return gzip.compress(content, _GZIP_LEVEL, mtime=0)


def _by_brotli(library: Any) -> Compress:
    return lambda content: library.compress(bytes(content), quality=_BROTLI_QUALITY)


def _by_zstandard(library: Any) -> Compress:
    return lambda content: library.ZstdCompressor().compress(content)  # one is for one thread


def _known() -> dict[str, Compress]:
    """How to compress, by coding, the best first: by those libraries that are installed, and by Python's own."""
    found: dict[str, Compress] = {}
    for coding, name, compress in (("zstd", "zstandard", _by_zstandard), ("br", "brotli", _by_brotli)):
        try:
            found[coding] = compress(import_module(name))
        except ImportError:
            continue
    return found | {"gzip": _by_gzip}


_CODINGS = _known()
CODINGS = tuple(_CODINGS)


async def compressed(content: Content, coding: str) -> Content:
    """The content in one of CODINGS; as it is in `identity`."""
    if coding == IDENTITY:
        return content
    if len(content) <= _AT_ONCE:
        return _CODINGS[coding](content)
    return await asyncio.to_thread(_CODINGS[coding], content)
