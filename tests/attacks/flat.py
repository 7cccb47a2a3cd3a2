"""Arrow streams written table by table, as FlatBuffers: what each message says is up to the caller."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

INT, FLOAT, TEXT, BOOL, DECIMAL, MOMENT, LIST, STRUCT, ARRAY, MANY, VIEWS = 2, 3, 20, 6, 7, 10, 12, 13, 16, 21, 24
NULL, SCHEMA, DICTIONARY, BATCH = 1, 1, 2, 3
LAST = b"\xff\xff\xff\xff\x00\x00\x00\x00"


class Flat(NamedTuple):
    """A table, a vector or a text, with all that it leads to; `start` is where offsets to it lead."""

    data: bytes
    start: int = 0


def short(value: int) -> bytes:
    return struct.pack("<h", value)


def whole(value: int) -> bytes:
    return struct.pack("<i", value)


def long(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)


def table(*fields: bytes | Flat | None) -> Flat:
    """Fields in their order: numbers as they are, the rest by offsets."""
    places, at = list[int](), 4
    for field in fields:
        places.append(0 if field is None else at)
        at += 0 if field is None else 4 if isinstance(field, Flat) else len(field)
    described = struct.pack(f"<{2 + len(places)}H", 4 + 2 * len(places), at, *places)
    found = bytearray(described + whole(len(described)))
    after = len(described) + at
    for field in fields:
        if isinstance(field, Flat):
            found += struct.pack("<I", after + field.start - len(found))
            after += len(field.data)
        elif field is not None:
            found += field
    return Flat(bytes(found) + b"".join(field.data for field in fields if isinstance(field, Flat)), len(described))


def tables(*items: Flat) -> Flat:
    places, after = b"", 4 + 4 * len(items)
    for index, item in enumerate(items):
        places += struct.pack("<I", after + item.start - 4 - 4 * index)
        after += len(item.data)
    return Flat(struct.pack("<I", len(items)) + places + b"".join(item.data for item in items))


def repeated(item: Flat, count: int) -> Flat:
    """A vector of one table, over and over."""
    places = range(4 * count + item.start, item.start, -4)
    return Flat(struct.pack(f"<{count + 1}I", count, *places) + item.data)


def numbers(count: int, data: bytes) -> Flat:
    return Flat(struct.pack("<I", count) + data)


def text(value: str | bytes) -> Flat:
    data = value if isinstance(value, bytes) else value.encode()
    return numbers(len(data), data)


def column(name: str | bytes, kind: int, described: Flat, children: Flat | None = None, *more: Flat | None) -> Flat:
    """`more`: how it is chosen from a dictionary, what is noted of it."""
    choosing, noted = (*more, None, None)[:2]
    return table(text(name), b"\x01", bytes([kind]), described, choosing, children or tables(), noted)


NOTHING = table()
INT64 = table(whole(64), b"\x01")
NUMBERS = column("n", INT, INT64)


def noted(key: str, value: bytes) -> Flat:
    return tables(table(text(key), text(value)))


def message(kind: int, header: Flat, body: bytes = b"", length: int | None = None) -> bytes:
    described = table(short(4), bytes([kind]), header, long(len(body) if length is None else length))
    root = whole(described.start + 4) + described.data
    return b"\xff\xff\xff\xff" + whole(len(root)) + root + body


def schema(*columns: Flat, fields: Flat | None = None, endianness: int = 0) -> bytes:
    return message(SCHEMA, table(short(endianness), fields or tables(*columns)))


def rows(length: int, nodes: Sequence[int], buffers: Sequence[int], *more: Flat | None) -> Flat:
    """`nodes`: length and missing ones of each array; `buffers`: offset and length of each; `more`: compression, and
    the numbers of further buffers of views.
    """
    compression, views = (*more, None, None)[:2]
    described = (numbers(len(nodes) // 2, long(*nodes)), numbers(len(buffers) // 2, long(*buffers)))
    return table(long(length), *described, compression, views)


def batch(header: Flat, body: bytes = b"", length: int | None = None) -> bytes:
    return message(BATCH, header, body, length)


def dictionary(key: int, header: Flat, body: bytes = b"", *, added: bool = False) -> bytes:
    return message(DICTIONARY, table(long(key), header, bytes([added])), body)
