"""The JSON view of a decoded value."""

from base64 import b64encode
from collections.abc import Callable, Sequence, Set
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from pathlib import PurePath
from re import compile
from types import NoneType
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from ..arrays.dtypes import cells_within
from ..arrays.elements import nested
from ..arrays.numpy_arrays import Array, scalar_of
from ..arrays.torch_tensors import Tensor
from ..errors import FAULTS, TooLarge
from ..frames.frames import Frame, Grid, Labels
from ..frames.pandas_scalars import label
from ..frames.series import Series
from ..limits import DEFAULT, Clock, Limits
from ..pickles.cells import Cells, Dropped
from ..pickles.payloads import Payload
from ..plain.numerals import decimal_text
from ..plain.times import iso_duration
from ..stand_ins import Global, Instance, Key, shown_by, unwrapped
from . import kinds
from .objects import Extended, Fields, Mapping, Members, Missing, Scalar, Written, kind_of
from .order import arranged
from .previews import preview
from .texts import text as text_of
from .type_names import type_name

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]

_EXACT = 2**53 - 1  # JavaScript's Number.MAX_SAFE_INTEGER
_SURROGATES = compile("[\ud800-\udfff]")
_KEY_LENGTH = 1000
_CYCLE = "__cycle__"
_MANY = 16  # members that are worth being looked over first
_AT_ONCE = 65_536  # elements between two looks at the clock


def to_json(value: object, limits: Limits = DEFAULT, *, enum: bool = False) -> JSON:
    """Plain JSON values, which any encoder takes. TooLarge where the view goes beyond the limits.
    With `enum` the value itself is a member of an enum, by what its writer recorded.
    """
    view = _View(limits)
    try:
        return view.show(_member(value) if enum else value)
    except RecursionError:
        raise TooLarge("The value is nested too deeply.") from None


def _member(value: object) -> object:
    """The value of an enum's member, or its name where the pickle has that alone."""
    match value:
        case Instance(args=(inner,), state=None):
            return inner
        case Global(owner=Global()):
            return value.attribute
        case _:
            return value


