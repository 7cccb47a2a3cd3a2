"""numpy's arrays and scalars out of their pickles, without numpy: elements are made as they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TypeGuard, cast

from ..errors import FAULTS
from ..pickles.cells import Cells
from ..pickles.payloads import Payload, gathered
from ..stand_ins import Global, Instance
from .dtypes import DType, Field, cells_within, dtype_of, shape_of
from .elements import boxed, counts, nested, unpacked

Args = tuple[object, ...]
Source = bytes | bytearray | Payload | list[object] | Cells

_SCALARS = frozenset({"numpy._core.multiarray.scalar", "numpy.core.multiarray.scalar"})


@dataclass(frozen=True, slots=True)
class Array:
    """Elements are bool, int, float, complex, str, bytes (without the NULs that pad them), date, datetime and
    timedelta (text in ISO 8601 where Python's are too small or too coarse), dict for a record, a nested list for an
    array within a record, None for NaT and what is masked; of object arrays, whatever was decoded.
    """

    shape: tuple[int, ...]
    dtype: DType
    strides: tuple[int, ...]  # from one element to the next along each axis, in elements
    source: Source
    mask: Array | None = None

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def cells(self) -> int:
        """How many values the whole has as nested lists, lists included."""
        return cells_within(self.shape[:-1]) + self.size * self.dtype.cells

    def elements(self, start: int = 0, stop: int | None = None) -> list[object]:
        """Those from start to stop in C order, whatever the order in which they are stored.
        TooLarge where they are in a part of the pickle that was not kept.
        """
        start, stop, _ = slice(start, stop).indices(self.size)
        if start >= stop:
            return []
        if isinstance(self.source, list | Cells):
            found = self.source[start:stop]
            found = [boxed(self.dtype, value) for value in found] if self.dtype.fields else found
        else:
            found = self._read(0, self.shape, self.strides, start, stop, counted=False)
        return found if self.mask is None else list(map(_shown, found, self.mask.elements(start, stop)))

    def counts(self, start: int = 0, stop: int | None = None) -> list[int]:
        """What datetimes and timedeltas are stored as: their distance from 1970 in units; -2**63 for NaT."""
        start, stop, _ = slice(start, stop).indices(self.size)
        if start >= stop or isinstance(self.source, list | Cells):
            return []
        return cast(list[int], self._read(0, self.shape, self.strides, start, stop, counted=True))

    def rows(self, first: int) -> list[object]:
        """So many along the first axis: elements, or nested lists of them. A 0-d array has none."""
        if not self.shape:
            return []
        shape = (min(first, self.shape[0]), *self.shape[1:])
        return nested(self.elements(0, prod(shape)), shape)

    def _read(
        self, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], start: int, stop: int, *, counted: bool
    ) -> list[object]:
        """The elements of a part of the array, in its C order; `offset` is the place of its first."""
        row = prod(shape[1:])
        if len(shape) <= 1 or (strides[0] == row and _standard(shape, strides)):
            step = strides[-1] if len(shape) == 1 else 1
            return self._along(offset + start * step, stop - start, step, counted)
        found: list[object] = []
        while start < stop:
            index, within = divmod(start, row)
            whole = (stop - start) // row
            if within or not whole:
                end = min(stop, (index + 1) * row)
                found += self._read(
                    offset + index * strides[0], shape[1:], strides[1:], within, end - index * row, counted=counted
                )
            else:
                end = (index + whole) * row
                found += self._block(offset + index * strides[0], (whole, *shape[1:]), strides, counted)
            start = end
        return found

    def _block(self, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], counted: bool) -> list[object]:
        """Whole rows: read along the longest axis, so that the runs are few."""
        longest = max(range(len(shape)), key=shape.__getitem__)
        others = [axis for axis in range(len(shape)) if axis != longest]
        target = _c_strides(shape)
        found: list[object] = [None] * prod(shape)
        length, step = shape[longest], strides[longest]
        for index in product(*(range(shape[axis]) for axis in others)):
            place = offset + sum(strides[axis] * at for axis, at in zip(others, index, strict=True))
            into = sum(target[axis] * at for axis, at in zip(others, index, strict=True))
            end = into + (length - 1) * target[longest] + 1
            found[into : end : target[longest]] = self._along(place, length, step, counted)
        return found

    def _along(self, place: int, count: int, step: int, counted: bool) -> list[object]:
        """So many elements, from one place in the memory on."""
        if not step:  # torch's expanded tensors: the same element in each place
            return self._along(place, 1, 1, counted) * count
        places = range(place, place + (count - 1) * step + 1, step)
        data = gathered(cast(bytes | bytearray | Payload, self.source), places, self.dtype.itemsize)
        return list(counts(self.dtype, data)) if counted else unpacked(self.dtype, data)


def array_of(value: object) -> Array | None:
    """The array that the Instance stands for: of ndarray, of classes that extend it, or masked. None where it is
    none, or its shape, dtype and bytes do not fit together.
    """
    if not isinstance(value, Instance):
        return None
    try:
        if value.state is None:
            return _of_buffer(value.args) if value.name == "numpy.ndarray" else None
        return _of_state(value) if _rebuilt(value.args) else None
    except FAULTS:
        return None


def scalar_of(value: object) -> Array | None:
    """A numpy scalar, as an array of one element and no axis; None of anything else."""
    if not isinstance(value, Instance) or value.name not in _SCALARS or len(value.args) != 2:
        return None
    dtype, data = dtype_of(value.args[0]), value.args[1]
    if dtype is None:
        return None
    return _array((), dtype, (), [data] if dtype.boxed else data)


def _rebuilt(args: Args) -> bool:
    """Whether they are those of _reconstruct (without the class), or of _mareconstruct."""
    match args:
        case ((0,), b"b" | "b") | (Global(), (0,), b"b" | "b"):
            return True
        case _:
            return False


def _of_state(value: Instance) -> Array | None:
    """Out of (version, shape, dtype, Fortran order, data) and, of masked ones, (…, mask, fill value)."""
    if not isinstance(value.state, tuple):
        return None
    state = cast(Args, value.state)
    if len(state) not in (5, 7) or not isinstance(state[3], int):
        return None
    shape, dtype = shape_of(state[1]), dtype_of(state[2])
    if shape is None or dtype is None:
        return None
    strides = _f_strides(shape) if state[3] else _c_strides(shape)
    if len(state) == 5:
        return _array(shape, dtype, strides, state[4])
    mask = _array(shape, mask_dtype(dtype), strides, state[5])
    return None if mask is None else _array(shape, dtype, strides, state[4], mask)


def _of_buffer(args: Args) -> Array | None:
    """numpy._core.numeric._frombuffer(buffer, dtype, shape, order, order of the axes)"""
    if len(args) not in (4, 5):
        return None
    data, order = args[0], args[3]
    shape, dtype = shape_of(args[2]), dtype_of(args[1])
    if shape is None or dtype is None or dtype.boxed or (order == "K") != (len(args) == 5):
        return None
    if order != "K":
        return _array(shape, dtype, _f_strides(shape) if order == "F" else _c_strides(shape), data)
    permuted = cast(tuple[int, ...], args[4])
    if sorted(permuted) != list(range(len(shape))):
        return None
    strides = _c_strides(shape)
    return _array(tuple(shape[axis] for axis in permuted), dtype, tuple(strides[axis] for axis in permuted), data)


def _array(
    shape: tuple[int, ...], dtype: DType, strides: tuple[int, ...], data: object, mask: Array | None = None
) -> Array | None:
    """The array, if there is as much data as its shape says."""
    if dtype.boxed:
        if not isinstance(data, list | Cells) or len(objects := cast(list[object] | Cells, data)) != prod(shape):
            return None
        return Array(shape, dtype, strides, objects, mask)
    if isinstance(data, str):
        data = data.encode()  # Python 2 wrote it, and it happens to be text
    if not _are_bytes(data) or len(data) != prod(shape) * dtype.itemsize or not dtype.itemsize:
        return None
    return Array(shape, dtype, strides, data, mask)


def _are_bytes(data: object) -> TypeGuard[bytes | bytearray | Payload]:
    return isinstance(data, bytes | bytearray | Payload)


def _standard(shape: Sequence[int], strides: Sequence[int]) -> bool:
    return tuple(strides) == _c_strides(shape)


def _c_strides(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _f_strides(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(prod(shape[:axis]) for axis in range(len(shape)))


def mask_dtype(dtype: DType) -> DType:
    """numpy/ma/core.py:make_mask_descr: a bool for each value, also of those within a record."""
    if dtype.base is not None:
        inner = mask_dtype(dtype.base)
        size = prod(dtype.shape) * inner.itemsize
        return DType("V", size, "<", "", "", shape=dtype.shape, base=inner, cells=dtype.cells)
    if not dtype.fields:
        return DType("b", 1, "<", "bool", "?")
    fields: list[Field] = []
    offset = 0
    for field in dtype.fields:
        inner = mask_dtype(field.dtype)
        fields.append(Field(field.name, inner, offset))
        offset += inner.itemsize
    return DType("V", offset, "<", "", "", fields=tuple(fields), cells=dtype.cells)


def _shown(value: object, hidden: object) -> object:
    """The value, with None for what is masked of it."""
    if isinstance(hidden, dict) and isinstance(value, dict):
        flags = cast(dict[str, object], hidden)
        return {name: _shown(inner, flags[name]) for name, inner in cast(dict[str, object], value).items()}
    if isinstance(hidden, list) and isinstance(value, list):
        return list(map(_shown, cast(list[object], value), cast(list[object], hidden)))
    return None if hidden else value
