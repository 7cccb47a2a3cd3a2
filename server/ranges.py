"""Conditions and ranges of requests for bytes (RFC 9110, sections 13 and 14)."""

import re
from typing import NamedTuple

from starlette.datastructures import Headers

_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII)
_TAG = re.compile(r'(?:W/)?("[^"]*")')


class Range(NamedTuple):
    """From `first` to `last`, both included; without `first`, the `last` so many bytes; without `last`, to the end."""

    first: int | None
    last: int | None


def unchanged(if_none_match: list[str], etag: str) -> bool:
    """Whether the client has what `etag` stands for, by the values of its header If-None-Match."""
    tags = ",".join(if_none_match)
    return tags.strip() == "*" or etag in _TAG.findall(tags)


def asked(headers: Headers, etag: str) -> Range | None:
    """The one range that is asked for; None is the whole.

    So it is where several are asked for, or what is no range of bytes, or a part of what has changed since.
    """
    if headers.get("if-range", etag) != etag:
        return None
    match = _RANGE.fullmatch(headers.get("range", ""))
    if match is None or match[1] == match[2] == "":
        return None
    first, last = (int(text) if text else None for text in match.groups())
    return None if first is not None and last is not None and first > last else Range(first, last)


def within(range: Range, length: int) -> tuple[int, int] | None:
    """From, up to: the part of so many bytes; None where no byte of them is in the range."""
    if range.first is None:
        start, end = max(0, length - (range.last or 0)), length
    else:
        start, end = range.first, length if range.last is None else min(range.last + 1, length)
    return (start, end) if start < end else None
