"""The schema of an Arrow stream, with the names that polars gives to its types.

Numbers of fields and of types are those of Schema.fbs: arrow.apache.org/docs/format/Columnar.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from re import compile
from typing import NamedTuple

from .arrow_layouts import DEEPEST, Parts
from .arrow_types import Type
from .flatbuffers import Table

_LONGEST = 2000  # of the name of a type
_SHOWN = 500  # fields in that of a struct: more of them would be longer
_NOTED = 20  # pairs of metadata that a field has
_UNITS = ("s", "ms", "us", "ns")
_NOTHING = Table(b"", 0, ())
_LENGTH = compile(rb"(\d{1,9});")
_VALUES = ("_PL_ENUM_VALUES2", "_PL_ENUM_VALUES")
_NOTES = frozenset({*_VALUES, "_PL_CATEGORICAL", "_PL_CATEGORICAL2"})
_PHYSICAL = {b"u8;": "UInt8", b"u16;": "UInt16", b"u32;": "UInt32"}


class Field(NamedTuple):
    """A column, or what stands within its values. `dictionary` is the id of that which its values are chosen from,
    and `choices` what this holds. A type that is not read has the kind "".
    """

    name: str
    type: Type
    children: tuple[Field, ...] = ()
    dictionary: int | None = None
    choices: Field | None = None

    def within(self) -> Iterator[Field]:
        """Itself, and all that have buffers of their own in the same batch."""
        yield self
        for child in self.children:
            yield from child.within()


class Schema:
    """Reads fields."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def fields(self, table: Table, field: int, depth: int = DEEPEST) -> tuple[Field, ...]:
        """Of the vector that is this field of the table."""
        found = table.vector(field, 4)
        self._parts.take("fields", found.many)
        return tuple(self._field(found.table(index), depth - 1) for index in range(found.many))

    def _read(self, table: Table, field: int, most: int) -> str:
        found = table.text(field, most)
        self._parts.take("letters", len(found))
        return found

    def _field(self, table: Table, depth: int) -> Field:
        if depth <= 0:
            raise ValueError
        name = self._read(table, 0, 1 + self._parts.has("letters"))
        children = self.fields(table, 5, depth)
        read = _TYPES.get(table.number(2, "B"))
        described = table.table(3) or _NOTHING
        found = (read(described, children) if read else None) or Type("", "Unknown")
        whole = Field(name, found, children)
        encoding = table.table(4)
        return whole if encoding is None else _chosen(whole, encoding, *self._note(table))

    def _note(self, table: Table) -> tuple[str, bytes]:
        """What polars remarks about categories, by its key, and the beginning of it."""
        found = table.vector(6, 4)
        for index in range(min(found.many, _NOTED)):
            pair = found.table(index)
            if (key := pair.text(0, 100)) in _NOTES:
                return key, self._read(pair, 1, _LONGEST).encode()
        return "", b""


def _chosen(choices: Field, encoding: Table, key: str, note: bytes) -> Field:
    """A Categorical or an Enum; values that are chosen from further ones are not read."""
    described = encoding.table(1)
    codes = Type("int32", "Int32") if described is None else _int(described, ())
    readable = codes and choices.type.kind and not any(part.choices for part in choices.within())
    inner = (codes, choices.type) if codes else ()
    type_ = Type("dictionary" if readable else "", _cut(_categories(key, note)), inner=inner)
    return Field(choices.name, type_, (), encoding.number(0, "q"), choices)


def _categories(key: str, note: bytes) -> str:
    """The values of an Enum; up to polars 1.31 the order of categories, since then what they are called."""
    if key == "_PL_CATEGORICAL":
        return f"Categorical(ordering={note.decode('utf-8', 'replace')!r})"
    texts, rest = _measured(note)
    if key in _VALUES:
        shown = ", ".join([*map(repr, texts), *(["…"] if rest else [])])
        return f"Enum(categories=[{shown}])"
    name, space = (*texts, "", "")[:2]
    if space or rest not in (b"", b"u32;"):
        physical = _PHYSICAL.get(rest, "?")
        return f'Categorical(Categories(name="{name}", namespace="{space}", physical=pl.{physical}))'
    return f'Categorical(Categories("{name}"))' if name else "Categorical"


def _measured(data: bytes) -> tuple[list[str], bytes]:
    """Texts each after its length in bytes, as in 1;b3;abc; and what comes after the last that is whole."""
    found: list[str] = []
    at = 0
    while (length := _LENGTH.match(data, at)) and (end := length.end() + int(length[1])) <= len(data):
        found.append(data[length.end() : end].decode("utf-8", "replace"))
        at = end
    return found, data[at:]


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


