"""numpy's dtypes, as pickles describe them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from re import ASCII, compile
from typing import cast

from ..errors import FAULTS
from ..stand_ins import Global, Instance, named

_CODE = compile(r"([biufcSUVMmO])(\d{0,10})", ASCII)
_SIZES = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8, 12, 16), "c": (8, 16, 24, 32)}
_NAMES = {"b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex", "S": "bytes", "U": "str", "V": "void"}
_UNITS = frozenset({"Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"})
# Deeper or wider dtypes are not what people write, and small pickles can describe enormous ones.
_DEPTH = 16
_PARTS = 5000
_DIMENSIONS = 64  # numpy 2 has no more
_LARGEST = 2**62
_LONGEST_NAME = 1000


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    dtype: DType
    offset: int


@dataclass(frozen=True, slots=True)
class DType:
    """`kind` is numpy's letter (T for strings of any length), or B for torch's bfloat16; `itemsize` in bytes, `order`
    < or >; `cells` is how many values the JSON view of one element has, itself included; `short` how dtypes of
    records name it.
    """

    kind: str
    itemsize: int
    order: str
    name: str
    short: str
    unit: str = ""  # of datetimes and timedeltas, with `multiple`; empty where numpy has none either
    multiple: int = 1
    fields: tuple[Field, ...] = ()
    shape: tuple[int, ...] = ()  # with `base`: an array within an element
    base: DType | None = None
    boxed: bool = False  # elements are pickled one by one, as objects
    cells: int = 1
    parts: int = 1  # fields in fields included


def dtype_of(value: object) -> DType | None:
    """The dtype that the Instance stands for; None where it is none, or none that can be."""
    try:
        return _dtype(value, _DEPTH, {})
    except FAULTS:
        return None


def numbers(kind: str, size: int) -> DType:
    """That of numbers of so many bytes, in the order of x86."""
    return DType(kind, size, "<", "bool" if kind == "b" else f"{_NAMES[kind]}{size * 8}", f"<{kind}{size}")


def shape_of(value: object) -> tuple[int, ...] | None:
    """The value itself, if it is the shape of an array that can be."""
    if not isinstance(value, tuple) or len(cast(tuple[object, ...], value)) > _DIMENSIONS:
        return None
    shape = cast(tuple[object, ...], value)
    if not all(type(size) is int and 0 <= size < _LARGEST for size in shape):
        return None
    return cast(tuple[int, ...], shape)


def cells_within(shape: Sequence[int]) -> int:
    """How many values nested lists of this shape have: each list and each element is one."""
    return sum(prod(shape[: axis + 1]) for axis in range(len(shape)))


def _dtype(value: object, depth: int, seen: dict[int, DType | None]) -> DType | None:
    if not isinstance(value, Instance) or depth == 0:
        return None
    if value.name == "numpy._core._internal._convert_to_stringdtype_kwargs":
        return _STRING
    if value.name != "numpy.dtype" or not value.args:
        return None
    if id(value) not in seen:
        # The same dtype may stand in itself, or in many places.
        seen[id(value)] = None
        seen[id(value)] = _described(value.args[0], value.state, depth, seen)
    return seen[id(value)]


def _described(code: object, state: object, depth: int, seen: dict[int, DType | None]) -> DType | None:
    """Out of the state: (version, order, sub-array, names, fields, itemsize, alignment, flags, metadata)."""
    parts = cast(tuple[object, ...], state) if isinstance(state, tuple) else (3, "<", None, None, None, -1, -1)
    if len(parts) < 7:
        return None
    order = ">" if parts[1] in (">", b">") else "<"
    if parts[2] is not None:
        return _array_within(parts, depth, seen)
    if parts[3] is not None:
        return _record(code, parts, depth, seen)
    if isinstance(code, bytes):
        code = code.decode("ascii")
    if not isinstance(code, str):
        return None
    plain = _plain(code, order)
    if plain is not None and plain.kind in "Mm":
        return _with_unit(plain, parts[8] if len(parts) > 8 else None)
    return plain


@lru_cache(256)
def _plain(code: str, order: str) -> DType | None:
    found = _CODE.fullmatch(code)
    if found is None:
        return None
    kind, size = found[1], int(found[2] or 0)
    if kind == "O":
        return _OBJECT
    if kind in "Mm":
        name = "datetime64" if kind == "M" else "timedelta64"
        return DType(kind, 8, order, name, f"{order}{kind}8") if size in (0, 8) else None
    itemsize = size * 4 if kind == "U" else size
    if size not in _SIZES.get(kind, (size,)) or itemsize == 0:
        return None
    name = _NAMES[kind] + ("" if kind == "b" else str(itemsize * 8))
    swappable = kind == "U" or (kind in "iufc" and itemsize > 1)
    short = "?" if kind == "b" else f"{order if swappable else ''}{kind}{size}"
    return DType(kind, itemsize, order, name, short)


def _with_unit(plain: DType, metadata: object) -> DType | None:
    """With the unit out of the metadata: (dict, (unit, multiple, divisor, events))."""
    if metadata is None:
        return plain
    unit, multiple, *_ = cast(tuple[tuple[object, ...], ...], metadata)[1]
    text = unit.decode("ascii") if isinstance(unit, bytes) else unit
    if text == "generic":
        return plain
    if text not in _UNITS or not isinstance(multiple, int) or not 0 < multiple < 2**31:
        return None
    suffix = f"[{multiple if multiple > 1 else ''}{text}]"
    return replace(plain, name=plain.name + suffix, short=plain.short + suffix, unit=cast(str, text), multiple=multiple)


def _array_within(parts: tuple[object, ...], depth: int, seen: dict[int, DType | None]) -> DType | None:
    described, shape = cast(tuple[object, object], parts[2])
    base = _dtype(described, depth - 1, seen)
    sizes = shape_of((shape,) if isinstance(shape, int) else shape)
    if base is None or not sizes:
        return None
    itemsize = prod(sizes) * base.itemsize
    cells = 1 + cells_within(sizes[:-1]) + prod(sizes) * base.cells
    # Shapes such as (1000000, 0) take no bytes.
    if itemsize != parts[5] or cells > _PARTS + itemsize * base.cells:
        return None
    return DType(
        "V", itemsize, base.order, base.name, base.short, shape=sizes, base=base, boxed=base.boxed, cells=cells,
        parts=base.parts,
    )  # fmt: skip


def _record(code: object, parts: tuple[object, ...], depth: int, seen: dict[int, DType | None]) -> DType | None:
    described, itemsize = named(parts[4]), parts[5]
    names = cast(tuple[object, ...], parts[3]) if isinstance(parts[3], tuple) else ()
    if not names or described is None or not isinstance(itemsize, int):
        return None
    fields: list[Field] = []
    total = 0
    for name in names:
        dtype, offset, *_ = cast(tuple[object, ...], described[cast(str, name)])
        inner = _dtype(dtype, depth - 1, seen)
        if inner is None or not isinstance(offset, int):
            return None
        total += inner.parts
        if total > _PARTS:
            return None
        fields.append(Field(cast(str, name), inner, offset))
    if len(set(names)) < len(names) or not _side_by_side(fields, itemsize):
        return None
    name = _record_name(fields, described, itemsize)
    if isinstance(code, Global) and code.attribute == "record":
        name = f"({code.name}, {name})"
    cells = 1 + sum(field.dtype.cells for field in fields)
    boxed = any(field.dtype.boxed for field in fields)
    return DType("V", itemsize, "<", name, name, fields=tuple(fields), boxed=boxed, cells=cells, parts=1 + total)


def _side_by_side(fields: list[Field], itemsize: int) -> bool:
    """Whether each field has bytes of its own within the record, which has some."""
    end = 0
    for field in sorted(fields, key=lambda field: field.offset):
        if field.offset < end:
            return False
        end = field.offset + field.dtype.itemsize
    return end <= itemsize and 0 < itemsize < _LARGEST


def _record_name(fields: list[Field], described: dict[str, object], itemsize: int) -> str:
    """As `str(dtype)` has it: numpy/_core/_dtype.py."""
    written: list[tuple[str, str]] = []
    length = end = 0
    packed = True
    for field in fields:
        packed = packed and field.offset == end
        end = field.offset + field.dtype.itemsize
        short = field.dtype.short if field.dtype.fields else repr(field.dtype.short)
        length += len(field.name) + len(short)
        if length > _LONGEST_NAME:
            return f"void{itemsize * 8}"
        written.append((_titled(field.name, described[field.name]), short))
    if packed and end == itemsize:
        pairs = zip(fields, written, strict=True)
        return "[" + ", ".join(f"({name}, {_shaped(field, short)})" for field, (name, short) in pairs) + "]"
    formats = ", ".join(
        f"({_shaped(field, short)})" if field.dtype.shape else short
        for field, (_, short) in zip(fields, written, strict=True)
    )
    offsets = [field.offset for field in fields]
    names = [field.name for field in fields]
    return f"{{'names': {names}, 'formats': [{formats}], 'offsets': {offsets}, 'itemsize': {itemsize}}}"


def _titled(name: str, described: object) -> str:
    title = cast(tuple[object, ...], described)[2:]
    if title and isinstance(title[0], str) and len(title[0]) < _LONGEST_NAME:
        return f"({title[0]!r}, {name!r})"
    return repr(name)


def _shaped(field: Field, short: str) -> str:
    return f"{short}, {field.dtype.shape}" if field.dtype.shape else short


_OBJECT = DType("O", 8, "<", "object", "O", boxed=True)
_STRING = DType("T", 16, "<", "StringDType()", "StringDType()", boxed=True)
