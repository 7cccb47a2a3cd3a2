"""Reading a pickle in every way there is, and looking at all that came out."""

import codecs
import datetime
import decimal
import fractions
import ipaddress
import pathlib
import pickle
import re
import uuid
import zoneinfo
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import orjson

from metaflow_graphql.decoding import (
    DecodingError,
    Global,
    Instance,
    Key,
    Limits,
    TableReader,
    decode,
    preview,
    table,
    to_json,
    type_name,
)

_CONTAINERS = (list, tuple, dict, set, frozenset, Key, Instance)
_PLAIN = {
    *(type(None), bool, int, float, complex, str, bytes, bytearray, range, Global),
    *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone, zoneinfo.ZoneInfo),
    *(decimal.Decimal, fractions.Fraction),
}
# So many of a value's parts are looked at for what they are.
_LOOKED_AT = 20_000
_ROWS = 20
_PIECE = 50_000
_LITTLE = 100_000  # bytes
_STREAMED = 1_000_000  # the same machine reads it

# For the tests, so that meeting them takes less time.
SMALLER = Limits(opcodes=1_500_000, memo=500_000, items=200_000, text=4 * 1024 * 1024, seconds=2)
# For what is to meet a limit, if only that of time.
SOONER = replace(SMALLER, seconds=1)


def outcome(pickled: bytes, limits: Limits = SMALLER) -> str:
    """`value`, or the DecodingError that it ended in; any other exception is the reader's fault, and passes."""
    streamed(pickled, limits)
    try:
        value = decode(pickled, limits)
    except DecodingError as error:
        return type(error).__name__
    strangers = {type(part).__name__ for part in parts(value)} - _KNOWN
    assert not strangers, strangers
    for length in (0, 200):
        assert len(preview(value, length, limits)) <= length
    type_name(value)
    tabled(value, limits)
    try:
        orjson.dumps(to_json(value, limits))
    except DecodingError as error:
        return type(error).__name__
    return "value"


def streamed(pickled: bytes, limits: Limits) -> None:
    """Reads it piece by piece, for the first rows of a table; and as if little of it could be held."""
    little = [replace(limits, bytes=_LITTLE)] if len(pickled) > _LITTLE // 8 else []
    for most in (limits, *little):
        reader = TableReader(_ROWS, most)
        with suppress(DecodingError):
            for start in range(0, min(len(pickled), _STREAMED), _PIECE):
                reader.feed(pickled[start : start + _PIECE])
            tabled(reader.close(), limits)


def tabled(value: object, limits: Limits) -> None:
    with suppress(DecodingError):
        found = table(value, _ROWS, limits)
        if found is not None:
            assert len(found.rows) == min(_ROWS, found.row_count)
            assert {len(row) for row in found.rows} <= {len(found.columns)}
            orjson.dumps(found.rows)


_KNOWN = {kind.__name__ for kind in (*_PLAIN, *_CONTAINERS)}


def parts(value: object) -> Iterator[object]:
    """The value, and what stands in it, at any depth; up to a number of them."""
    seen: set[int] = set()
    waiting = [value]
    while waiting and len(seen) < _LOOKED_AT:
        part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            waiting.extend(_within(part)[:_LOOKED_AT])
            yield part


def _within(part: Any) -> list[object]:
    if type(part) is Instance:
        pairs = [each for pair in part.pairs or [] for each in pair]
        return [part.callee, part.state, *part.args, *part.kwargs.items(), *(part.items or []), *pairs]
    if type(part) is Key:
        return [part.value]
    if type(part) is dict:
        return [*part.keys(), *part.values()]
    return list(cast("list[object]", part)) if isinstance(part, list | tuple | set | frozenset) else []


def warm_up() -> None:
    """Has all that Python itself reads once: codecs, and the zones that there are."""
    for codec in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "raw-unicode-escape"):
        codecs.lookup(codec)
    zone = zoneinfo.ZoneInfo("UTC")
    values = [
        *(decimal.Decimal("1.5"), fractions.Fraction(1, 3), uuid.UUID(int=7), re.compile("a"), pathlib.PurePath("a")),
        *(ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8"), datetime.datetime.now(zone), 1j, 2**70),
        *("\ud800", "é", b"\xff", bytearray(b"a"), {1: 2, (3,): {4}}, range(3), ValueError("v")),
    ]
    for protocol in range(6):
        assert outcome(pickle.dumps(values, protocol)) == "value"
