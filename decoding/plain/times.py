"""Dates, times and zones: built from the packed bytes of their pickles, and written as ISO 8601."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from ..stand_ins import Global, Instance

Args = tuple[object, ...]
T = TypeVar("T", datetime, time)

_FOLD = 0x80  # the bit that tells the second of two equal wall-clock times


def iso_duration(duration: timedelta) -> str:
    """P1DT2H3M4.5S; a minus before the P of a negative one."""
    sign, span = ("-", -duration) if duration < timedelta() else ("", duration)
    hours, rest = divmod(span.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{span.microseconds:06d}".rstrip("0") if span.microseconds else ""
    clock = [(hours, "H"), (minutes, "M"), (f"{seconds}{fraction}" if seconds or fraction else 0, "S")]
    days = f"{span.days}D" if span.days else ""
    text = "".join(f"{amount}{unit}" for amount, unit in clock if amount)
    return f"{sign}P{days}" + (f"T{text}" if text else "" if days else "T0S")


def _packed(data: bytes | str, size: int) -> bytes | None:
    """What Python 2 pickled comes as text."""
    raw = data.encode("latin-1") if isinstance(data, str) else data
    return raw if len(raw) == size else None


def _datetime(args: Args) -> datetime | Instance | None:
    match args:
        case (bytes() | str() as data, *zones) if (raw := _packed(data, 10)) and len(zones) < 2:
            day = date(raw[0] << 8 | raw[1], raw[2] & ~_FOLD, raw[3])
            clock = time(raw[4], raw[5], raw[6], int.from_bytes(raw[7:]), fold=raw[2] >> 7)
            return _zoned(datetime.combine(day, clock), zones)
        case _:
            return None


def _time(args: Args) -> time | Instance | None:
    match args:
        case (bytes() | str() as data, *zones) if (raw := _packed(data, 6)) and len(zones) < 2:
            return _zoned(time(raw[0] & ~_FOLD, raw[1], raw[2], int.from_bytes(raw[3:]), fold=raw[0] >> 7), zones)
        case _:
            return None


def _zoned(plain: T, zones: list[object]) -> T | Instance:
    """In its zone; where the zone is of a class that is not known, both stand side by side."""
    zone = zones[0] if zones else None
    if zone is None:
        return plain
    if isinstance(zone, ZoneInfo) and zone.key in _zones() and zone is _whole(zone.key):
        # What is written datetime(…, tzinfo=pytz.timezone(…)) has the offset of before there were zones.
        mean = zone.utcoffset(datetime(1, 1, 1)) or timedelta()  # noqa: DTZ001
        return plain.replace(tzinfo=timezone(timedelta(minutes=round(mean / timedelta(minutes=1))), "LMT"))
    if isinstance(zone, tzinfo):
        return plain.replace(tzinfo=zone)
    return Instance(Global("datetime", type(plain).__name__), (plain, zone))


def _date(args: Args) -> date | None:
    match args:
        case (bytes() | str() as data,) if raw := _packed(data, 4):
            return date(raw[0] << 8 | raw[1], raw[2], raw[3])
        case _:
            return None


def _timedelta(args: Args) -> timedelta | None:
    match args:
        case (int(days), int(seconds), int(microseconds)):
            return timedelta(days, seconds, microseconds)
        case _:
            return None


def _timezone(args: Args) -> timezone | None:
    match args:
        case (timedelta() as offset,):
            return timezone(offset)
        case (timedelta() as offset, str(name)):
            return timezone(offset, name)
        case _:
            return None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_named(key: str) -> ZoneInfo | None:
    """Only zones that are known to be there: ZoneInfo looks any other name up as a file and as a module."""
    return ZoneInfo(key) if key in _zones() else None


def _zone(args: Args) -> ZoneInfo | None:
    match args:
        case (str(key), *_):
            return zone_named(key)
        case _:
            return None


def _utc(args: Args) -> timezone | None:
    return None if args else UTC


def _pytz(args: Args) -> timezone | ZoneInfo | None:
    """pytz._p(zone, seconds east of UTC, seconds of summer time, abbreviation), which is the zone at one of its
    offsets. The first of these, local mean time, stands for the zone as a whole.
    """
    match args:
        case (str(key), int(), int(), "LMT") if key in _zones():
            return _whole(key)
        case (str(), int(seconds), int(), str(abbreviation)):
            return timezone(timedelta(seconds=seconds), abbreviation)
        case (str(key),):
            return zone_named(key)
        case _:
            return None


@cache
def _whole(key: str) -> ZoneInfo:
    """A zone of pytz; not the same as ZoneInfo(key), such that a moment in local mean time can be told."""
    return ZoneInfo.no_cache(key)


def _pytz_fixed(args: Args) -> timezone | None:
    match args:
        case (int(minutes),):
            return timezone(timedelta(minutes=minutes))
        case _:
            return None


BUILDERS: dict[str, Callable[[Args], object | None]] = {
    "datetime.datetime": _datetime,
    "datetime.date": _date,
    "datetime.time": _time,
    "datetime.timedelta": _timedelta,
    "datetime.timezone": _timezone,
    "zoneinfo.ZoneInfo": _zone,
    "zoneinfo.ZoneInfo._unpickle": _zone,
    "pytz._UTC": _utc,
    "pytz._p": _pytz,
    "pytz.FixedOffset": _pytz_fixed,
    "dateutil.tz.tz.tzutc": _utc,
}
