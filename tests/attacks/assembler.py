"""Pickles written opcode by opcode: each function here gives the bytes that leave one value on the stack."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["value", "TooLarge", "Unreadable"]
Part = bytes | tuple[bytes, int]  # the bytes, or so many times the bytes: written out only while they are read
PROTOCOL = b"\x80\x04"
NONE, TRUE, EMPTY_LIST, EMPTY_TUPLE, EMPTY_DICT, EMPTY_SET = b"N", b"\x88", b"]", b")", b"}", b"\x8f"
_LARGE = 50_000  # bytes
MARK, MEMOIZE, REDUCE, NEWOBJ, BUILD, DUP, POP = b"(", b"\x94", b"R", b"\x81", b"b", b"2", b"0"


@dataclass(frozen=True)
class Attack:
    """What is tried, and how it ends: in an inert value that every view shows, or in an error."""

    make: Callable[[], bytes]
    ends: Outcome = "value"


Family = dict[str, Attack]


def attack(*parts: Part, ends: Outcome = "value") -> Attack:
    """Of a pickle of protocol 4 with these parts."""
    return raw(PROTOCOL, *parts, b".", ends=ends)


def raw(*parts: Part, ends: Outcome = "value") -> Attack:
    kept = [(_kept(part), 1) if isinstance(part, bytes) else (_kept(part[0]), part[1]) for part in parts]
    return Attack(lambda: b"".join(make() * times for make, times in kept), ends)


def _kept(part: bytes) -> Callable[[], bytes]:
    # Whoever holds them all is forked for each, which costs what is mapped.
    if len(part) < _LARGE:
        return lambda: part
    packed = zlib.compress(part, 1)
    return lambda: zlib.decompress(packed)


def whole(*parts: bytes) -> bytes:
    return PROTOCOL + b"".join(parts) + b"."


def text(value: str) -> bytes:
    return sized_text(value.encode("utf-8", "surrogatepass"))


def sized_text(encoded: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def blob(value: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(value)) + value


def integer(value: int) -> bytes:
    encoded = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8b" + struct.pack("<I", len(encoded)) + encoded


def real(value: float) -> bytes:
    return b"G" + struct.pack(">d", value)


def thing(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def named(dotted: str) -> bytes:
    """The global `module:name`."""
    return thing(*dotted.split(":"))


def pair(*values: bytes) -> bytes:
    return MARK + b"".join(values) + b"t"


def listed(*values: bytes) -> bytes:
    return EMPTY_LIST + MARK + b"".join(values) + b"e"


def members(*values: bytes) -> bytes:
    return EMPTY_SET + MARK + b"".join(values) + b"\x90"


def frozen(*values: bytes) -> bytes:
    return MARK + b"".join(values) + b"\x91"


def mapped(*pairs: tuple[bytes, bytes]) -> bytes:
    return EMPTY_DICT + MARK + b"".join(key + value for key, value in pairs) + b"u"


def stated(**state: bytes) -> bytes:
    return mapped(*((text(name), value) for name, value in state.items()))


def called(callee: bytes, *args: bytes) -> bytes:
    return callee + pair(*args) + REDUCE


def new(callee: bytes, *args: bytes) -> bytes:
    return callee + pair(*args) + NEWOBJ


def built(target: bytes, state: bytes) -> bytes:
    return target + state + BUILD


def attribute(owner: bytes, *path: str) -> bytes:
    for name in path:
        owner = called(named("builtins:getattr"), owner, text(name))
    return owner


def recalled(index: int) -> bytes:
    """What was memoized as so manieth, from 0."""
    return b"j" + struct.pack("<I", index)
