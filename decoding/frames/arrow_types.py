"""Arrow's types, as pyarrow pickles them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from re import ASCII, compile
from typing import cast

from ..plain.times import zone_named
from ..stand_ins import Instance

_DEEPEST = 12
_LONGEST = 2000  # of a name, and of what a struct holds
_UNITS = ("s", "ms", "us", "ns")
_OFFSET = compile(r"([+-])(\d\d):(\d\d)", ASCII)
_ALIAS = compile(r"(\w+)(?:\[(\w+)\])?", ASCII)


@dataclass(frozen=True, slots=True)
class Type:
    """`kind` is Arrow's word for it, `name` as `str` of it has it; `scale` digits of a decimal, or how many elements
    each value of a fixed size has; `inner` the types within, of structs with `names`.
    """

    kind: str
    name: str
    unit: str = ""
    zone: str = ""
    scale: int = 0
    inner: tuple[Type, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def where(self) -> tzinfo | None:
        """The zone that it names, if that is known."""
        found = _OFFSET.fullmatch(self.zone)
        if found is None:
            return zone_named(self.zone)
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return timezone(-offset if found[1] == "-" else offset)


def type_of(value: object, depth: int = _DEEPEST) -> Type | None:
    """The type that the Instance stands for; None of one that is not known."""
    if not isinstance(value, Instance) or value.callee.module != "pyarrow.lib" or depth == 0:
        return None
    read = _READERS.get(value.callee.attribute)
    found = read(value.args, depth - 1) if read else None
    return found if found and len(found.name) <= _LONGEST else None


def field_of(value: object, depth: int = _DEEPEST) -> tuple[str, Type] | None:
    """pyarrow.lib.field(name, type, nullable, metadata)"""
    if not isinstance(value, Instance) or value.callee.attribute not in ("Field", "field") or len(value.args) < 2:
        return None
    name, found = value.args[0], type_of(value.args[1], depth)
    return None if found is None or not isinstance(name, str) else (name, found)


def _alias(args: tuple[object, ...], _: int) -> Type | None:
    match args:
        case (str(alias),) if found := _ALIAS.fullmatch(alias):
            return Type(found[1], alias, found[2] or "")
        case _:
            return None


def _timestamp(args: tuple[object, ...], _: int) -> Type | None:
    match args:
        case (str(unit), *zones) if unit in _UNITS:
            zone = zones[0] if zones and isinstance(zones[0], str) else ""
            return Type("timestamp", f"timestamp[{unit}, tz={zone}]" if zone else f"timestamp[{unit}]", unit, zone)
        case _:
            return None


def _with_unit(kind: str) -> Callable[[tuple[object, ...], int], Type | None]:
    def read(args: tuple[object, ...], _: int) -> Type | None:
        match args:
            case (str(unit),) if unit in _UNITS:
                return Type(kind, f"{kind}[{unit}]", unit)
            case _:
                return None

    return read


def _decimal(kind: str) -> Callable[[tuple[object, ...], int], Type | None]:
    def read(args: tuple[object, ...], _: int) -> Type | None:
        match args:
            case (int(precision), int(scale)) if abs(scale) < 100:
                return Type(kind, f"{kind}({precision}, {scale})", scale=scale)
            case _:
                return None

    return read


def _dictionary(args: tuple[object, ...], depth: int) -> Type | None:
    match args:
        case (codes, values, ordered):
            inner = (type_of(codes, depth), type_of(values, depth))
            if None in inner:
                return None
            whole = cast(tuple[Type, Type], inner)
            name = f"dictionary<values={whole[1].name}, indices={whole[0].name}, ordered={int(bool(ordered))}>"
            return Type("dictionary", name, inner=whole)
        case _:
            return None


def _list(kind: str) -> Callable[[tuple[object, ...], int], Type | None]:
    def read(args: tuple[object, ...], depth: int) -> Type | None:
        found = None
        if args:
            inner = type_of(args[0], depth)
            found = field_of(args[0], depth) if inner is None else ("item", inner)
        size = args[1] if len(args) > 1 else None
        if found is None:
            return None
        if isinstance(size, int) and size >= 0:
            return Type(f"fixed_size_{kind}", f"fixed_size_list<{found[0]}: {found[1].name}>[{size}]", scale=size)
        return Type(kind, f"{kind}<{found[0]}: {found[1].name}>", inner=(found[1],))

    return read


def _map(args: tuple[object, ...], depth: int) -> Type | None:
    """map_(key, item[, sorted]), each a type or a field."""
    parts = [found[1] if (found := field_of(arg, depth)) else type_of(arg, depth) for arg in args[:2]]
    if len(parts) < 2 or None in parts:
        return None
    key, item = cast(list[Type], parts)
    return Type("map", f"map<{key.name}, {item.name}>", inner=(key, item))


def _struct(args: tuple[object, ...], depth: int) -> Type | None:
    fields = cast(list[object], args[0]) if args and isinstance(args[0], list) else [None]
    if len(fields) > _LONGEST:
        return None
    found = [field_of(field, depth) for field in fields]
    if None in found:
        return None
    named = cast(list[tuple[str, Type]], found)
    name = f"struct<{', '.join(f'{name}: {type_.name}' for name, type_ in named)}>"
    inner, names = tuple(type_ for _, type_ in named), tuple(name for name, _ in named)
    return Type("struct", name, inner=inner, names=names) if len(set(names)) == len(names) else None


def _binary(args: tuple[object, ...], _: int) -> Type | None:
    match args:
        case (int(size),) if size >= 0:
            return Type("fixed_size_binary", f"fixed_size_binary[{size}]", scale=size)
        case _:
            return None


_READERS: dict[str, Callable[[tuple[object, ...], int], Type | None]] = {
    "type_for_alias": _alias,
    "timestamp": _timestamp,
    **{kind: _with_unit(kind) for kind in ("duration", "time32", "time64")},
    **{kind: _decimal(kind) for kind in ("decimal32", "decimal64", "decimal128", "decimal256")},
    "dictionary": _dictionary,
    "list_": _list("list"),
    "large_list": _list("large_list"),
    "map_": _map,
    "struct": _struct,
    "binary": _binary,
}
