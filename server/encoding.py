"""Answers as JSON; large ones in slices, such that other requests are not kept waiting.

Rows may be structs (execution/rows.py): msgspec encodes those faster than any library does dicts.
"""

import asyncio
import json
import math
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from time import perf_counter
from typing import Any, cast

import msgspec

from ..providers import usage
from ..providers.artifacts import KEPT
from . import limits
from .errors import refused_beyond

# Seconds between two chances for others. Encoding holds the interpreter's lock: a thread would not help.
SLICE = 0.001
# Values that are encoded in one go without a look at the time: less than a millisecond.
_AT_ONCE = 4_000
# Entries of a list that are encoded in one go, unweighed, where those before came to few bytes; and to how many bytes
# they may come if they are larger: some milliseconds. Artifacts may share a value that is large.
_MOST, _SMALL, _SURPRISE = 256, 131_072, 16 * 2**20
_TEXT = 1000  # characters that take as long as one value
_LEAVES = frozenset({int, float, bool, type(None)})

_encoder = msgspec.json.Encoder()


async def encoded(answer: dict[str, Any]) -> memoryview:
    """The JSON of an answer, in UTF-8; RequestError where it is beyond ANSWER_BYTES."""
    begun = perf_counter()
    made = bytearray()
    for _ in _written(answer, made, _most()):
        if len(made) > limits.ANSWER_BYTES.value:
            raise refused_beyond(limits.ANSWER_BYTES, "The answer is too large")
        if perf_counter() - begun > SLICE:
            await asyncio.sleep(0)
            begun = perf_counter()
    return memoryview(made)


def dumps(value: Any, *, indent: bool = False) -> bytes:
    """The JSON of a value in one go."""
    made = bytearray()
    _write(value, made)
    return msgspec.json.format(bytes(made)) if indent else bytes(made)


def _write(value: Any, made: bytearray) -> None:
    """Add the JSON of a value in one go."""
    start = len(made)
    try:
        _encoder.encode_into(value, made, -1)
    except (TypeError, UnicodeEncodeError):  # a class derived from str, and text that is no Unicode (a file's name)
        made[start:] = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":")).encode()


def _most() -> int:
    """How many entries may be encoded in one go, by the largest value that this operation can have come upon."""
    largest = limits.VALUES_BYTES.value - usage.current.get().values_left
    return max(1, min(_MOST, int(_SURPRISE / max(largest, KEPT))))


def _written(value: Any, made: bytearray, most: int) -> Iterator[None]:
    """Add what is large in parts. Small ones, for to weigh it takes longer than to encode it."""
    if _weight(value) < _AT_ONCE:
        _write(value, made)
        yield
    else:
        yield from _parts_written(value, made, most)


def _parts_written(value: Any, made: bytearray, most: int) -> Iterator[None]:
    """Add a value that weighs too much to be added in one go, if it has parts."""
    if isinstance(value, msgspec.Struct):
        value = _as_dict(value)
    if isinstance(value, dict) and value:
        yield from _dict_written(cast(dict[str, Any], value), made, most)
    elif isinstance(value, list) and value:
        yield from _list_written(cast(list[Any], value), made, most)
    else:  # text
        _write(value, made)
        yield


def _list_written(entries: list[Any], made: bytearray, most: int) -> Iterator[None]:
    """An entry alone is weighed; of more it is seen what those before came to."""
    mark, start, many = b"[", 0, 1
    while start < len(entries):
        part = entries[start : start + many]
        start += many
        if many == 1 and _weight(part[0]) >= _AT_ONCE:
            made += mark
            yield from _parts_written(part[0], made, most)
        else:
            before = len(made)
            _write_open(part, made, mark)
            many = min(4 * many, most) if len(made) - before < _SMALL else 1
            yield
        mark = b","
    made += b"]"


def _dict_written(entries: dict[str, Any], made: bytearray, most: int) -> Iterator[None]:
    """What is small together, as much as goes at once."""
    mark, run, weight = b"{", dict[str, Any](), 0
    for key, entry in entries.items():
        # One entry alone weighs as much as all, which is known.
        of_entry = _weight(entry) if len(entries) > 1 else _AT_ONCE
        if run and weight + of_entry > _AT_ONCE:
            _write_open(run, made, mark)
            yield
            mark, run, weight = b",", dict[str, Any](), 0
        if of_entry < _AT_ONCE:
            run[key] = entry
            weight += of_entry
        else:
            made += mark
            _write(key, made)
            made += b":"
            yield from _parts_written(entry, made, most)
            mark = b","
    if run:
        _write_open(run, made, mark)
    made += b"}"
    yield


def _write_open(entries: list[Any] | dict[str, Any], made: bytearray, mark: bytes) -> None:
    """Add entries without brackets around them, the mark in the place of the first."""
    at = len(made)
    _write(entries, made)
    made[at : at + 1] = mark
    del made[-1]


def _weight(value: Any) -> int:
    """How many values it holds, and of text so many as take as long; not counted further than _AT_ONCE."""
    weight, characters = 1, 0
    left: list[Collection[object]] = [[value]]
    while left and weight + characters // _TEXT < _AT_ONCE:
        for one in left.pop():
            if isinstance(one, str):
                characters += len(one)
            elif type(one) not in _LEAVES:
                inner = _entries(type(one))(one)
                weight += len(inner)
                left.append(inner)
    return weight + characters // _TEXT


@lru_cache(maxsize=2_000)
def _entries(kind: type) -> Callable[[Any], Collection[Any]]:
    """What gives the values that are in a value of a class."""
    if issubclass(kind, msgspec.Struct):
        return msgspec.structs.astuple
    if issubclass(kind, dict):
        return cast(Callable[[Any], Collection[Any]], dict.values)
    return _itself if issubclass(kind, list | tuple) else lambda _: ()


def _itself(value: Collection[Any]) -> Collection[Any]:
    return value


def _as_dict(row: msgspec.Struct) -> dict[str, Any]:
    return dict(zip(row.__struct_encode_fields__, msgspec.structs.astuple(row), strict=True))


def _plain(value: Any) -> Any:
    """The same, of what the standard encoder encodes as msgspec would; surrogates become U+FFFD."""
    if isinstance(value, msgspec.Struct):
        value = _as_dict(value)
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast(list[Any], value)]
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return None if isinstance(value, float) and not math.isfinite(value) else value
