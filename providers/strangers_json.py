"""JSON that others wrote: any JSON, or none."""

import json
from typing import Any

from .. import decoding

JSON = Any
# Python refuses to make an int of more digits than this, for it takes long.
_DIGITS = 4300


class NotJSON(Exception):
    """The text is no JSON, or nothing that can be shown as such; the text of this says why."""


def read(text: str | bytes, limits: decoding.Limits | None = None) -> JSON:
    """The value, such that JavaScript reads it without loss: as of artifacts (decoding/views/json_view.py)."""
    try:
        value = json.loads(text, parse_constant=_no_number, parse_int=_integer)
        return decoding.to_json(value, limits or decoding.Limits())
    except (ValueError, RecursionError) as error:
        raise NotJSON("it is no JSON") from error
    except decoding.DecodingError as error:
        raise NotJSON("it is JSON beyond all measure") from error


def text(value: JSON) -> str:
    """The value as JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _no_number(_: str) -> None:
    """Python writes NaN and Infinity."""


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < _DIGITS else digits
