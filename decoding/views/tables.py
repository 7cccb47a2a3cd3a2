"""The first rows of what is a table: of arrays, of frames, and of lists of objects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from ..arrays.dtypes import DType
from ..arrays.numpy_arrays import Array
from ..arrays.torch_tensors import Tensor
from ..errors import FAULTS, TooLarge, Unreadable
from ..frames.frames import Frame, Grid, Labels
from ..frames.series import Series
from ..limits import DEFAULT, Limits
from ..pickles.cells import Cells
from ..stand_ins import Instance
from .headings import columns_of
from .json_view import JSON, to_json
from .objects import kind_of
from .records import record_rows
from .rows import Column, Rows


@dataclass(frozen=True, slots=True)
class Table:
    """The first rows, their cells in the order of the columns; `row_count` counts all rows."""

    columns: list[Column]
    rows: list[list[JSON]]
    row_count: int


def table(value: object, first: int, limits: Limits = DEFAULT) -> Table | None:
    """So many first rows; None of what is neither an array or a tensor of one or two axes, nor a list of objects, nor
    a table, an index or a column of a library. TooLarge beyond the limits of to_json, or where the rows were not kept
    when the pickle was read.
    """
    rows = _rows(value, limits)
    if rows is None:
        return None
    shown = min(max(first, 0), rows.count)
    _fits(len(rows.columns) + shown * (rows.cells + 1), limits.items)
    found = rows.first(shown)
    cells = found if isinstance(found, Grid) else [list(row) for row in found]
    return Table(list(rows.columns), _shown(cells, limits), rows.count)


def _shown(cells: Grid | list[list[object]], limits: Limits) -> list[list[JSON]]:
    try:
        return cast(list[list[JSON]], to_json(cells, limits))
    except FAULTS as error:
        raise Unreadable("The parts of the table do not fit together.") from error


def _fits(values: int, most: int) -> None:
    if values > most:
        raise TooLarge(f"The table shows more than {most} values.")


def _rows(value: object, limits: Limits) -> Rows | None:
    if isinstance(value, list | tuple):
        return record_rows(cast(Sequence[object], value), limits)
    if isinstance(value, Cells):  # of a long list of dicts
        return record_rows(value.head(), limits, value)
    if not isinstance(value, Instance):
        return None
    match kind_of(value):
        case Array() as array:
            return _of_array(array, array.dtype.name, limits.items)
        case Tensor(dtype, array=Array() as array):
            return _of_array(array, dtype, limits.items)
        case Frame() | Labels() | Series() as found:
            return _of_columns(found, limits.items)
        case _:
            return None


def _of_columns(found: Frame | Labels | Series, items: int) -> Rows | None:
    try:
        named = columns_of(found)
    except FAULTS:
        return None
    _fits(len(named), items)
    columns = [Column(name, series.dtype) for name, series in named]
    return Rows(columns, found.length, lambda first: Grid([series for _, series in named], first), len(columns))


def _of_array(array: Array, dtype: str | None, items: int) -> Rows | None:
    if len(array.shape) == 2:
        count, width = array.shape
        _fits(width, items)
        columns = [Column(str(index), dtype) for index in range(width)]
        return Rows(
            columns,
            count,
            cast(Callable[[int], Sequence[Sequence[object]]], array.rows),
            width * array.dtype.cells,
        )
    if len(array.shape) != 1:
        return None
    if array.dtype.fields:
        return _of_records(array)
    column = Column("value", dtype)
    return Rows([column], array.size, lambda first: [[value] for value in array.rows(first)], array.dtype.cells)


def _of_records(array: Array) -> Rows:
    """A column for each field; what is masked as a whole has none of them."""
    columns = [Column(field.name, _type_of(field.dtype)) for field in array.dtype.fields]

    def first(many: int) -> list[list[object]]:
        records = [cast(dict[str, object], record or {}) for record in array.rows(many)]
        return [[record.get(column.name) for column in columns] for record in records]

    return Rows(columns, array.size, first, array.dtype.cells)


def _type_of(dtype: DType) -> str:
    return f"({dtype.short!r}, {dtype.shape})" if dtype.shape else dtype.name
