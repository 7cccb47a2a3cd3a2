"""pandas' arrays and indexes of one level, as Series of their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from ..arrays.numpy_arrays import array_of, scalar_of
from ..stand_ins import Instance, named
from .arrow_arrays import arrow_series
from .pandas_scalars import interval_text
from .periods import Frequency, frequency_of
from .series import Line, Series, chosen, counting, spread
from .zones import zone_of, zone_text, zoned

_DEEPEST = 5  # categories of intervals of datetimes; no more of pandas' arrays stand in one another
_LONGEST = 2**62
_MISSING = -(2**63)  # the ordinal of a missing Period
_MASKED = {"int": "Int", "uint": "UInt", "float": "Float"}
# What an Instance of pandas keeps its array under, in one version or another.
_KEPT = ("_ndarray", "_data", "_codes", "_pa_array", "_values")

Inner = Callable[[object], Series | None]  # series_of, for what stands within


def series_of(value: object, line: int = 0, depth: int = _DEEPEST) -> Series | None:
    """The values of an array, or of one of its lines along the last axis; of an Index, its labels. None of what is
    neither, or too deep in others. What does not fit together may raise any of FAULTS.
    """
    if not isinstance(value, Instance) or depth == 0:
        return None
    array = array_of(value)
    if array is not None:
        return Line(array, line).series() if array.shape else None
    read = _READERS.get(value.callee.attribute) if value.callee.module.startswith("pandas") else None
    return read(value, line, lambda part: series_of(part, 0, depth - 1)) if read else None


def lines(value: object) -> int:
    """How many columns the array of a block holds."""
    array = array_of(value)
    if array is None and isinstance(value, Instance):
        array = array_of(_parts(value)[1])
    return array.shape[0] if array is not None and len(array.shape) == 2 else 1


def _parts(value: Instance) -> tuple[object, object]:
    """The dtype, or None, and the array within; of state (dtype, array, …), (array, dtype, …), or by names."""
    state = value.state
    if isinstance(state, tuple):
        parts = cast(tuple[object, ...], state)
        if len(parts) > 1:
            first, second = parts[:2]
            return (second, first) if array_of(first) is not None else (first, second)
        state = parts[0] if parts else None
    fields = named(cast(object, state)) or {}
    return fields.get("_dtype"), next((fields[name] for name in _KEPT if name in fields), None)


def _line(value: object, number: int) -> Line:
    array = array_of(value)
    if array is None or len(array.shape) not in (1, 2):
        raise ValueError
    return Line(array, number)


def _datetimes(value: Instance, line: int, _: Inner) -> Series:
    dtype, data = _parts(value)
    return _zoned(_line(data, line), named(dtype.state) if isinstance(dtype, Instance) else None)


def _zoned(line: Line, zone: dict[str, object] | None) -> Series:
    """Of a dtype's state that has a zone, in it."""
    unit = line.array.dtype.unit
    if not zone or "tz" not in zone:
        return line.series()
    where = zone_of(zone["tz"])
    dtype = f"datetime64[{unit}, {zone_text(zone['tz'])}]"
    return Series(dtype, line.length, lambda start, stop: zoned(line.counts(start, stop), unit, where))


def _plain(value: Instance, line: int, _: Inner) -> Series:
    return _line(_parts(value)[1], line).series()


def _periods(value: Instance, line: int, _: Inner) -> Series:
    dtype, data = _parts(value)
    return _of_periods(_line(data, line).series(), frequency_of(dtype))


def _of_periods(ordinals: Series, frequency: Frequency | None) -> Series:
    if frequency is None:
        raise ValueError

    def written(ordinal: object) -> object:
        return None if not isinstance(ordinal, int) or ordinal == _MISSING else frequency.text(ordinal)

    return ordinals.each(f"period[{frequency.name}]", written)


def _categories(value: Instance, line: int, inner: Inner) -> Series:
    dtype, data = _parts(value)
    fields = (named(dtype.state) if isinstance(dtype, Instance) else None) or named(value.state) or {}
    choices = inner(fields.get("categories", fields.get("_categories")))
    if choices is None:
        raise ValueError
    return chosen(_line(data, line).series(), choices, "category")


def _masked(value: Instance, _: int, inner: Inner) -> Series:
    fields = named(value.state) or {}
    data, mask = inner(fields.get("_data")), inner(fields.get("_mask"))
    if data is None or mask is None or data.length != mask.length:
        raise ValueError
    kind = data.dtype.rstrip("0123456789")
    name = "boolean" if kind == "bool" else data.dtype.replace(kind, _MASKED[kind])
    return data.hidden_by(mask, name)


def _strings(value: Instance, line: int, _: Inner) -> Series:
    dtype, data = _parts(value)
    return _line(data, line).series().called(_string_name(dtype))


def _string_name(dtype: object) -> str:
    """`str` with NaN for what is missing, as pandas 3 has it; `string` with NA."""
    args = dtype.args if isinstance(dtype, Instance) else ()
    return "str" if len(args) > 1 and isinstance(args[1], float) else "string"


