"""Arrow's arrays as pyarrow pickles them, as Series."""

from collections.abc import Sequence
from typing import cast

from ..errors import FAULTS
from ..pickles.payloads import Payload
from ..stand_ins import Instance
from .arrow_layouts import DEEPEST, Layout, Piece, Room
from .arrow_types import type_of
from .arrow_values import series_in
from .series import Series, joined

_MOST = 5000  # arrays that stand in one another: small pickles can share theirs over and over


def arrow_series(value: object, room: Room | None = None) -> Series | None:
    """The values of an Array or a ChunkedArray; None of what is none, or of a type that is not read."""
    try:
        return _series(value, room or Room())
    except FAULTS:
        return None


def _series(value: object, room: Room) -> Series | None:
    if not isinstance(value, Instance) or value.callee.module != "pyarrow.lib":
        return None
    if value.callee.attribute == "ChunkedArray":
        chunks, type_ = (*value.args, None)[:2]
        found = [_series(chunk, room) for chunk in cast(list[object], chunks)]
        described = type_of(type_)
        if None in found or (described is None and not found):
            return None
        series = cast(list[Series], found)
        return joined(series, described.name if described else series[0].dtype)
    if len(value.args) != 1 or not value.callee.attribute.endswith("Array"):
        return None
    return series_in(_layout(cast(Sequence[object], value.args[0]), DEEPEST, [_MOST], room))


def _layout(parts: Sequence[object], depth: int, left: list[int], room: Room) -> Layout:
    """type, length, missing, start, buffers, children, dictionary: the arguments of _restore_array."""
    type_, length, _, start, buffers, children, dictionary = parts
    found = type_of(type_)
    left[0] -= 1
    if found is None or type(length) is not int or type(start) is not int or depth == 0 or left[0] < 0:
        raise ValueError
    within = [_layout(cast(Sequence[object], child), depth - 1, left, room) for child in _several(children)]
    choices = _layout(cast(Sequence[object], dictionary), depth - 1, left, room) if dictionary else None
    pieces = [_piece(buffer) for buffer in cast(list[object], buffers)]
    return Layout(found, length, start, pieces, within, series_in(choices) if choices else None, room)


def _several(children: object) -> list[object]:
    return cast(list[object], children) if isinstance(children, list) else []


def _piece(value: object) -> Piece | None:
    """pyarrow.lib.py_buffer(bytes), or nothing."""
    if isinstance(value, Instance) and value.callee.attribute == "py_buffer" and value.args:
        value = value.args[0]
    if isinstance(value, bytes | bytearray | Payload):
        return Piece(value, 0, len(value))
    if value is None:
        return None
    raise ValueError
