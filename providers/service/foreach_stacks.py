"""The metadata `foreach-stack`: a list, which the service keeps as PostgreSQL writes arrays: {letters=a,"x=1,2"}.

Local metadata have a JSON list there; one value has one form, wherever it was recorded.
"""

import re
from typing import Any

import msgspec

from . import rows

_NAME = "foreach-stack"
# https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
_ELEMENT = re.compile(r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^"\\{},]+))(?P<end>,|\Z)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def value(row: rows.MetadataRow) -> Any:
    """The value of a metadata row."""
    if row.field_name != _NAME or not isinstance(row.value, str):
        return row.value
    elements = _elements(row.value)
    return row.value if elements is None else msgspec.json.encode(elements).decode()


def _elements(literal: str) -> list[str | None] | None:
    """The elements of a one-dimensional array; None of what is none."""
    if not (literal.startswith("{") and literal.endswith("}")):
        return None
    inner, found, at = literal[1:-1], list[str | None](), 0
    while at < len(inner):
        match = _ELEMENT.match(inner, at)
        if match is None or (match["end"] == "," and match.end() == len(inner)):
            return None
        plain = match["plain"]
        quoted = None if match["quoted"] is None else _ESCAPED.sub(r"\1", match["quoted"])
        found.append(quoted if plain is None else None if plain == "NULL" else plain)
        at = match.end()
    return found
