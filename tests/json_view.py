"""The JSON view of an artifact, from the object itself: what the gateway must answer without ever making it.

Written after the table in the documentation of artifacts, and independently of `decoding/`, which it is compared with.
"""

import array
import base64
import copyreg
import datetime as dt
import decimal
import fractions
import functools
import ipaddress
import math
import pathlib
import re
import uuid
import zoneinfo
from collections import ChainMap, deque
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from types import BuiltinFunctionType, FunctionType
from typing import Any, TypeAlias, cast

import numpy as np

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_NEW = getattr(copyreg, "__newobj__")  # noqa: B009  (the type checker does not know of it)
_NEW_WITH_KEYWORDS = getattr(copyreg, "__newobj_ex__")  # noqa: B009
LARGEST_SAFE_INTEGER = 2**53 - 1
_AS_TEXT = (
    *(decimal.Decimal, fractions.Fraction, uuid.UUID, pathlib.PurePath, complex, re.Pattern),
    *(ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network),
)
# Whose str() says the same whether or not the classes in it can be imported.
_KEYS_AS_TEXT = (type(None), bool, int, float, bytes, dt.date, dt.time, dt.timedelta, *_AS_TEXT)


def json_view(value: Any) -> Json:
    """The view of a whole artifact. Metaflow records of it, and of nothing within it, whether it is an enum."""
    return _view(value.value if isinstance(value, Enum) else value, frozenset())


def _view(value: Any, around: frozenset[int]) -> Json:
    if isinstance(value, Enum):
        return _state(value, around)
    if isinstance(value, (np.ndarray, np.generic, np.dtype)):
        return _numpy(cast("Any", value), around)
    for kind, viewed in _SCALARS:
        if isinstance(value, kind):
            return viewed(value)
    if id(value) in around:
        return {"__cycle__": True}
    return _compound(value, around | {id(value)})


def _numpy(value: Any, around: frozenset[int]) -> Json:
    """Nested lists of what `item` gives; of times its text where Python has none as fine, or as far away."""
    if value is np.ma.masked:
        return None
    if isinstance(value, np.dtype):
        described = cast("np.dtype[Any]", value)
        return {"__class__": "numpy.dtype", "name": str(described) if described.names else described.name}
    if id(value) in around:
        return {"__cycle__": True}
    if value.ndim:
        return [_view(item, around | {id(value)}) for item in value]
    if value.dtype.names:
        return {name: _view(value[name], around) for name in value.dtype.names}
    if value.dtype.kind in "mM":
        return None if np.isnat(value) else _time(value)
    if value.dtype.kind in "fc":
        item = complex(value) if value.dtype.kind == "c" else float(value)
    elif value.dtype.kind == "V":
        item = value.tobytes()
    else:
        item = value.item()
    return _view(item, around)


def _time(value: Any) -> Json:
    unit = np.datetime_data(value.dtype)[0]
    if value.dtype.kind == "m" and unit in ("Y", "M"):
        count = int(value.astype(np.int64)) * np.datetime_data(value.dtype)[1]
        return f"{'-' if count < 0 else ''}P{abs(count)}{unit}"
    in_microseconds = value.astype(value.dtype.kind + "8[us]") if unit in ("ns", "ps", "fs", "as") else value
    item = (in_microseconds if in_microseconds == value else value).item()
    if isinstance(item, int):
        # Finer than datetime: as text.
        return str(value) if value.dtype.kind == "M" else _fine_duration(value)
    return _view(item, frozenset())


def _fine_duration(value: Any) -> str:
    digits = {"ns": 9, "ps": 12, "fs": 15, "as": 18}[np.datetime_data(value.dtype)[0]]
    count = int(value.astype(np.int64)) * np.datetime_data(value.dtype)[1]
    seconds = decimal.Decimal(abs(count)).scaleb(-digits)
    return f"{'-' if count < 0 else ''}PT{seconds.normalize():f}S" if seconds < 60 else f"beyond this test: {count}"


def _integer(value: int) -> Json:
    return int(value) if abs(value) <= LARGEST_SAFE_INTEGER else str(int(value))


def _float(value: float) -> Json:
    return float(value) if math.isfinite(value) else None