Read = Callable[[Table, tuple[Field, ...]], Type | None]


def _plain(kind: str, name: str) -> Read:
    found = Type(kind, name)
    return lambda _, __: found


_INTS = {
    (width, signed): Type(f"{'' if signed else 'u'}int{width}", f"{'' if signed else 'U'}Int{width}")
    for width in (8, 16, 32, 64, 128)
    for signed in (False, True)
}


def _int(table: Table, _: tuple[Field, ...]) -> Type | None:
    width, signed = table.number(0, "i"), table.flag(1)
    return _INTS.get((width, signed))


def _float(table: Table, _: tuple[Field, ...]) -> Type | None:
    return {
        0: Type("halffloat", "Float16"),
        1: Type("float", "Float32"),
        2: Type("double", "Float64"),
    }.get(table.number(0, "h"))


def _decimal(table: Table, _: tuple[Field, ...]) -> Type | None:
    precision, scale, width = table.number(0, "i"), table.number(1, "i"), table.number(2, "i", 128)
    if width not in (32, 64, 128, 256) or abs(scale) >= 100:
        return None
    return Type(f"decimal{width}", f"Decimal(precision={precision}, scale={scale})", scale=scale)


def _date(table: Table, _: tuple[Field, ...]) -> Type:
    return Type("date64" if table.number(0, "h", 1) else "date32", "Date")


def _unit(table: Table, otherwise: int) -> str:
    found = table.number(0, "h", otherwise)
    if not 0 <= found < len(_UNITS):
        raise ValueError
    return _UNITS[found]


def _time(table: Table, _: tuple[Field, ...]) -> Type | None:
    width = table.number(1, "i", 32)
    return Type(f"time{width}", "Time", _unit(table, 1)) if width in (32, 64) else None


def _datetime(table: Table, _: tuple[Field, ...]) -> Type:
    unit, zone = _unit(table, 0), table.text(1, 1000)
    return Type("timestamp", _cut(f"Datetime(time_unit={unit!r}, time_zone={zone or None!r})"), unit, zone)


def _duration(table: Table, _: tuple[Field, ...]) -> Type:
    unit = _unit(table, 1)
    return Type("duration", f"Duration(time_unit={unit!r})", unit)


def _fixed_binary(table: Table, _: tuple[Field, ...]) -> Type | None:
    size = table.number(0, "i")
    return Type("fixed_size_binary", "Binary", scale=size) if size >= 0 else None


def _list(kind: str) -> Read:
    def read(_: Table, children: tuple[Field, ...]) -> Type | None:
        if len(children) != 1:
            return None
        (child,) = children
        return Type(kind if child.type.kind else "", _cut(f"List({child.type.name})"), inner=(child.type,))

    return read


def _array(table: Table, children: tuple[Field, ...]) -> Type | None:
    size = table.number(0, "i")
    if len(children) != 1 or size < 0:
        return None
    inner = children[0].type
    kind, sizes = "fixed_size_list" if inner.kind else "", [size]
    while inner.kind == "fixed_size_list":
        sizes.append(inner.scale)
        (inner,) = inner.inner
    shape = f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"
    return Type(kind, _cut(f"Array({inner.name}, shape={shape})"), scale=size, inner=(children[0].type,))


def _struct(_: Table, children: tuple[Field, ...]) -> Type:
    names = tuple(child.name for child in children)
    readable = len(set(names)) == len(names) and all(child.type.kind for child in children)
    written = ", ".join(f"{child.name!r}: {child.type.name}" for child in children[:_SHOWN])
    inner = tuple(child.type for child in children)
    return Type("struct" if readable else "", _cut(f"Struct({{{written}}})"), inner=inner, names=names)


_TYPES: dict[int, Read] = {
    1: _plain("null", "Null"),
    2: _int,
    3: _float,
    4: _plain("binary", "Binary"),
    5: _plain("string", "String"),
    6: _plain("bool", "Boolean"),
    7: _decimal,
    8: _date,
    9: _time,
    10: _datetime,
    12: _list("list"),
    13: _struct,
    15: _fixed_binary,
    16: _array,
    18: _duration,
    19: _plain("large_binary", "Binary"),
    20: _plain("large_string", "String"),
    21: _list("large_list"),
    23: _plain("binary_view", "Binary"),
    24: _plain("string_view", "String"),
}
