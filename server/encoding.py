"""Answers as JSON; large ones in slices, such that other requests are not kept waiting."""

import asyncio
import json
import math
from collections.abc import Iterator
from time import perf_counter
from typing import Any, cast

import orjson

# Seconds between two chances for others. Encoding holds the interpreter's lock: a thread would not help.
SLICE = 0.004


async def encoded(answer: dict[str, Any]) -> bytes:
    """The JSON of an answer, in UTF-8."""
    begun = perf_counter()
    pieces: list[bytes] = []
    for piece in _pieces(answer):
        pieces.append(piece)
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
    """Each entry of an object for itself; lists in runs of entries that take about half a slice to encode."""
    if isinstance(value, dict) and value:
        mark = b"{"
        for key, item in cast(dict[str, Any], value).items():
            yield mark + dumps(key) + b":"
            yield from _pieces(item)
            mark = b","
        yield b"}"
    elif isinstance(value, list) and value:
        entries = cast(list[Any], value)
        if len(entries) == 1:
            yield b"["
            yield from _pieces(entries[0])
            yield b"]"
            return
        mark, done, many = b"[", 0, 1
        while done < len(entries):
            begun = perf_counter()
            piece = mark + dumps(entries[done : done + many])[1:-1]
            took = perf_counter() - begun
            yield piece
            done += many
            many = max(1, min(many * 2, int(many * SLICE / 2 / (took + 1e-9))))
            mark = b","
        yield b"]"
    else:
        yield dumps(value)


def _plain(value: Any) -> Any:
    """The same, of what the standard encoder encodes as orjson would; surrogates become U+FFFD."""
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast(list[Any], value)]
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return None if isinstance(value, float) and not math.isfinite(value) else value