def _text(value: str) -> str:
    return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in value)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _duration(value: dt.timedelta) -> str:
    """ISO 8601, days the largest unit: -P1DT2H3M4.5S."""
    sign, value = ("-", -value) if value < dt.timedelta() else ("", value)
    hours, seconds = divmod(value.seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    days = f"{value.days}D" if value.days else ""
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    time += f"{seconds}{fraction}S" if seconds or fraction else ""
    return f"{sign}P{days}T{time}" if time else f"{sign}P{days}" if days else "PT0S"


def _global(value: Any) -> Json:
    return {"__global__": _name(value)}


def _name(value: Any) -> str:
    # A method of a class (ZoneInfo._unpickle) stands for its class.
    owner = getattr(value, "__self__", None)
    value = owner if isinstance(owner, type) else value
    return f"{value.__module__}.{value.__qualname__}"


def _ellipsis(value: Any) -> Json:
    return {"__global__": "builtins.Ellipsis" if value is ... else "builtins.NotImplemented"}


def _nothing(value: None) -> Json:
    return value


_SCALARS: list[tuple[Any, Callable[[Any], Json]]] = [
    (type(None), _nothing),
    (bool, bool),
    (int, _integer),
    (float, _float),
    (str, _text),
    ((bytes, bytearray), _base64),
    ((dt.date, dt.time), lambda value: value.isoformat()),
    (dt.timedelta, _duration),
    (_AS_TEXT, str),
    ((type, FunctionType), _global),
    ((type(...), type(NotImplemented)), _ellipsis),
]


def _compound(value: Any, around: frozenset[int]) -> Json:
    if isinstance(value, BuiltinFunctionType) and not _is_bound(value):
        return _global(value)
    if isinstance(value, (set, frozenset)):
        return _sorted(cast("Iterable[Any]", value), around)
    if isinstance(value, (list, deque, range, array.array)) or _is_tuple(value):
        return [_view(item, around) for item in cast("Iterable[Any]", value)]
    if isinstance(value, (dict, ChainMap)):
        return _object(cast("Mapping[Any, Any]", value), around)
    return _state(value, around)


def _is_bound(function: BuiltinFunctionType) -> bool:
    owner: Any = function.__self__
    return owner is not None and not isinstance(owner, type(math))


def _is_tuple(value: Any) -> bool:
    return isinstance(value, tuple) and not hasattr(cast("object", value), "_fields")


def _sorted(items: Iterable[Any], around: frozenset[int]) -> Json:
    """By Python's order where the items have one, else by the names of their types: iteration order is no answer."""
    items = list(items)
    try:
        return [_view(item, around) for item in sorted(items)]
    except TypeError:
        items.sort(key=lambda item: (type(item).__name__, str(item)))
        return [_view(item, around) for item in items]


def _object(value: Mapping[Any, Any], around: frozenset[int]) -> Json:
    keys = [_key(key) for key in value]
    texts = [key for key in keys if key is not None]
    if len(texts) == len(value) == len(set(texts)):
        return {key: _view(item, around) for key, item in zip(texts, value.values(), strict=True)}
    return [[_view(key, around), _view(item, around)] for key, item in value.items()]


def _key(key: Any) -> str | None:
    if isinstance(key, Enum):
        # Which member it is, its pickle does not say.
        return f"{type(key).__qualname__}({key.value!r})"
    if isinstance(key, str):
        return _text(key)
    return _text(str(key)) if _is_plain(key) else None


def _is_plain(key: Any) -> bool:
    if _is_tuple(key):
        return all(isinstance(item, str) or _is_plain(item) for item in key)
    return isinstance(key, _KEYS_AS_TEXT) and not isinstance(key, Enum)


def _state(value: Any, around: frozenset[int]) -> Json:
    """What the pickle of an object of any class says of it: see the documentation of `object.__reduce_ex__`."""
    if isinstance(value, zoneinfo.ZoneInfo):
        return {"__class__": "zoneinfo.ZoneInfo", "args": [value.key]}
    made_by, given, state, *_ = (*value.__reduce_ex__(4), None)
    keywords: dict[str, Any] = {}
    if made_by is _NEW:
        made_by, *given = given
    elif made_by is _NEW_WITH_KEYWORDS:
        made_by, given, keywords = given
    elif isinstance(value, functools.partial):
        called = cast("functools.partial[Any]", value)
        given, keywords, state = (called.func, *called.args), called.keywords, None
    if isinstance(state, tuple) and len(cast("tuple[Any, ...]", state)) == 2:
        of_dict, of_slots = cast("tuple[Any, ...]", state)
        state = cast("dict[str, Any]", (of_dict or {}) | (of_slots or {}))
    if isinstance(state, (list, tuple)):
        given, state = cast("Iterable[Any]", state), None
    found: dict[str, Json] = {"__class__": _name(made_by)}
    if positional := [_view(one, around) for one in given]:
        found["args"] = positional
    if keywords:
        found["kwargs"] = _object(keywords, around)
    for name, item in cast("dict[str, Any]", state or {}).items():
        found[_text(name)] = _view(item, around)
    return found
