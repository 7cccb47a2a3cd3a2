"""JSON objects that clients send, read such that they mean the same to everybody (RFC 8259)."""

import asyncio
import json
import re
from collections import Counter
from typing import Any, cast

import orjson

from ..providers.pathspec import shown
from .errors import RequestError, refused, refused_beyond
from .limits import VARIABLE_VALUES

# To look for names that come twice takes 10 ms for each MiB, and up to 100 for one of empty objects.
_AT_ONCE = 16_384
# Lists and objects: a MiB of them takes 70 ms to be made, which nothing can interrupt.
_NESTED = VARIABLE_VALUES.value
# Also one without an end, so that none is begun anew at each quote within it. Without a way back, ten times as fast.
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


async def json_object(text: bytes, what: str) -> dict[str, Any]:
    """The object; RequestError (400) where `what` is none, or has a name twice in one object."""
    if _nested(text) > _NESTED and _nested(_TEXT.sub(b"", text)) > _NESTED:
        raise refused_beyond(VARIABLE_VALUES, f"{what} has too many lists and objects", 400)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _mistaken(_unread(text, what, error)) from error
    if not isinstance(value, dict):
        raise _mistaken(f"{what} must be a JSON object.")
    try:
        if len(text) > _AT_ONCE:
            name = await asyncio.to_thread(_twice, text)
        else:
            name = None if _colons(text) == _names(value) else _twice(text)
    except RecursionError as error:
        raise _mistaken(f"{what} is nested too deep.") from error
    if name is not None:
        raise _mistaken(f"{what} has the name {shown(name)} twice in one object.")
    return cast(dict[str, Any], value)


def _unread(text: bytes, what: str, error: orjson.JSONDecodeError) -> str:
    """Why it could not be read; of bytes, where they are none of UTF-8: what orjson says of these, says nothing."""
    try:
        text.decode()
    except UnicodeDecodeError as wrong:
        return f"{what} is not in UTF-8: its byte {wrong.start} (counted from 0) is 0x{text[wrong.start]:02x}."
    return f"{what} is not JSON: {error}."


def _nested(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def _colons(text: bytes) -> int:
    """One behind each name, also of those that come twice."""
    return _TEXT.sub(b"", text).count(b":")


def _names(value: Any) -> int:
    """How many names all objects have together, in which none comes twice any more."""
    names, left = 0, [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            names += len(cast("dict[str, Any]", one))
            left += cast("dict[str, Any]", one).values()
        elif isinstance(one, list):
            left += cast("list[Any]", one)
    return names


def _twice(text: bytes) -> str | None:
    """A name that an object has more than once: libraries differ in which of the values they take."""
    found: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> None:
        if len(dict(pairs)) < len(pairs) and not found:
            (name, _), *_ = Counter(name for name, _ in pairs).most_common(1)
            found.append(name)

    json.loads(text, object_pairs_hook=look)
    return found[0] if found else None


def _mistaken(message: str) -> RequestError:
    return refused("BAD_USER_INPUT", message, 400)
