"""The first rows of what is a table: of arrays, of lists of objects, and of what other modules read as one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from . import kinds
from .arrays import Array, array_of, scalar_of
from .columns import Column, Frame
from .dtypes import DType
from .errors import TooLarge
from .json_view import JSON, to_json
from .libraries import outline, table_of
from .limits import DEFAULT, Limits
from .numerals import decimal_text
from .stand_ins import Instance, shown_by, unwrapped
from .texts import text as text_of

_SIMPLE_KEYS: tuple[type, ...] = (int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Table:
    """The first rows, their cells in the order of the columns; `row_count` counts all rows."""

    columns: list[Column]
    rows: list[list[JSON]]
    row_count: int


def table(value: object, first: int, limits: Limits = DEFAULT) -> Table | None:
    """So many first rows; None of what is neither an array of one or two axes, nor a list of objects, nor a table of
    a library. TooLarge beyond the limits of to_json, or where the rows were not kept when the pickle was read.
    """
    frame = _frame(value, limits.items)
    if frame is None:
        return None
    shown = min(max(first, 0), frame.row_count)
    _fits(len(frame.columns) + shown * (frame.cells + 1), limits.items)
    cells = [list(row) for row in frame.rows(shown)]
    rows = cast(list[list[JSON]], to_json(cells, limits))
    return Table(list(frame.columns), rows, frame.row_count)


def _fits(values: int, most: int) -> None:
    if values > most:
        raise TooLarge(f"The table shows more than {most} values.")


def _frame(value: object, items: int) -> Frame | None:
    if isinstance(value, list | tuple):
        return _of_objects(cast(Sequence[object], value), items)
    if not isinstance(value, Instance):
        return None
    found = table_of(value, items)
    if found is not None:
        return found
    array = array_of(value)
    return None if array is None else _of_array(array, items)


def _of_array(array: Array, items: int) -> Frame | None:
    if len(array.shape) == 2:
        count, width = array.shape
        _fits(width, items)
        columns = [Column(str(index), array.dtype.name) for index in range(width)]
        rows = cast(Callable[[int], Sequence[Sequence[object]]], array.rows)
        return Frame(columns, count, rows, width * array.dtype.cells)
    if len(array.shape) != 1:
        return None
    if array.dtype.fields:
        return _of_records(array)
    columns = [Column("value", array.dtype.name)]
    return Frame(columns, array.size, lambda first: [[value] for value in array.rows(first)], array.dtype.cells)


def _of_records(array: Array) -> Frame:
    """A column for each field."""
    columns = [Column(field.name, _type_of(field.dtype)) for field in array.dtype.fields]
    return Frame(
        columns, array.size, lambda first: [_row(columns, record) for record in array.rows(first)], array.dtype.cells
    )


def _type_of(dtype: DType) -> str:
    return f"({dtype.short!r}, {dtype.shape})" if dtype.shape else dtype.name


def _row(columns: Sequence[Column], record: object) -> list[object]:
    fields = cast(dict[str, object], record) if isinstance(record, dict) else {}
    return [fields.get(column.name) for column in columns]


def _of_objects(values: Sequence[object], items: int) -> Frame | None:
    """A list whose members all have names for their parts."""
    if not values or not all(type(value) in (dict, Instance) for value in values):
        return None
    names: dict[str, None] = {}
    looked = 0
    for value in values:
        record = _record(value)
        if record is None:
            return None
        looked += len(record) + 1
        if looked <= items:  # the same large dict may stand in a list many times
            names.update(dict.fromkeys(record))
    columns = [Column(name, None) for name in names]
    return Frame(
        columns, len(values), lambda first: [_row(columns, _record(value)) for value in values[:first]], len(columns)
    )


def _record(value: object) -> Mapping[str, object] | None:
    """The parts of an object by their names; None of what has none."""
    if isinstance(value, Instance):
        if value.callee.shown is not None:
            instead = shown_by(value.callee.shown, value)
            return _by_name(cast(object, instead)) if isinstance(instead, dict) else None
        return _parts(value)
    return _by_name(value)


def _parts(value: Instance) -> Mapping[str, object] | None:
    if (
        any(found is not None for found in (text_of(value), array_of(value), scalar_of(value)))
        or outline(value) is not None
    ):
        return None
    pairs = kinds.mapping(value)
    if pairs is not None:
        return _by_name(dict(pairs)) if all(type(key) is str for key, _ in pairs) else None
    if kinds.is_missing(value) or kinds.sequence(value) is not None or kinds.extends_its_argument(value):
        return None
    fields = kinds.fields(value)
    return None if not fields or "args" in fields else fields


def _by_name(value: object) -> Mapping[str, object] | None:
    """The dict with its keys as the JSON view writes them."""
    pairs = cast(dict[object, object], value)
    if set(map(type, pairs)) <= {str}:
        return cast(dict[str, object], pairs)
    named: dict[str, object] = {}
    for key, inner in pairs.items():
        plain = unwrapped(key)
        name = plain if isinstance(plain, str) else _name(plain)
        if name is None:
            return None
        named[name] = inner
    return named if len(named) == len(pairs) else None


def _name(key: object) -> str | None:
    if type(key) is int:
        return decimal_text(key)
    return str(key) if type(key) in _SIMPLE_KEYS else None
