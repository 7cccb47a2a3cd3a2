"""What functions of numpy, pandas, pyarrow and torch build, under the name of its class."""

from collections.abc import Callable
from typing import cast

from ..stand_ins import Global, Instance

Args = tuple[object, ...]
Builder = Callable[[Args], object | None]


def _first(args: Args) -> Instance | None:
    """The first argument is the class."""
    match args:
        case (Global() as callee, *rest):
            return Instance(callee, tuple(rest))
        case _:
            return None


def _as(module: str, qualname: str) -> Builder:
    return lambda args: Instance(Global(module, qualname), args)


def _tensor(args: Args) -> Instance:
    """_rebuild_from_type_v2(function, class, arguments, state): of classes that extend Tensor."""
    match args:
        case (Global(), Global() as callee, tuple(), _):
            built = Instance(callee, cast(Args, args[2]))
            built.state = args[3]
            return built
        case _:
            return Instance(Global("torch", "Tensor"), args)


def _arrow_array(args: Args) -> Instance | None:
    """_restore_array((type, length, nulls, offset, buffers, children, dictionary)): Int64Array and its like."""
    match args:
        case (tuple(),):
            parts = cast(Args, args)
            type_ = next(iter(cast(Args, parts[0])), None)
            built = Global("pyarrow.lib", _arrow_name(type_) + "Array") if isinstance(type_, Instance) else None
            return None if built is None else Instance(built, parts)
        case _:
            return None


def _arrow_scalar(args: Args) -> Instance | None:
    match args:
        case (_, Instance() as type_):
            return Instance(Global("pyarrow.lib", _arrow_name(type_) + "Scalar"), args)
        case _:
            return None


def _arrow_name(type_: Instance) -> str:
    """large_string: LargeString; bool: Boolean; date32[day]: Date32."""
    if type_.callee.attribute in ("binary", "list_") and isinstance(type_.args[-1], int):
        return "FixedSizeBinary" if type_.callee.attribute == "binary" else "FixedSizeList"
    alias = type_.args[0] if type_.callee.attribute == "type_for_alias" and type_.args else type_.callee.attribute
    word = alias.partition("[")[0].strip("_") if isinstance(alias, str) else ""
    known = {"bool": "Boolean", "halffloat": "HalfFloat", "bool8": "Bool8"}
    return known.get(word) or "".join(part[:1].upper() + part[1:] for part in word.replace("uint", "u_int").split("_"))


BUILDERS: dict[str, Builder] = {
    **dict.fromkeys(
        (
            "array._array_reconstructor",
            "numpy._core.multiarray._reconstruct",
            "numpy.core.multiarray._reconstruct",
            "numpy.ma.core._mareconstruct",
            "numpy.ma.mrecords._mrreconstruct",
            "pandas.core.indexes.base._new_Index",
            "pandas.indexes.base._new_Index",
            "pandas.core.index._new_Index",
            "pandas.core.indexes.datetimes._new_DatetimeIndex",
            "pandas.tseries.index._new_DatetimeIndex",
            "pandas.core.indexes.timedeltas._new_TimedeltaIndex",
            "pandas.core.indexes.period._new_PeriodIndex",
            "pandas.tseries.period._new_PeriodIndex",
            "pandas.core.indexes.interval._new_IntervalIndex",
            "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked",
            "pandas._libs.interval.__pyx_unpickle_IntervalMixin",
        ),
        _first,
    ),
    "numpy._core.numeric._frombuffer": _as("numpy", "ndarray"),
    "numpy.core.numeric._frombuffer": _as("numpy", "ndarray"),
    "pandas._libs.tslibs.timestamps._unpickle_timestamp": _as("pandas", "Timestamp"),
    "pandas._libs.tslibs.timedeltas._timedelta_unpickle": _as("pandas", "Timedelta"),
    "pandas._libs.tslibs.nattype._nat_unpickle": _as("pandas.api.typing", "NaTType"),
    "pandas._libs.tslibs.nattype.__nat_unpickle": _as("pandas._libs.tslibs.nattype", "NaTType"),
    "pyarrow.lib._reconstruct_table": _as("pyarrow.lib", "Table"),
    "pyarrow.lib._reconstruct_record_batch": _as("pyarrow.lib", "RecordBatch"),
    "pyarrow.lib.chunked_array": _as("pyarrow.lib", "ChunkedArray"),
    "pyarrow.lib.schema": _as("pyarrow.lib", "Schema"),
    "pyarrow.lib.field": _as("pyarrow.lib", "Field"),
    "pyarrow.lib._restore_array": _arrow_array,
    "pyarrow.lib.scalar": _arrow_scalar,
    "torch._utils._rebuild_tensor": _as("torch", "Tensor"),
    "torch._utils._rebuild_tensor_v2": _as("torch", "Tensor"),
    "torch._utils._rebuild_parameter": _as("torch.nn.parameter", "Parameter"),
    "torch._tensor._rebuild_from_type_v2": _tensor,
}