class _View:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._clock = Clock(limits.seconds)
        self._items = limits.items
        self._text = limits.text
        self._depth = 0
        self._open: set[int] = set()  # ids of what is being shown, from the outermost inwards

    def show(self, value: object) -> JSON:
        show = _BY_TYPE.get(type(value))
        return show(self, value) if show else self.other(value)

    def _enter(self, owner: object, size: int, levels: int = 1) -> bool:
        """Counts a container of so many values; False where it is inside of itself."""
        if id(owner) in self._open:
            return False
        self._clock.check()
        self._room_for(size)
        self._items -= size
        self._depth += levels
        if self._depth > self._limits.depth:
            raise TooLarge(f"The value is nested more than {self._limits.depth} levels deep.")
        self._open.add(id(owner))
        return True

    def _room_for(self, size: int) -> None:
        if size > self._items:
            raise TooLarge(f"The value shows more than {self._limits.items} values.")

    def _leave(self, owner: object, levels: int = 1) -> None:
        self._depth -= levels
        self._open.discard(id(owner))

    def _charge(self, characters: int) -> None:
        self._text -= characters
        if self._text < 0:
            raise TooLarge(f"The value shows more than {self._limits.text} characters of text.")

    # Scalars.

    def text(self, value: str) -> str:
        self._charge(len(value))
        return value if value.isascii() else _clean(value)

    def written(self, value: object) -> str:
        return self.text(str(value))

    def moment(self, value: datetime | date | time) -> str:
        written = value.isoformat()
        self._charge(len(written))
        return written

    def whole(self, value: int) -> JSON:
        if -_EXACT <= value <= _EXACT:
            return value
        self._clock.check()
        digits = decimal_text(value)
        return {"__class__": "builtins.int", "bits": value.bit_length()} if digits is None else self.text(digits)

    def base64(self, value: bytes | bytearray) -> str:
        self._charge(len(value) * 4 // 3)
        return b64encode(value).decode("ascii")

    # Containers.

    def array(self, owner: object, values: Sequence[object] | None = None) -> JSON:
        """The members of the owner, or the owner's own where none are given."""
        members = cast(Sequence[object], owner) if values is None else values
        if not self._enter(owner, len(members)):
            return {_CYCLE: True}
        shown = self._alike(members) if len(members) > _MANY else [self.show(member) for member in members]
        self._leave(owner)
        return shown

    def numbers(self, value: range) -> JSON:
        try:
            return self.array(value)
        except OverflowError:  # of its length
            raise TooLarge(f"The value shows more than {self._limits.items} values.") from None

    def nested(self, owner: Instance, array: Array) -> JSON:
        """A numpy array as lists of lists; one of no axis as its only element."""
        if not array.shape:
            return self.instead(owner, array.elements()[0])
        self._room_for(array.cells)  # before any of them is made
        if not self._enter(owner, cells_within(array.shape), levels=len(array.shape)):
            return {_CYCLE: True}
        shown: list[JSON] = []
        for start in range(0, array.size, _AT_ONCE):
            self._clock.check()
            shown += self._alike(array.elements(start, start + _AT_ONCE))
        self._leave(owner, levels=len(array.shape))
        return cast(list[JSON], nested(cast(list[object], shown), array.shape))

    def _alike(self, values: Sequence[object]) -> list[JSON]:
        """The values: those of one type, but for None, at once."""
        kinds = set(map(type, values)) - {NoneType}
        if kinds == {float}:
            return [
                None if value is None or not isfinite(value) else value for value in cast(list[float | None], values)
            ]
        if kinds <= {bool} or (kinds == {int} and _are_exact(cast(list[int | None], values))):
            return list(cast(list[JSON], values))
        if kinds == {str}:
            return self._texts(cast(list[str | None], values))
        return [self.show(value) for value in values]

    def _texts(self, values: list[str | None]) -> list[JSON]:
        self._charge(sum(len(value) for value in values if value))
        return [value if value is None or value.isascii() else _clean(value) for value in values]

    def grid(self, value: Grid) -> JSON:
        """Rows, made column by column: the values of one are alike, and count before those of the next are made."""
        self._enter(value, value.length * (len(value.columns) + 1), levels=2)
        columns = [self._alike(series.values(0, value.length)) for series in value.columns]
        self._leave(value, levels=2)
        return list(map(list, zip(*columns, strict=True))) if columns else [[] for _ in range(value.length)]

    def members(self, value: Set[object]) -> JSON:
        self._room_for(len(value))
        return self.array(value, arranged(value))

    def plain_dict(self, value: dict[object, object]) -> JSON:
        if set(map(type, value)) <= {str}:
            return self.fields(value, cast(dict[str, object], value))
        self._room_for(len(value))
        return self.mapping(value, [(unwrapped(key), inner) for key, inner in value.items()])

    def fields(self, owner: object, fields: kinds.Fields, name: str | None = None) -> JSON:
        """An object of these fields, with the name of its class first; pairs where keys would fall together."""
        if not self._enter(owner, len(fields)):
            return {_CYCLE: True}
        shown: dict[str, JSON] = {} if name is None else {"__class__": self.text(name)}
        self._charge(sum(map(len, fields)))
        for key, value in fields.items():
            if name is None or key != "__class__":
                shown[key if key.isascii() else _clean(key)] = self.show(value)
        self._leave(owner)
        return shown if name or len(shown) == len(fields) else self.pairs(owner, list(fields.items()))

    def mapping(self, owner: object, pairs: Sequence[tuple[object, object]]) -> JSON:
        """An object where the text of the keys keeps them apart, else an array of pairs."""
        fields: dict[str, object] = {}
        for key, value in pairs:
            written = self._key(key)
            if written is None or written in fields:
                return self.pairs(owner, pairs)
            fields[written] = value
        return self.fields(owner, fields)

    def pairs(self, owner: object, pairs: Sequence[tuple[object, object]]) -> JSON:
        if not self._enter(owner, 3 * len(pairs), levels=2):
            return {_CYCLE: True}
        shown: list[JSON] = [[self.show(key), self.show(value)] for key, value in pairs]
        self._leave(owner, levels=2)
        return shown

    def _key(self, key: object) -> str | None:
        """`str` of a key, or as near to it as the pickle tells; None where that is too long."""
        if isinstance(key, str):
            return key
        if type(key) is int:
            return decimal_text(key)
        self._clock.check()
        if isinstance(key, Instance) and (scalar := scalar_of(key)) is not None:
            return self._key(scalar.elements()[0])
        written = (label(key) or text_of(key)) if isinstance(key, Instance) else None
        if written is None:
            written = str(key) if isinstance(key, _WITH_STR) else preview(key, _KEY_LENGTH + 1, self._limits)
        self._charge(len(written))
        return written if len(written) <= _KEY_LENGTH else None

    # What stands for objects and globals.

    def thing(self, value: Global) -> JSON:
        if value.owner is not None and value.attribute.isupper():
            return self.text(value.attribute)  # a member of an enum, pickled by its name
        return None if kinds.is_missing(value) else {"__global__": self.text(value.name)}

    def instance(self, value: Instance) -> JSON:
        if value.callee.shown is None:
            return self.as_is(value)
        instead = shown_by(value.callee.shown, value)
        return self.as_is(instead) if isinstance(instead, Instance) else self.instead(value, instead)

    def instead(self, owner: Instance, value: object) -> JSON:
        """The value in the place of the instance."""
        if not self._enter(owner, 0, levels=0):
            return {_CYCLE: True}
        shown = self.show(value)
        self._leave(owner, levels=0)
        return shown

    def as_is(self, value: Instance) -> JSON:
        match kind_of(value):
            case Written(text):
                return self.text(text)
            case Missing():
                return None
            case Array() as array:
                return self.nested(value, array)
            case Scalar(array):
                return self.instead(value, array.elements()[0])
            case Mapping(pairs):
                return self.mapping(value, [(unwrapped(key), inner) for key, inner in pairs])
            case Members(members):
                return self.array(value, members)
            case Extended(inner):
                return self.show(inner)
            case Fields(fields):
                return self.fields(value, fields, value.name)
            case Labels() | Series() as values:
                return self.column(value, values)
            case found:
                return self.of_library(value, found)

    def of_library(self, value: Instance, found: Frame | Tensor) -> JSON:
        self._room_for(found.cells)  # before any of them is made
        depth, inside = self._depth, set(self._open)
        try:
            return self.fields(value, found.parts(), value.name)
        except FAULTS:
            self._depth, self._open = depth, inside
            return self.fields(value, {}, value.name)

    def column(self, value: Instance, found: Labels | Series) -> JSON:
        self._room_for(found.cells)
        try:
            return self.array(value, found.values())
        except FAULTS:
            return self.fields(value, {}, value.name)

    def offset(self, value: timezone) -> JSON:
        offset = value.utcoffset(None)
        name = [] if str(value) == str(timezone(offset)) else [str(value)]
        return self.fields(value, {"args": [offset, *name]}, "datetime.timezone")

    def zone(self, value: ZoneInfo) -> JSON:
        return self.fields(value, {"args": [str(value)]}, "zoneinfo.ZoneInfo")

    def other(self, value: object) -> JSON:
        """What no pickle decodes to, but a function in `known` may give."""
        if isinstance(value, PurePath | UUID):
            return self.written(value)
        return {"__class__": self.text(type_name(value))}


def _clean(text: str) -> str:
    """Without lone surrogates, which no encoding has."""
    return _SURROGATES.sub("\ufffd", text)


def _are_exact(values: Sequence[int | None]) -> bool:
    numbers = [value for value in values if value is not None]
    return min(numbers) >= -_EXACT and max(numbers) <= _EXACT


def _too_long(_: _View, value: Payload) -> JSON:
    raise TooLarge(f"The value has {len(value)} bytes in one piece.")


def _dropped(_: _View, value: Cells | Dropped) -> JSON:
    raise TooLarge("The value has many objects in its arrays, and only the first were kept.")


def _same(_: _View, value: JSON) -> JSON:
    return value


_WITH_STR = (float, bool, Decimal, Fraction, date, time, timedelta, complex, NoneType)
_BY_TYPE: dict[type, Callable[[_View, Any], JSON]] = {
    NoneType: _same,
    bool: _same,
    int: _View.whole,
    float: lambda _, value: value if isfinite(value) else None,
    str: _View.text,
    bytes: _View.base64,
    bytearray: _View.base64,
    list: _View.array,
    tuple: _View.array,
    range: _View.numbers,
    set: _View.members,
    frozenset: _View.members,
    dict: _View.plain_dict,
    Key: lambda view, key: view.show(key.value),
    Global: _View.thing,
    Instance: _View.instance,
    **dict.fromkeys((datetime, date, time), _View.moment),
    timedelta: lambda view, value: view.text(iso_duration(value)),
    timezone: _View.offset,
    ZoneInfo: _View.zone,
    Decimal: _View.written,
    Fraction: _View.written,
    complex: _View.written,
    Grid: _View.grid,
    Payload: _too_long,
    Cells: _dropped,
    Dropped: _dropped,
}
