"""Answers as JSON; large ones in slices, such that other requests are not kept waiting."""

import asyncio
import json
import math
from collections.abc import Iterable, Iterator
from itertools import chain
from time import perf_counter
from typing import Any, cast

import orjson

from .errors import refused
from .limits import ANSWER_BYTES

# Seconds between two chances for others. Encoding holds the interpreter's lock: a thread would not help.
SLICE = 0.004
# Values that are encoded in one go without a look at the time: less than a millisecond.
_AT_ONCE = 4_000
_TEXT = 1000  # characters that take as long as one value
_CONTAINERS: frozenset[type] = frozenset({list, dict})


async def encoded(answer: dict[str, Any]) -> bytes:
    """The JSON of an answer, in UTF-8; RequestError where it is beyond ANSWER_BYTES."""
    begun = perf_counter()
    pieces: list[bytes] = []
    room = ANSWER_BYTES
    for piece in _pieces(answer):
        pieces.append(piece)
        room -= len(piece)
        if room < 0:
            message = f"The answer is too large: answerBytes is {ANSWER_BYTES} at the most."
            raise refused("LIMIT_EXCEEDED", message)
        if perf_counter() - begun > SLICE:
            await asyncio.sleep(0)
            begun = perf_counter()
    return b"".join(pieces)


def dumps(value: Any, *, indent: bool = False) -> bytes:
    """The JSON of a value in one go."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else None)
    except orjson.JSONEncodeError:  # text that is no Unicode (a file's name), or nested deeper than 254
        return json.dumps(_plain(value), ensure_ascii=False, indent=2 if indent else None).encode()


def _pieces(value: Any) -> Iterator[bytes]:
    """What is large in parts. Small ones, for to weigh it takes longer than to encode it."""
    if not (isinstance(value, dict | list) and value) or _weight(value) < _AT_ONCE:
        yield dumps(value)
    elif isinstance(value, list):
        yield from _of_list(cast(list[Any], value))
    else:
        yield from _of_dict(cast(dict[str, Any], value))


def _of_list(entries: list[Any]) -> Iterator[bytes]:
    """Parts as long as time allows: an entry alone is weighed, of more it is seen what the part before took."""
    mark, start, many = b"[", 0, 1
    while start < len(entries):
        part = entries[start : start + many]
        start += many
        if many == 1 and _weight(part[0]) >= _AT_ONCE:
            yield mark
            yield from _pieces(part[0])
        else:
            begun = perf_counter()
            piece = dumps(part)[1:-1]
            many = many * 2 if perf_counter() - begun < SLICE / 4 else (many + 1) // 2
            yield mark
            yield piece
        mark = b","
    yield b"]"


def _of_dict(entries: dict[str, Any]) -> Iterator[bytes]:
    mark, run, weight = b"{", dict[str, Any](), 0
    for key, entry in entries.items():
        of_entry = _weight(entry)
        if run and weight + of_entry > _AT_ONCE:
            yield mark + dumps(run)[1:-1]
            mark, run, weight = b",", {}, 0
        if of_entry < _AT_ONCE:
            run[key] = entry
            weight += of_entry
        else:
            yield mark + dumps(key) + b":"
            yield from _pieces(entry)
            mark = b","
    yield (mark + dumps(run)[1:-1] if run else b"") + b"}"


def _weight(value: Any) -> int:
    """How many values it holds, and of text so many as take as long; not counted further than _AT_ONCE."""
    weight = 1
    level: list[Any] = [value]
    while level:
        texts = [one for one in level if type(one) is str]
        level = [one for one in level if type(one) in _CONTAINERS] if len(texts) < len(level) else []
        weight += sum(map(len, level)) + sum(map(len, texts)) // _TEXT
        if weight >= _AT_ONCE:
            break
        level = list(chain.from_iterable(map(_entries, level)))
    return weight


def _entries(container: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


def _plain(value: Any) -> Any:
    """The same, of what the standard encoder encodes as orjson would; surrogates become U+FFFD."""
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast(list[Any], value)]
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return None if isinstance(value, float) and not math.isfinite(value) else value
