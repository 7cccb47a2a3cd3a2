"""Time zones of pandas' columns, and their moments in them."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from ..plain.instants import NOT_A_TIME, moments
from ..plain.times import zone_named
from ..stand_ins import Instance

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def zone_of(value: object) -> tzinfo | None:
    """The zone, or None of what is none or is not known."""
    if isinstance(value, tzinfo):
        return value
    if isinstance(value, Instance) and value.name in ("dateutil.tz.tz.tzfile", "dateutil.tz.tzfile"):
        parts = value.args[-1].split("/") if value.args and isinstance(value.args[-1], str) else []
        return next(filter(None, map(zone_named, ("/".join(parts[-2:]), *parts[-1:]))), None)
    return None


def zone_text(value: object) -> str:
    """`str` of a zone, which is part of the name of a dtype."""
    if isinstance(value, Instance) and value.args and isinstance(value.args[-1], str):
        return f"tzfile({value.args[-1][:200]!r})"
    if isinstance(value, timezone) and value is not UTC and value.utcoffset(None) == timedelta():
        return str(value)
    return value.key if isinstance(value, ZoneInfo) else str(zone_of(value) or "?")


def zoned(counts: list[int], unit: str, zone: tzinfo | None) -> list[object]:
    """Moments in the zone, by their distance from 1970 in units: datetimes, or text where those are too coarse.
    Of a zone that is not known, in UTC.
    """
    per_second = _PER_SECOND[unit]
    return [None if count == NOT_A_TIME else _in_zone(count, per_second, zone or UTC) for count in counts]


def _in_zone(count: int, per_second: int, zone: tzinfo) -> object:
    microseconds, finer = divmod(count * 10**6, per_second)
    try:
        moment = (_EPOCH + timedelta(microseconds=microseconds)).astimezone(zone)
    except OverflowError:
        # Beyond the years of Python: as it stands in UTC.
        unit = next(unit for unit, each in _PER_SECOND.items() if each == per_second)
        return f"{moments([count], unit, 1)[0]}+00:00"
    if not finer:
        return moment
    fraction = f"{count % per_second:09d}"
    return moment.replace(microsecond=0).isoformat().replace(whole := f"{moment:%H:%M:%S}", f"{whole}.{fraction}", 1)
