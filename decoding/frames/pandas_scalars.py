"""pandas' Timestamp, Timedelta, Period and Interval: as values, and as text."""

from collections.abc import Callable
from datetime import datetime, timedelta

from ..plain.instants import moments, spans
from ..plain.times import iso_duration
from ..stand_ins import Instance, read
from .periods import frequency_of
from .zones import zone_of, zoned

# numpy's numbers of units. Before pandas 2 there were nanoseconds alone, and no number.
_UNITS = {7: "s", 8: "ms", 9: "us", 10: "ns"}
_CLOSED = {"left": "[)", "right": "(]", "both": "[]", "neither": "()"}
_DEEPEST = 3  # an Interval of Intervals of Intervals is none of pandas'


def moment(instance: Instance) -> object:
    """The datetime of a Timestamp, text where it is finer than those; None of anything else."""
    return read(_MOMENTS, instance)


def label(value: object, depth: int = _DEEPEST) -> str | None:
    """`str` of a datetime, a timedelta, or an Instance of pandas', as it is written as the name of a column."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, timedelta):
        return span_text(value)
    if not isinstance(value, Instance) or depth == 0:
        return None
    if value.callee.attribute == "Interval":
        return read(dict.fromkeys(_names("Interval"), lambda interval: _interval(interval, depth)), value)
    found = moment(value)
    if isinstance(found, str):
        return found.replace("T", " ")
    return read(_PERIODS, value) if found is None else label(found)


def span_text(span: timedelta) -> str:
    """`str` of a Timedelta: 1 days 02:03:04.500000"""
    hours, rest = divmod(span.seconds, 3600)
    fraction = f".{span.microseconds:06d}" if span.microseconds else ""
    sign = "+" if span.days < 0 else ""
    return f"{span.days} days {sign}{hours:02d}:{rest // 60:02d}:{rest % 60:02d}{fraction}"


def interval_text(left: object, right: object, closed: str, depth: int = _DEEPEST) -> str | None:
    """`str` of an Interval; None where a bound is of no kind that pandas has for them."""
    bounds = [
        str(bound) if isinstance(bound, int | float | str) else label(bound, depth - 1) for bound in (left, right)
    ]
    opening, closing = _CLOSED[closed]
    return None if None in bounds else f"{opening}{bounds[0]}, {bounds[1]}{closing}"


def _timestamp(instance: Instance) -> object:
    """(count, frequency, zone, unit)"""
    count, *others = instance.args
    zone, unit = (*others[1:], None, None)[:2]
    if type(count) is not int:
        return None
    name = _UNITS.get(unit, "") if isinstance(unit, int) else "ns"
    if zone is None:
        return moments([count], name, 1)[0] if name else None
    return zoned([count], name, zone_of(zone))[0]


def _timedelta(instance: Instance) -> object:
    """(count, unit)"""
    count, unit = (*instance.args, None)[:2]
    name = _UNITS.get(unit, "") if isinstance(unit, int) else "ns"
    return spans([count], name, 1)[0] if type(count) is int and name else None


def _period(instance: Instance) -> str | None:
    """(None, frequency, ordinal)"""
    match instance.args:
        case (None, freq, int(ordinal)):
            frequency = frequency_of(freq)
            return None if frequency is None else frequency.text(ordinal)
        case _:
            return None


def _interval(instance: Instance, depth: int = _DEEPEST) -> str | None:
    match instance.args:
        case (left, right, str(closed)):
            return interval_text(left, right, closed, depth)
        case _:
            return None


def _iso(instance: Instance) -> str | None:
    found = moment(instance)
    if isinstance(found, timedelta):
        return iso_duration(found)
    return found.isoformat() if isinstance(found, datetime) else found if isinstance(found, str) else None


def _names(name: str) -> tuple[str, ...]:
    modules = ("timestamps", "timedeltas", "period", "interval")
    return (
        f"pandas.{name}",
        *(f"pandas._libs.tslibs.{module}.{name}" for module in modules),
        *(f"pandas._libs.{module}.{name}" for module in ("tslib", "period", "interval")),
        *(f"pandas.{module}.{name}" for module in ("tslib", "_period")),
    )


_MOMENTS: dict[str, Callable[[Instance], object]] = {
    **dict.fromkeys(_names("Timestamp"), _timestamp),
    **dict.fromkeys(_names("Timedelta"), _timedelta),
}
_PERIODS: dict[str, Callable[[Instance], str | None]] = dict.fromkeys(_names("Period"), _period)
TEXTS: dict[str, Callable[[Instance], str | None]] = {
    **dict.fromkeys(_MOMENTS, _iso),
    **_PERIODS,
    **dict.fromkeys(_names("Interval"), _interval),
}
