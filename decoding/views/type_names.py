"""The names of types."""

from ..arrays.dtypes import DType
from ..arrays.numpy_arrays import scalar_of
from ..stand_ins import Global, Instance

# Functions that build an object of a class of another name.
_BUILT_BY = {
    "re._compile": "re.Pattern",
    "array._array_reconstructor": "array.array",
    "_codecs.encode": "bytes",
    "numpy.random._pickle.__generator_ctor": "numpy.random._generator.Generator",
    "numpy.random._pickle.__randomstate_ctor": "numpy.random.mtrand.RandomState",
}
# numpy's scalars that are not called as their dtypes.
_SCALARS = {"b": "bool", "S": "bytes_", "U": "str_", "V": "void", "M": "datetime64", "m": "timedelta64"}
_LONG = {"float96": "longdouble", "float128": "longdouble", "complex192": "clongdouble", "complex256": "clongdouble"}
_TORCH_DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")
_OF_GLOBALS = {
    **{f"torch.{name}": "torch.dtype" for name in (*_TORCH_DTYPES, "complex64", "complex128")},
    "pandas.NA": "pandas.api.typing.NAType",
    "pandas._libs.missing.NA": "pandas._libs.missing.NAType",
    "builtins.Ellipsis": "ellipsis",
    "builtins.NotImplemented": "NotImplementedType",
    "builtins.len": "builtin_function_or_method",
}
_TYPES = {
    *("bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range", "set"),
    *("slice", "str", "tuple", "type", "NoneType", "ellipsis", "NotImplementedType"),
}


def type_name(value: object) -> str:
    """The dotted name of the value's class, as `str(type(value))` has it: `int`, `datetime.datetime`.
    Of a global the pickle does not tell the class: `object`, but for builtins.
    """
    if isinstance(value, Instance):
        scalar = scalar_of(value)
        if scalar is not None:
            return _type_of_scalar(scalar.dtype, old=value.callee.module.startswith("numpy.core"))
        return _BUILT_BY.get(value.name, value.name).removeprefix("builtins.")
    if isinstance(value, Global):
        return _type_of_global(value)
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _type_of_scalar(dtype: DType, *, old: bool) -> str:
    """Of numpy, and of numpy 1."""
    if dtype.name.startswith("(numpy.record, "):
        return "numpy.record"
    if old:
        return f"numpy.{'bool_' if dtype.kind == 'b' else _SCALARS.get(dtype.kind, dtype.name)}"
    return f"numpy.{_SCALARS.get(dtype.kind) or _LONG.get(dtype.name, dtype.name)}"


def _type_of_global(value: Global) -> str:
    if value.owner is not None and value.attribute.isupper():
        return value.owner.name  # a member of an enum
    if value.module == "builtins" and value.qualname in _TYPES:
        return "type"
    return _OF_GLOBALS.get(value.name, "object")
