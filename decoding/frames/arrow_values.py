"""The values of Arrow's arrays out of their buffers, as Series; each place is checked before it is read."""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from struct import unpack_from
from typing import cast

from ..plain.instants import moments, spans
from .arrow_layouts import Layout
from .arrow_types import Type
from .series import Series, chosen, constant
from .zones import zone_of, zoned

_INTS = {"int8": "b", "int16": "h", "int32": "i", "int64": "q"}
_LETTERS = {
    **_INTS,
    **{f"u{name}": letter.upper() for name, letter in _INTS.items()},
    "halffloat": "e",
    "float": "f",
    "double": "d",
    "float16": "e",
    "float32": "f",
    "float64": "d",
}
_WIDTHS = {"decimal32": 4, "decimal64": 8, "decimal128": 16, "decimal256": 32, "int128": 16, "uint128": 16}
_VIEWED = 12  # bytes of text that a view holds itself


def series_in(layout: Layout) -> Series:
    """Values that no one asks for are not made, nor checked."""
    kind = layout.type.kind
    if kind == "null":
        return constant(layout.type.name, layout.length, None)
    if kind == "dictionary":
        if layout.dictionary is None:
            raise ValueError
        codes = Series("", layout.length, _valid(layout, _numbers(layout.type.inner[0])))
        filled = Series("", layout.length, lambda a, b: [-1 if code is None else code for code in codes.cut(a, b)])
        return chosen(filled, layout.dictionary, layout.type.name)
    return Series(layout.type.name, layout.length, _valid(layout, _READERS.get(kind) or _numbers(layout.type)))


Cut = Callable[[Layout, int, int], list[object]]


def _valid(layout: Layout, read: Cut) -> Callable[[int, int], list[object]]:
    """None for what the array's first buffer has as missing."""

    def cut(start: int, stop: int) -> list[object]:
        start, stop = start + layout.start, stop + layout.start
        found = read(layout, start, stop)
        if layout.buffers[0] is None:
            return found
        return [value if valid else None for value, valid in zip(found, layout.bits(0, start, stop), strict=True)]

    return cut


def _numbers(type_: Type) -> Cut:
    letter = _LETTERS[type_.kind]
    return lambda layout, start, stop: list(layout.numbers(1, letter, start, stop))


def _booleans(layout: Layout, start: int, stop: int) -> list[object]:
    return list(layout.bits(1, start, stop))


def _moments(layout: Layout, start: int, stop: int) -> list[object]:
    counts = layout.numbers(1, "q", start, stop)
    if layout.type.zone:
        return zoned(list(counts), layout.type.unit, zone_of(layout.type.where))
    return moments(counts, layout.type.unit, 1)


def _spans(layout: Layout, start: int, stop: int) -> list[object]:
    return spans(layout.numbers(1, "q", start, stop), layout.type.unit, 1)


def _days(layout: Layout, start: int, stop: int) -> list[object]:
    return moments(layout.numbers(1, "i", start, stop), "D", 1)


