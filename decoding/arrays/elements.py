"""The elements of arrays, as plain values, from their bytes."""

from collections.abc import Callable, Sequence
from struct import pack, unpack
from typing import cast

from ..pickles.payloads import every
from ..plain.instants import moments, spans
from .dtypes import DType

Data = bytes | bytearray

_LETTERS = {("i", 1): "b", ("i", 2): "h", ("i", 4): "i", ("i", 8): "q", ("f", 2): "e", ("f", 4): "f", ("f", 8): "d"}
_FULL = 2**63  # the mantissa's highest bit, which x86 writes
_BIAS = 16383 + 63


def unpacked(dtype: DType, data: Data) -> list[object]:
    """The elements that these bytes are: as many as there is room for."""
    if dtype.base is not None:
        return _arrays(dtype.base, dtype.shape, data, len(data) // dtype.itemsize if dtype.itemsize else 0)
    if dtype.fields:
        return _records(dtype, data)
    return _BY_KIND[dtype.kind](dtype, data)


def counts(dtype: DType, data: Data) -> tuple[int, ...]:
    """The whole numbers that datetimes and timedeltas are kept as."""
    return unpack(f"{dtype.order}{len(data) // 8}q", data)


def boxed(dtype: DType, value: object) -> object:
    """An element that was pickled by itself: a record comes as the tuple of its fields."""
    parts = cast(tuple[object, ...], value) if isinstance(value, tuple) else ()
    if dtype.fields and len(parts) == len(dtype.fields):
        return {field.name: boxed(field.dtype, part) for field, part in zip(dtype.fields, parts, strict=True)}
    return cast(object, value)


def nested(values: list[object], shape: Sequence[int]) -> list[object]:
    """The values, all that the shape has, as lists of lists."""
    if 0 in shape:
        return _empty(shape)
    for size in reversed(shape[1:]):
        values = [values[start : start + size] for start in range(0, len(values), size)]
    return values


def _arrays(base: DType, shape: tuple[int, ...], data: Data, count: int) -> list[object]:
    return nested(unpacked(base, data), (count, *shape))


def _empty(shape: Sequence[int]) -> list[object]:
    return [_empty(shape[1:]) for _ in range(shape[0])] if len(shape) > 1 else []


def _records(dtype: DType, data: Data) -> list[object]:
    names = [field.name for field in dtype.fields]
    count = len(data) // dtype.itemsize
    columns: list[list[object]] = []
    for field in dtype.fields:
        inner, size = field.dtype, field.dtype.itemsize
        if size:
            columns.append(unpacked(inner, every(data, field.offset, size, dtype.itemsize)))
        else:
            columns.append(_arrays(inner, inner.shape, b"", count))
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _numbers(dtype: DType, data: Data) -> list[object]:
    letter = _LETTERS["i" if dtype.kind == "u" else dtype.kind, dtype.itemsize]
    letter = letter.upper() if dtype.kind == "u" else letter
    return list(unpack(f"{dtype.order}{len(data) // dtype.itemsize}{letter}", data))


def _floats(dtype: DType, data: Data) -> list[object]:
    if dtype.itemsize <= 8:
        return _numbers(dtype, data)
    size = dtype.itemsize
    return [_long_double(dtype.order, data[start : start + size]) for start in range(0, len(data), size)]


def _brain_floats(_: DType, data: Data) -> list[object]:
    """The upper halves of float32."""
    count = len(data) // 2
    halves: tuple[int, ...] = unpack(f"<{count}H", data)
    return list(unpack(f"<{count}f", pack(f"<{count}I", *(half << 16 for half in halves))))


def _long_double(order: str, data: Data) -> float:
    """The nearest float to the 80 bits of x86; a pickle does not tell which machine wrote it."""
    packed = data[:10] if order == "<" else data[:-11:-1]
    mantissa = int.from_bytes(packed[:8], "little")
    top = int.from_bytes(packed[8:], "little")
    sign, exponent = (-1.0 if top & 0x8000 else 1.0), top & 0x7FFF
    if exponent == 0x7FFF:
        return sign * float("inf") if mantissa == _FULL else float("nan")
    scale = exponent - _BIAS
    try:
        # Division of ints rounds once, and to the nearest.
        return sign * (float(mantissa << scale) if scale >= 0 else mantissa / (1 << -scale))
    except OverflowError:
        return sign * float("inf")


def _complexes(dtype: DType, data: Data) -> list[object]:
    half = DType("f", dtype.itemsize // 2, dtype.order, "", "")
    parts = cast(list[float], _floats(half, data))
    return list(map(complex, parts[::2], parts[1::2]))


def _texts(dtype: DType, data: Data) -> list[object]:
    codec = "utf-32-le" if dtype.order == "<" else "utf-32-be"
    length = dtype.itemsize // 4
    try:
        whole = str(data, codec, "surrogatepass")
    except UnicodeDecodeError:  # numbers that are no characters
        whole = str(data, codec, "replace")
    return [whole[start : start + length].rstrip("\0") for start in range(0, len(whole), length)]


def _bytes(dtype: DType, data: Data) -> list[object]:
    size = dtype.itemsize
    return [bytes(data[start : start + size]).rstrip(b"\0") for start in range(0, len(data), size)]


def _voids(dtype: DType, data: Data) -> list[object]:
    size = dtype.itemsize
    return [bytes(data[start : start + size]) for start in range(0, len(data), size)]


_BY_KIND: dict[str, Callable[[DType, Data], list[object]]] = {
    "b": lambda _, data: list(map(bool, data)),
    "i": _numbers,
    "u": _numbers,
    "f": _floats,
    "c": _complexes,
    "B": _brain_floats,
    "S": _bytes,
    "U": _texts,
    "V": _voids,
    "M": lambda dtype, data: moments(counts(dtype, data), dtype.unit, dtype.multiple),
    "m": lambda dtype, data: spans(counts(dtype, data), dtype.unit, dtype.multiple),
}