def _arrow(value: Instance, _: int, inner: Inner) -> Series:
    dtype, data = _parts(value)
    found = arrow_series(data)
    if found is None:
        raise ValueError
    if value.callee.attribute == "ArrowExtensionArray":
        return found.called(f"{found.dtype}[pyarrow]")
    return found.called(_string_name(dtype))


def _sparse(value: Instance, _: int, inner: Inner) -> Series:
    fields = named(value.state) or {}
    places, dtype, values = fields["_sparse_index"], fields["_dtype"], inner(fields["_sparse_values"])
    if not isinstance(places, Instance) or not isinstance(dtype, Instance) or values is None:
        raise ValueError
    length, *blocks = places.args
    starts = _numbers(blocks[0])
    lengths = _numbers(blocks[1]) if places.callee.attribute == "BlockIndex" else [1] * len(starts)
    if type(length) is not int or not 0 <= length < _LONGEST or not _in_order(starts, lengths, length):
        raise ValueError
    if sum(lengths) != values.length:
        raise ValueError
    fill = (named(dtype.state) or {}).get("_fill_value")
    scalar = scalar_of(fill)
    fill = fill if scalar is None else scalar.elements()[0]
    return spread(values, starts, lengths, length, fill).called(f"Sparse[{values.dtype}, {fill}]")


def _numbers(value: object) -> list[int]:
    return cast(list[int], _line(value, 0).elements(0, _LONGEST))


def _in_order(starts: list[int], lengths: list[int], length: int) -> bool:
    """Whether the blocks follow one another, and end in time."""
    end = 0
    for start, many in zip(starts, lengths, strict=True):
        if start < end or many < 0:
            return False
        end = start + many
    return end <= length


def _intervals(value: Instance, _: int, inner: Inner) -> Series:
    """An array's state has a dict, which is all that an IntervalIndex is made from."""
    state = value.state
    if isinstance(state, tuple):
        (state,) = cast(tuple[object], state)
    fields = named(state or value.args[0]) or {}
    dtype = fields.get("_dtype")
    described = (named(dtype.state) or {}) if isinstance(dtype, Instance) else fields
    closed = fields.get("closed", fields.get("_closed", described.get("closed")))
    left, right = (inner(fields.get(f"_{side}", fields.get(side))) for side in ("left", "right"))
    if left is None or right is None or left.length != right.length or not isinstance(closed, str):
        raise ValueError

    def cut(start: int, stop: int) -> list[object]:
        pairs = zip(left.cut(start, stop), right.cut(start, stop), strict=True)
        return [None if low is None or low != low else interval_text(low, high, closed) for low, high in pairs]

    return Series(f"interval[{left.dtype}, {closed}]", left.length, cut)


def _index(value: Instance, _: int, inner: Inner) -> Series | None:
    """Made from what its argument names."""
    fields = named(value.args[0] if value.args else None) or {}
    return inner(fields.get("data"))


def _moments_index(value: Instance, _: int, inner: Inner) -> Series | None:
    """Before pandas 0.24 its data was an array, with the zone beside it."""
    fields = named(value.args[0] if value.args else None) or {}
    array = array_of(fields.get("data"))
    if array is None or fields.get("tz") is None:
        return inner(fields.get("data"))
    return _zoned(Line(array, 0), fields)


def _period_index(value: Instance, _: int, inner: Inner) -> Series | None:
    fields = named(value.args[0] if value.args else None) or {}
    found = inner(fields.get("data"))
    return found if found is None or found.dtype != "int64" else _of_periods(found, frequency_of(fields.get("freq")))


def _range(value: Instance, _line: int, _: Inner) -> Series:
    fields = named(value.args[0] if value.args else None) or {}
    bounds = [fields["start"], fields["stop"], fields.get("step") or 1]
    numbers = [bound for bound in bounds if type(bound) is int and -_LONGEST < bound < _LONGEST]
    start, stop, step = numbers
    return counting(range(start, stop, step))


_READERS: dict[str, Callable[[Instance, int, Inner], Series | None]] = {
    "DatetimeArray": _datetimes,
    "TimedeltaArray": _plain,
    "PeriodArray": _periods,
    "Categorical": _categories,
    **dict.fromkeys(("IntegerArray", "FloatingArray", "BooleanArray"), _masked),
    **dict.fromkeys(("StringArray", "StringArrayNumpySemantics"), _strings),
    **dict.fromkeys(("ArrowStringArray", "ArrowStringArrayNumpySemantics", "ArrowExtensionArray"), _arrow),
    **dict.fromkeys(("NumpyExtensionArray", "PandasArray"), _plain),
    "SparseArray": _sparse,
    **dict.fromkeys(("IntervalArray", "IntervalIndex"), _intervals),
    **dict.fromkeys(("Index", "Int64Index", "UInt64Index", "Float64Index", "NumericIndex", "CategoricalIndex"), _index),
    "DatetimeIndex": _moments_index,
    "TimedeltaIndex": _index,
    "PeriodIndex": _period_index,
    "RangeIndex": _range,
}
