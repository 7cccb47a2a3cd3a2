"""What is kept of a long payload, or of many objects, for the first rows of the table that it belongs to."""

from collections.abc import Sequence
from math import prod
from typing import cast

from ..arrays.dtypes import dtype_of, shape_of
from ..arrays.numpy_arrays import mask_dtype
from ..limits import Limits
from ..pickles.payloads import pieces

PREFIX = 64 * 1024  # of a payload that is of no array
_LINES = 16_384  # a table has fewer columns
_COLUMNS = 2_000  # of a table that is stored by rows: wider arrays are stored by columns
_SHARE = 8  # one reading of one array may take this part of all that is kept

Ranges = list[tuple[int, int]]


def ranges(stack: Sequence[object], mark: int, length: int, first: int, limits: Limits) -> Ranges:
    """Pieces (start, stop) of a payload of that length, which comes next on the stack; the last mark is at `mark`.
    Of an array those that its first rows take, and those that a table takes whose columns are the array's rows;
    of anything else its beginning.
    """
    above = stack[mark:]
    if len(above) in (4, 5):  # the state of an array: version, shape, dtype, Fortran order, data, mask
        shape, dtype = shape_of(above[1]), dtype_of(above[2])
        if shape and dtype is not None and not dtype.boxed:
            size = dtype.itemsize if len(above) == 4 else mask_dtype(dtype).itemsize
            if prod(shape) * size == length:
                return _of_array(shape, size, cast(bool, above[3]), first, limits)
    return [(0, min(length, PREFIX))]


def _of_array(shape: tuple[int, ...], size: int, fortran: bool, first: int, limits: Limits) -> Ranges:
    """The first lines along the axis that changes slowest in memory, whole, and the beginning of each line along
    the one that changes fastest: in C order those are rows, and the columns of a table that is stored by columns.
    """
    slowest_first = shape[::-1] if fortran else shape
    line = slowest_first[-1]
    most = limits.bytes // _SHARE
    kept: Ranges = []
    prefix = min(first, slowest_first[0]) * prod(slowest_first[1:]) * size
    if prefix <= most:
        kept.append((0, prefix))
    lines, head = prod(slowest_first[:-1]), min(first, line) * size
    if lines <= _LINES and lines * head <= most:
        kept += [(index * line * size, index * line * size + head) for index in range(lines)]
    return pieces(kept)


def first_cells(shape: tuple[int, ...], first: int) -> Ranges:
    """Places in an array of objects, which are pickled in C order: its first rows, as far as a table has so many
    columns, and the beginning of each of its lines.
    """
    width, line, lines = prod(shape[1:]), shape[-1], prod(shape[:-1])
    kept: Ranges = [(0, min(first, shape[0]) * width)] if width <= _COLUMNS else []
    if lines <= _LINES:
        kept += [(index * line, index * line + min(first, line)) for index in range(lines)]
    return pieces([(start, stop) for start, stop in kept if start < stop])
