"""pandas' DataFrames, Series and indexes: what the blocks and axes of their pickles hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from ..arrays.numpy_arrays import array_of
from ..errors import FAULTS
from ..stand_ins import Global, Instance, named
from .frames import WIDEST, Frame, Labels
from .pandas_arrays import lines, series_of
from .series import Line, Series, chosen, constant

_MANAGERS = frozenset({"BlockManager", "SingleBlockManager"})


def labels_of(value: object) -> Labels | None:
    """The index that the Instance stands for."""
    if not isinstance(value, Instance):
        return None
    try:
        if value.callee.attribute == "MultiIndex" and value.callee.module.startswith("pandas"):
            return _levels(value)
        found = series_of(value)
        return None if found is None else Labels([found], [_name(value)], several=False)
    except FAULTS:
        return None


def frame_of(value: Instance) -> Frame | None:
    """The DataFrame or Series that the Instance stands for, also of classes that extend them."""
    state = named(value.state) or {}
    manager = state.get("_mgr", state.get("_data"))
    if not isinstance(manager, Instance) or manager.callee.attribute not in _MANAGERS:
        return None
    try:
        axes, blocks = _parts(manager)
        labels = [labels_of(axis) for axis in axes]
        if None in labels or not 1 <= len(labels) <= 2:
            return None
        *columns, index = cast(list[Labels], labels)
        if not columns:
            data = _read(blocks[0][0], 0, index.length) if len(blocks) == 1 else None
            return None if data is None else Frame(None, index, [data], state.get("_name", state.get("name")))
        found = _columns(blocks, columns[0].length, index.length)
        return None if found is None else Frame(columns[0], index, found)
    except FAULTS:
        return None


def _levels(value: Instance) -> Labels | None:
    fields = named(value.args[0] if value.args else None) or {}
    codes = cast(list[object], fields.get("codes", fields.get("labels")))
    names = cast(list[object], fields.get("names") or [None] * len(codes))
    found: list[Series] = []
    for level, places in zip(cast(list[object], fields["levels"]), codes, strict=True):
        choices, array = series_of(level), array_of(places)
        if choices is None or array is None or len(array.shape) != 1:
            return None
        found.append(chosen(Line(array, 0).series(), choices, choices.dtype))
    if not found or len({level.length for level in found}) > 1 or len(names) != len(found):
        return None
    return Labels(found, list(names), several=True)


def _name(value: Instance) -> object:
    return (named(value.args[0] if value.args else None) or {}).get("name")


def _parts(manager: Instance) -> tuple[list[object], list[tuple[object, object]]]:
    """The axes; and the values of each block with the places of its columns."""
    if manager.state is None:
        blocks, axes = cast(tuple[list[object], list[object]], manager.args)[:2]
        placed = [cast(Instance, block).args for block in blocks]
        return list(axes), [(parts[0], parts[1]) for parts in placed]
    *_, last = cast(tuple[object, ...], manager.state)
    described = cast(dict[str, list[object]], cast(dict[str, object], last)["0.14.1"])
    dicts = cast(list[dict[str, object]], described["blocks"])
    return list(described["axes"]), [(block["values"], block["mgr_locs"]) for block in dicts]


def _columns(blocks: list[tuple[object, object]], width: int, length: int) -> list[Series] | None:
    """One for each place; None where two are at one, or none is."""
    if width > WIDEST:
        return None
    found: list[Series | None] = [None] * width
    for values, places in blocks:
        many = lines(values)
        for line, place in enumerate(_places(places, many)):
            if not 0 <= place < width or found[place] is not None:
                return None
            found[place] = _read(values, line, length)
            if found[place] is None:
                return None
    return cast(list[Series], found) if None not in found else None


def _places(places: object, many: int) -> Iterator[int]:
    """As a slice or an array of them has it."""
    if isinstance(places, Instance) and places.name == "builtins.slice":
        start, stop, step = cast(tuple[int, int, int | None], places.args)
        found = range(start, stop, 1 if step is None else step)
    else:
        array = array_of(places)
        found = cast(list[int], array.elements()) if array is not None else []
    if len(found) != many:
        raise ValueError
    return iter(found)


def _read(values: object, line: int, length: int) -> Series | None:
    """The column; of arrays that are not known, their class in each place."""
    try:
        found = series_of(values, line)
    except FAULTS:
        found = None
    if found is None and isinstance(values, Instance) and array_of(values) is None:
        return constant(values.callee.attribute, length, Instance(Global(values.callee.module, values.callee.qualname)))
    return found if found is not None and found.length == length else None
