"""pandas' frequencies, and the text of a Period: how many of its frequency since 1970."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from re import ASCII, compile

from ..plain.instants import moments
from ..stand_ins import Instance, named

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_WRITTEN = compile(r"(?:period\[)?(\d{0,9})([A-Za-z]{1,3})(?:-([A-Z]{3}))?\]?", ASCII)
# By the class of the offset. pandas before 2.2 wrote A, H, T, S, L, U and N.
_UNITS = {
    "YearEnd": "Y",
    "QuarterEnd": "Q",
    "MonthEnd": "M",
    "Week": "W",
    "BusinessDay": "B",
    "BDay": "B",
    "Day": "D",
    "Hour": "h",
    "Minute": "min",
    "Second": "s",
    "Milli": "ms",
    "Micro": "us",
    "Nano": "ns",
}
_OLD_UNITS = {"A": "Y", "H": "h", "T": "min", "S": "s", "L": "ms", "U": "us", "N": "ns"}
_ANCHORS = {"Y": "month", "Q": "startingMonth", "W": "weekday"}
_LAST_DAY = date(1970, 1, 4)  # a Sunday


@dataclass(frozen=True, slots=True)
class Frequency:
    unit: str
    multiple: int = 1
    anchor: int = 0  # of years and quarters the month in which they end, from 1; of weeks their last day, from 0

    @property
    def name(self) -> str:
        names = _DAYS[self.anchor] if self.unit == "W" else _MONTHS[self.anchor - 1]
        anchored = f"-{names}" if self.unit in _ANCHORS else ""
        return f"{self.multiple if self.multiple > 1 else ''}{self.unit}{anchored}"

    def text(self, ordinal: int) -> str:
        """`str` of the Period of this ordinal."""
        write = _TEXTS.get(self.unit)
        if write is not None:
            return write(ordinal, self.anchor)
        return str(moments([ordinal], self.unit, 1)[0])


def frequency_of(value: object) -> Frequency | None:
    """Of an offset, of a PeriodDtype, or of the text of one."""
    if isinstance(value, str):
        return _written(value)
    if not isinstance(value, Instance):
        return None
    state = named(value.state) or {}
    if value.callee.attribute == "PeriodDtype":
        freq = state["freq"] if "freq" in state else value.args[0] if value.args else None
        return frequency_of(freq) if not isinstance(freq, Instance) else _offset(freq)
    return _offset(value)


def _written(text: str) -> Frequency | None:
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    unit = _OLD_UNITS.get(found[2], found[2])
    if unit not in _UNITS.values():
        return None
    anchor = _DAYS.index(found[3] or "SUN") if unit == "W" else _MONTHS.index(found[3] or "DEC") + 1
    return Frequency(unit, int(found[1] or 1), anchor)


def _offset(value: Instance) -> Frequency | None:
    """Its arguments are the multiple, whether it is normalized, and the anchor; older ones have a state."""
    unit = _UNITS.get(value.callee.attribute)
    if unit is None:
        return None
    state = named(value.state) or {}
    multiple = value.args[0] if value.args else state.get("n", 1)
    anchor = value.args[2] if len(value.args) > 2 else state.get(_ANCHORS.get(unit, ""), 0)
    limit = 7 if unit == "W" else 13
    if type(multiple) is not int:
        return None
    if unit not in _ANCHORS:
        return Frequency(unit, multiple)
    if type(anchor) is not int or not (unit != "W") <= anchor < limit:
        return None
    return Frequency(unit, multiple, anchor)


def _year(ordinal: int, _: int) -> str:
    return str(ordinal + 1970)


def _quarter(ordinal: int, _: int) -> str:
    return f"{ordinal // 4 + 1970}Q{ordinal % 4 + 1}"


def _month(ordinal: int, _: int) -> str:
    return str(moments([ordinal], "M", 1)[0])[:-3]


def _week(ordinal: int, last: int) -> str:
    """Its first and its last day."""
    end = _LAST_DAY + timedelta(days=7 * (ordinal - 1) + (last - 6) % 7)
    return f"{end - timedelta(days=6)}/{end}"


def _business_day(ordinal: int, _: int) -> str:
    """Day 0 is Thursday, the first of 1970."""
    weeks, weekday = divmod(ordinal + 3, 5)
    return str(moments([weeks * 7 + weekday - 3], "D", 1)[0])


def _clock(unit: str, digits: int, *, seconds: bool = True) -> Callable[[int, int], str]:
    """A moment, written as far as its unit goes."""

    def write(ordinal: int, _anchor: int) -> str:
        whole, _, fraction = str(moments([ordinal], unit, 1)[0]).replace("T", " ").partition(".")
        whole = whole if seconds else whole[: -len(":00")]
        return f"{whole}.{fraction[:digits]:0<{digits}}" if digits else whole

    return write


_TEXTS: dict[str, Callable[[int, int], str]] = {
    "Y": _year,
    "Q": _quarter,
    "M": _month,
    "W": _week,
    "B": _business_day,
    "h": _clock("h", 0, seconds=False),
    "min": _clock("m", 0, seconds=False),
    "s": _clock("s", 0),
    "ms": _clock("ms", 3),
    "us": _clock("us", 6),
    "ns": _clock("ns", 9),
}
