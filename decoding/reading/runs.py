"""Elements of one form, side by side in a pickle: a regular expression finds them in a tenth of the time of steps."""

from functools import lru_cache
from re import DOTALL, Pattern, compile, escape

from ..pickles.opcodes import (
    BINFLOAT,
    BINGET,
    BININT,
    BININT1,
    BININT2,
    LONG_BINGET,
    MEMOIZE,
    NONE,
    REDUCE,
    SHORT_BINBYTES,
    SHORT_BINUNICODE,
    TUPLE1,
)

# What a class can be called with, as date, Decimal and their like are.
CALLED = frozenset({SHORT_BINBYTES, SHORT_BINUNICODE})
NOTES_OF_CALL = 3  # the argument, the tuple around it, the result
_END_OF_CALL = bytes([MEMOIZE, TUPLE1, MEMOIZE, REDUCE, MEMOIZE])
_PUSHES = frozenset({NONE, BINGET, LONG_BINGET, BINFLOAT, BININT, BININT1, BININT2})


def texts_of(data: bytearray, at: int, length: int) -> int:
    """How many texts of that length, each noted, stand here; 0 for less than two. Of two bytes, none that are one
    character up to ÿ.
    """
    end = at + length + 3
    if data[end] != SHORT_BINUNICODE or data[end + 1] != length:
        return 0
    return _many(_texts(length), data, at, length + 3)


def pushes(data: bytearray, at: int, width: int) -> int:
    """How many opcodes of the same byte, that each push a value and have that width, stand here."""
    return _many(_fixed(data[at], width), data, at, width) if data[at] in _PUSHES else 0


def calls(data: bytearray, at: int, width: int) -> int:
    """How many calls of what the memo has stand here, with one bytes or text of one length, all of it noted."""
    if data[at] not in (BINGET, LONG_BINGET):
        return 0
    length = data[at + width + 1]
    return _many(_call(data[at], width, data[at + width], length), data, at, width + length + 7)


def _many(pattern: Pattern[bytes], data: bytearray, at: int, size: int) -> int:
    found = pattern.match(data, at)
    return 0 if found is None else (found.end() - at) // size


@lru_cache(256)
def _texts(length: int) -> Pattern[bytes]:
    text = b"[^\xc2\xc3]." if length == 2 else b".{%d}" % length  # UTF-8 begins those of one character so
    return _repeated(escape(bytes([SHORT_BINUNICODE, length])) + text + escape(bytes([MEMOIZE])))


@lru_cache(16)
def _fixed(code: int, width: int) -> Pattern[bytes]:
    return _repeated(escape(bytes([code])) + b".{%d}" % (width - 1))


@lru_cache(256)
def _call(code: int, width: int, argument: int, length: int) -> Pattern[bytes]:
    callee = escape(bytes([code])) + b".{%d}" % (width - 1)
    return _repeated(callee + _sized(argument, length) + escape(_END_OF_CALL))


def _sized(code: int, length: int) -> bytes:
    return escape(bytes([code, length])) + b".{%d}" % length


def _repeated(form: bytes) -> Pattern[bytes]:
    return compile(b"(?:" + form + b")++", DOTALL)
