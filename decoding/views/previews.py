"""A value as text, close to Python's repr, as far as it is looked at."""

from collections.abc import Callable, Iterable, Iterator, Set
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from types import NoneType
from typing import Any, cast
from zoneinfo import ZoneInfo

from ..arrays.numpy_arrays import Array
from ..arrays.torch_tensors import Tensor
from ..errors import FAULTS, TooLarge
from ..frames.frames import Frame, Labels
from ..frames.series import Series
from ..limits import DEFAULT, Clock, Limits
from ..pickles.cells import Cells, Dropped
from ..pickles.payloads import Payload
from ..plain.numerals import decimal_text
from ..stand_ins import Global, Instance, Key, shown_by, unwrapped
from . import kinds
from .array_previews import Part, array_preview, scalar_preview
from .objects import Extended, Fields, Kind, Mapping, Members, Missing, Scalar, Written, kind_of
from .order import arranged
from .outlines import outline
from .pieces import Text, separated
from .type_names import type_name

_END = object()


def preview(value: object, length: int, limits: Limits = DEFAULT) -> str:
    """The text, cut to so many characters, the ellipsis included; not much more is made than that. It ends sooner
    where what it shows takes too long to look at.
    """
    clock = Clock(limits.seconds)
    parts: list[str] = []
    room = length
    inside: set[int] = set()
    waiting: list[Iterator[object]] = [iter((value,))]
    while waiting and room >= 0 and not clock.over():
        token = next(waiting[-1], _END)
        if token is _END:
            waiting.pop()
            continue
        text = token if isinstance(token, Text) else _scalar(token, room)
        if text is None:
            waiting.append(_opened(token, inside))
        else:
            parts.append(text)
            room -= len(text)
    whole = "".join(parts) + ("…" if waiting else "")
    return whole if len(whole) <= length else whole[: max(length - 1, 0)] + "…"[: max(length, 0)]


def _scalar(value: object, room: int) -> str | None:
    match value:
        case str() | bytes() | bytearray():
            return repr(value[: room + 1])
        case Payload():
            return repr(value.head()[: room + 1])
        case bool():
            return repr(value)
        case int():
            return decimal_text(value) or f"<int of {value.bit_length()} bits>"
        case Global():
            return value.name.removeprefix("builtins.")
        case _:
            return repr(value) if type(value) in _REPR else None


def _opened(value: object, inside: set[int]) -> Iterator[object]:
    """The pieces of a container, and the values between them."""
    if id(value) in inside:
        yield Text("...")
        return
    inside.add(id(value))
    open_ = _BY_TYPE.get(type(value))
    yield from open_(value) if open_ else (Text(f"<{type_name(value)}>"),)
    inside.discard(id(value))


def _tuple(values: tuple[object, ...]) -> Iterator[object]:
    return separated("(", values, ",)" if len(values) == 1 else ")")


def _set(values: Set[object]) -> Iterator[object]:
    return separated("{", arranged(values), "}") if values else iter((Text("set()"),))


def _frozenset(values: Set[object]) -> Iterator[object]:
    return chain((Text("frozenset("),), _set(values) if values else (), (Text(")"),))


def _pairs(pairs: Iterable[tuple[object, object]]) -> Iterator[object]:
    yield Text("{")
    for index, (key, value) in enumerate(pairs):
        if index:
            yield Text(", ")
        yield unwrapped(key)
        yield Text(": ")
        yield value
    yield Text("}")


def _instance(value: Instance) -> Iterator[object]:
    if value.callee.shown is not None:
        instead = shown_by(value.callee.shown, value)
        if not isinstance(instead, Instance):
            return iter((instead,))
        value = instead
    name = type_name(value).removeprefix(value.callee.module).removeprefix(".")
    match _kind(value):
        case Written(text):
            return iter((Text(text if name == "Pattern" else f"{name}({text!r})"),))
        case Missing():
            return iter((Text(name),))
        case Array() as array:
            return array_preview(name, array)
        case Scalar(array):
            return scalar_preview(array, bare=value.callee.module.startswith("numpy.core"))
        case Mapping(pairs):
            return _wrapped(name, value, _pairs(pairs))
        case Members(members):
            return _wrapped(name, value, separated("[", members, "]"))
        case Extended(inner):
            return iter((inner,))
        case Fields(fields):
            return _call(name, fields)
        case found:
            return _outlined(value.callee.attribute, found)


def _kind(value: Instance) -> Kind:
    try:
        return kind_of(value)
    except TooLarge:  # what tells its length was not kept
        return Fields({})


def _outlined(name: str, found: Tensor | Frame | Labels | Series) -> Iterator[object]:
    try:
        return iter((Text(outline(name, found)),))
    except FAULTS:
        return iter((Text(f"{name}()"),))


def _wrapped(name: str, value: Instance, inner: Iterator[object]) -> Iterator[object]:
    """A container of the standard library shows its name, one of the user's is shown as what it extends."""
    if value.callee.module not in ("collections", "array"):
        return inner
    opening: tuple[object, ...] = (Text(f"{name}("),)
    if name in ("defaultdict", "array"):
        opening = (*opening, value.args[0] if value.args else None, Text(", "))
    return chain(opening, inner, (Text(")"),))


def _call(name: str, fields: kinds.Fields) -> Iterator[object]:
    """Name(positional, field=value)"""
    args = fields.get("args")
    positional = cast(tuple[object, ...], args) if isinstance(args, tuple | list) else ()
    named = {key: value for key, value in fields.items() if key != "args" or not positional}
    yield from separated(f"{name}(", positional, ", " if positional and named else "")
    for index, (key, value) in enumerate(named.items()):
        yield Text(f"{', ' if index else ''}{key[:100]}=")
        yield value
    yield Text(")")


_REPR = frozenset(
    {NoneType, float, complex, range, Decimal, Fraction, datetime, date, time, timedelta, timezone, ZoneInfo}
)
_BY_TYPE: dict[type, Callable[[Any], Iterator[object]]] = {
    list: lambda values: separated("[", values, "]"),
    tuple: _tuple,
    dict: lambda values: _pairs(values.items()),
    set: _set,
    frozenset: _frozenset,
    Key: lambda key: iter((key.value,)),
    Cells: lambda cells: separated("[", (*cells.head(), Text("...")), "]"),
    Dropped: lambda _: iter((Text("..."),)),
    Instance: _instance,
    Part: Part.pieces,
}