def _milliseconds(layout: Layout, start: int, stop: int) -> list[object]:
    return moments([count // 86_400_000 for count in layout.numbers(1, "q", start, stop)], "D", 1)


def _clock(layout: Layout, start: int, stop: int) -> list[object]:
    counts = layout.numbers(1, "i" if layout.type.kind == "time32" else "q", start, stop)
    return [_time(found) for found in moments(counts, layout.type.unit, 1)]


def _time(moment: object) -> object:
    return str(moment).replace("T", " ").partition(" ")[2]


def _wide(layout: Layout, start: int, stop: int) -> list[object]:
    """Whole numbers of any number of bytes."""
    size, signed = _WIDTHS[layout.type.kind], layout.type.kind != "uint128"
    data = layout.data(1, size, start, stop)
    return [int.from_bytes(data[at : at + size], "little", signed=signed) for at in range(0, len(data), size)]


def _decimals(layout: Layout, start: int, stop: int) -> list[object]:
    numbers = _wide(layout, start, stop)
    # Not by scaleb, which rounds to 28 digits.
    return [Decimal(f"{number}e{-layout.type.scale}") for number in numbers]


def _bounds(layout: Layout, start: int, stop: int) -> list[tuple[int, int]]:
    """Where each value begins and ends: in order, and none of them backwards."""
    letter = "q" if layout.type.kind.startswith("large") else "i"
    bounds = list(pairwise(layout.numbers(1, letter, start, stop + 1)))
    if any(not 0 <= begin <= end for begin, end in bounds):
        raise IndexError
    return bounds


def _bytes(layout: Layout, start: int, stop: int) -> list[object]:
    bounds = _bounds(layout, start, stop)
    first, last = (bounds[0][0], bounds[-1][1]) if bounds else (0, 0)
    data = layout.text(2, first, last) if last else b""
    return [data[begin - first : end - first] for begin, end in bounds]


def _texts(layout: Layout, start: int, stop: int) -> list[object]:
    return [cast(bytes, found).decode("utf-8", "replace") for found in _bytes(layout, start, stop)]


def _views(layout: Layout, start: int, stop: int) -> list[object]:
    """Each has a length, and its bytes, or where they are: their beginning, the buffer, the offset."""
    data = layout.data(1, 16, start, stop)
    found: list[object] = []
    for at in range(0, len(data), 16):
        length, buffer, offset = unpack_from("<i4xii", data, at)
        if length < 0:
            raise IndexError
        if length <= _VIEWED:
            found.append(data[at + 4 : at + 4 + length])
        elif buffer < 0:
            raise IndexError
        else:
            found.append(layout.text(2 + buffer, offset, offset + length))
    return found


def _text_views(layout: Layout, start: int, stop: int) -> list[object]:
    return [cast(bytes, found).decode("utf-8", "replace") for found in _views(layout, start, stop)]


def _fixed_bytes(layout: Layout, start: int, stop: int) -> list[object]:
    size = layout.type.scale
    data = layout.text(1, start * size, stop * size)
    return [data[at : at + size] for at in range(0, len(data), size)] if size else [b""] * (stop - start)


def _within(child: Layout, start: int, stop: int) -> list[object]:
    child.room.take_values(stop - start)
    return series_in(child).values(start, stop)


def _lists(layout: Layout, start: int, stop: int) -> list[object]:
    bounds = _bounds(layout, start, stop)
    first, last = (bounds[0][0], bounds[-1][1]) if bounds else (0, 0)
    (child,) = layout.children
    if last > child.length or any(begin != end for (_, end), (begin, _) in pairwise(bounds)):
        raise IndexError
    values = _within(child, first, last)
    return [values[begin - first : end - first] for begin, end in bounds]


def _maps(layout: Layout, start: int, stop: int) -> list[object]:
    found = cast(list[list[dict[str, object]]], _lists(layout, start, stop))
    return [[list(pair.values()) for pair in pairs] for pairs in found]


def _fixed_lists(layout: Layout, start: int, stop: int) -> list[object]:
    size = layout.type.scale
    (child,) = layout.children
    if stop * size > child.length:
        raise IndexError
    values = _within(child, start * size, stop * size)
    return [values[at * size : (at + 1) * size] for at in range(stop - start)]


def _structs(layout: Layout, start: int, stop: int) -> list[object]:
    if any(child.length < stop for child in layout.children) or len(layout.type.names) != len(layout.children):
        raise IndexError
    columns = [_within(child, start, stop) for child in layout.children]
    if not columns:
        return [{} for _ in range(stop - start)]
    return [dict(zip(layout.type.names, values, strict=True)) for values in zip(*columns, strict=True)]


_READERS: dict[str, Cut] = {
    "bool": _booleans,
    "timestamp": _moments,
    "duration": _spans,
    "date32": _days,
    "date64": _milliseconds,
    **dict.fromkeys(("time32", "time64"), _clock),
    **dict.fromkeys(("decimal32", "decimal64", "decimal128", "decimal256"), _decimals),
    **dict.fromkeys(("string", "large_string"), _texts),
    **dict.fromkeys(("binary", "large_binary"), _bytes),
    "string_view": _text_views,
    "binary_view": _views,
    "fixed_size_binary": _fixed_bytes,
    **dict.fromkeys(("int128", "uint128"), _wide),
    **dict.fromkeys(("list", "large_list"), _lists),
    "map": _maps,
    "fixed_size_list": _fixed_lists,
    "struct": _structs,
}
