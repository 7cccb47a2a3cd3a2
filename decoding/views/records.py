"""The rows of a list of objects: the parts of each by their names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from ..limits import Clock, Limits
from ..pickles.cells import Cells
from ..plain.numerals import decimal_text
from ..stand_ins import Instance, shown_by, unwrapped
from . import objects
from .rows import Column, Rows

_SIMPLE_KEYS: tuple[type, ...] = (int, float, bool, type(None))


def record_rows(values: Sequence[object], limits: Limits, whole: Cells | None = None) -> Rows | None:
    """A list whose members all have names for their parts; or the first of a longer one. TooLarge beyond the time."""
    if not values or not all(type(value) in (dict, Instance) for value in values):
        return None
    names: dict[str, None] = {}
    looked = 0
    clock = Clock(limits.seconds)
    for value in values:
        clock.check()
        record = _record(value)
        if record is None:
            return None
        looked += len(record) + 1
        if looked <= limits.items:  # the same large dict may stand in a list many times
            names.update(dict.fromkeys(record))
    columns = [Column(name, None) for name in names]
    of = values if whole is None else whole
    return Rows(columns, len(of), lambda first: [_row(names, value) for value in of[:first]], len(columns))


def _row(names: Iterable[str], value: object) -> list[object]:
    record = _record(value) or {}
    return [record.get(name) for name in names]


def _record(value: object) -> Mapping[str, object] | None:
    """The parts of an object by their names; None of what has none."""
    if isinstance(value, Instance):
        if value.callee.shown is not None:
            instead = shown_by(value.callee.shown, value)
            return _by_name(cast(object, instead)) if isinstance(instead, dict) else None
        return _parts(value)
    return _by_name(value)


def _parts(value: Instance) -> Mapping[str, object] | None:
    match objects.kind_of(value):
        case objects.Mapping(pairs) if all(type(key) is str for key, _ in pairs):
            return _by_name(dict(pairs))
        case objects.Fields(fields) if fields and "args" not in fields:
            return fields
        case _:
            return None


def _by_name(value: object) -> Mapping[str, object] | None:
    """The dict with its keys as the JSON view writes them."""
    pairs = cast(dict[object, object], value)
    if set(map(type, pairs)) <= {str}:
        return cast(dict[str, object], pairs)
    named: dict[str, object] = {}
    for key, inner in pairs.items():
        plain = unwrapped(key)
        name = plain if isinstance(plain, str) else _name(plain)
        if name is None:
            return None
        named[name] = inner
    return named if len(named) == len(pairs) else None


def _name(key: object) -> str | None:
    if type(key) is int:
        return decimal_text(key)
    return str(key) if type(key) in _SIMPLE_KEYS else None
