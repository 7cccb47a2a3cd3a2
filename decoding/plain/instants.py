"""numpy's datetime64 and timedelta64: counts of a unit, as Python's values where those are exact, else as ISO 8601."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

NOT_A_TIME = -(2**63)

# Units of a fixed length: how many make a second, or how many seconds they have.
_FRACTIONS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9, "ps": 10**12, "fs": 10**15, "as": 10**18}
_SECONDS = {"W": 604_800, "D": 86_400, "h": 3600, "m": 60}
_DAY = 86_400
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  numpy's times know of no zone
_FIRST_DAY, _LAST_DAY = date.min.toordinal(), date.max.toordinal()
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)
_CYCLE_DAYS, _CYCLE_YEARS = 146_097, 400  # the Gregorian calendar repeats itself


def moments(counts: Sequence[int], unit: str, multiple: int) -> list[object]:
    """The datetimes or, of units from a day up, the dates; None for NaT. Counts without a unit stay as they are."""
    if not unit:
        return _each(counts, multiple, lambda count: count)
    if unit in ("Y", "M"):
        return _each(counts, multiple, _month if unit == "M" else lambda count: _month(count * 12))
    if unit in ("D", "W"):
        length = 7 if unit == "W" else 1
        return _each(counts, multiple, lambda count: _day(count * length))
    if unit == "us":
        return _each(counts, multiple, _microsecond)
    seconds, per_second = _SECONDS.get(unit, 1), _FRACTIONS.get(unit, 1)
    return _each(counts, multiple, lambda count: _instant(count * seconds, per_second))


def spans(counts: Sequence[int], unit: str, multiple: int) -> list[object]:
    """The timedeltas, None for NaT; years and months, whose length no one knows, as text."""
    if not unit:
        return _each(counts, multiple, lambda count: count)
    if unit in ("Y", "M"):
        return _each(counts, multiple, lambda count: f"{'-' if count < 0 else ''}P{abs(count)}{unit}")
    seconds, per_second = _SECONDS.get(unit, 1), _FRACTIONS.get(unit, 1)
    return _each(counts, multiple, lambda count: _span(count * seconds, per_second))


def _each(counts: Sequence[int], multiple: int, made: Callable[[int], object]) -> list[object]:
    return [None if count == NOT_A_TIME else made(count * multiple) for count in counts]


def _month(count: int) -> object:
    """The first day of the month, so many after January 1970."""
    year, month = divmod(count, 12)
    year += 1970
    return date(year, month + 1, 1) if 1 <= year <= 9999 else _date_text(year, month + 1, 1)


def _day(count: int) -> object:
    ordinal = count + _EPOCH_DAY
    return date.fromordinal(ordinal) if _FIRST_DAY <= ordinal <= _LAST_DAY else _day_text(ordinal)


def _day_text(ordinal: int) -> str:
    """A day that Python's date has no room for."""
    cycles, within = divmod(ordinal - 1, _CYCLE_DAYS)
    day = date.fromordinal(within + 1)
    return _date_text(day.year + cycles * _CYCLE_YEARS, day.month, day.day)


def _date_text(year: int, month: int, day: int) -> str:
    """ISO 8601 wants a sign for years of more than four digits, and for those before the year 0."""
    written = f"{year:04d}" if 0 <= year <= 9999 else f"{year:+05d}"
    return f"{written}-{month:02d}-{day:02d}"


def _microsecond(count: int) -> object:
    try:
        return _EPOCH + timedelta(microseconds=count)
    except OverflowError:
        return _instant(count, 10**6)


def _instant(count: int, per_second: int) -> object:
    """The datetime; as text with all its digits where it is finer than microseconds, or Python has no room for it."""
    whole, fraction = divmod(count, per_second)
    days, second = divmod(whole, _DAY)
    ordinal = days + _EPOCH_DAY
    microseconds, finer = divmod(fraction * 10**6, per_second)
    if not finer and _FIRST_DAY <= ordinal <= _LAST_DAY:
        return _EPOCH + timedelta(days, second, microseconds)
    written = _day_text(ordinal) if not _FIRST_DAY <= ordinal <= _LAST_DAY else date.fromordinal(ordinal).isoformat()
    hours, rest = divmod(second, 3600)
    return f"{written}T{hours:02d}:{rest // 60:02d}:{rest % 60:02d}{_digits(fraction, per_second)}"


def _digits(fraction: int, per_second: int) -> str:
    """A fraction of a second with the digits that its unit has; to microseconds as Python writes it."""
    if not fraction:
        return ""
    microseconds, finer = divmod(fraction * 10**6, per_second)
    return f".{fraction:0{len(str(per_second)) - 1}d}" if finer else f".{microseconds:06d}"


def _span(count: int, per_second: int) -> object:
    microseconds, finer = divmod(count * 10**6, per_second)
    if not finer:
        try:
            return microseconds * _MICROSECOND
        except OverflowError:
            pass
    return _span_text(count, per_second)


def _span_text(count: int, per_second: int) -> str:
    """As iso_duration writes timedeltas."""
    whole, fraction = divmod(abs(count), per_second)
    days, second = divmod(whole, _DAY)
    hours, rest = divmod(second, 3600)
    minutes, seconds = divmod(rest, 60)
    digits = f".{fraction:0{len(str(per_second)) - 1}d}".rstrip("0") if fraction else ""
    clock = [(str(hours), "H"), (str(minutes), "M"), (f"{seconds}{digits}", "S")]
    text = "".join(f"{amount}{unit}" for amount, unit in clock if amount != "0")
    return f"{'-' if count < 0 else ''}P{f'{days}D' if days else ''}{'T' if text else ''}{text}"
