"""numpy's arrays and scalars as text, close to how numpy writes them; elements are made as the text grows."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from math import isfinite, prod
from typing import Any, cast

from ..arrays.numpy_arrays import Array
from ..plain.times import iso_duration
from .pieces import Text, separated

_AT_ONCE = 64
# numpy leaves these out: what Python's own numbers become.
_UNSAID = frozenset({"int64", "float64", "complex128", "bool"})
_SCALARS = {"b": "", "S": "bytes_", "U": "str_", "V": "void", "M": "datetime64", "m": "timedelta64"}


def array_preview(name: str, array: Array) -> Iterator[object]:
    """array([[1, 2], [3, 4]], dtype=int32)"""
    yield Text({"ndarray": "array", "MaskedArray": "masked_array", "recarray": "rec.array"}.get(name, name) + "(")
    if array.size:
        yield from _nested(array, 0, 0)
    else:
        yield Text("[]")
    if len(array.shape) > 1 and not array.size:
        yield Text(f", shape={array.shape}")
    if array.dtype.name not in _UNSAID or not array.size:
        named = array.dtype.short if array.dtype.kind in "USV" else array.dtype.name
        yield Text(f", dtype={named if named.isidentifier() or array.dtype.fields else repr(named)}")
    yield Text(")")


def scalar_preview(array: Array, *, bare: bool) -> Iterator[object]:
    """np.float64(0.5), or the number alone, as numpy 1 has it."""
    (value,) = array.elements()
    kind = array.dtype.kind
    if kind == "b":
        return iter((Text(repr(value) if bare else f"np.{value}_"),))
    inner = Text(repr(value)) if isinstance(value, float) else _written(array, value)
    if bare and kind not in "Mm":
        return iter((inner,))
    name = _SCALARS.get(kind, array.dtype.name)
    return iter((Text(f"{'numpy' if bare else 'np'}.{name}("), inner, Text(")")))


def _nested(array: Array, axis: int, start: int) -> Iterator[object]:
    """The part of the array from the place of its first element on, in C order, below so many axes."""
    if axis == len(array.shape):
        return iter((_written(array, array.elements(start, start + 1)[0]),))
    if axis == len(array.shape) - 1:
        return separated("[", _line(array, start), "]")
    step = prod(array.shape[axis + 1 :])
    stops = range(start, start + array.shape[axis] * step, step)
    return separated("[", (Part(array, axis + 1, place) for place in stops), "]")


class Part:
    """A part of an array that is yet to be written."""

    __slots__ = ("array", "axis", "start")

    def __init__(self, array: Array, axis: int, start: int) -> None:
        self.array = array
        self.axis = axis
        self.start = start

    def pieces(self) -> Iterator[object]:
        return _nested(self.array, self.axis, self.start)


def _line(array: Array, start: int) -> Iterator[object]:
    stop = start + array.shape[-1]
    at_once = max(1, _AT_ONCE // array.dtype.cells)
    for place in range(start, stop, at_once):
        for value in array.elements(place, min(stop, place + at_once)):
            yield _written(array, value)


def _written(array: Array, value: object) -> object:
    """An element as numpy writes it: a text, or a value that previews know."""
    if array.dtype.fields and isinstance(value, dict):
        return tuple(cast(dict[str, object], value).values())
    if value is None:
        return value if array.dtype.kind == "O" else Text("--" if array.mask else "'NaT'")
    write = _BY_KIND.get(array.dtype.kind)
    return value if write is None else Text(write(value))


def _float(value: float) -> str:
    """With numpy's eight digits: 0.1, 2., 1.e+10"""
    if not isfinite(value):
        return repr(value)
    digits, _, exponent = f"{value:.8g}".partition("e")
    digits = f"{digits}." if "." not in digits else digits
    return f"{digits}e{exponent}" if exponent else digits


def _time(value: Any) -> str:
    if isinstance(value, timedelta):
        return repr(iso_duration(value))
    return repr(value.isoformat()) if isinstance(value, date | datetime) else repr(value)


_BY_KIND: dict[str, Callable[[Any], str]] = {"f": _float, "M": _time, "m": _time}
