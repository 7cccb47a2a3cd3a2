"""The JSON view and the table of what pandas makes, from the objects themselves, and independently of `decoding/`.

Runs with every version of pandas that pickles/make.py installs, the oldest on Python 3.7.
"""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Objects of any library, of which the type checker knows nothing.

from __future__ import annotations

import base64
import copyreg
import datetime
import importlib
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any, Optional, cast

import numpy as np

pd: Any = importlib.import_module("pandas")
_SAFE = 2**53 - 1
_NEW = getattr(copyreg, "__newobj__")  # noqa: B009  the type checker does not know of it
_EXTENSION_ARRAY = pd.api.extensions.ExtensionArray
_TEXTS = (Decimal, Fraction, complex, pd.Period, pd.Interval)


def type_name(value: Any) -> str:
    return str(type(value)).split("'")[1]


def json_view(value: Any) -> Any:
    if value is None or isinstance(value, (bool, np.bool_)):
        return None if value is None else bool(value)
    if value is pd.NaT or value is getattr(pd, "NA", pd.NaT):
        return None
    if isinstance(value, _TEXTS):
        return str(value)
    if isinstance(value, pd.Timedelta):
        return _duration(int(value.value))
    if isinstance(value, datetime.timedelta):
        return _duration((value.days * 86400 + value.seconds) * 10**9 + value.microseconds * 1000)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, np.generic):
        return _scalar(value)
    return _plain(value)


def _scalar(value: Any) -> Any:
    """Of numpy."""
    if value.dtype.names:
        return {name: json_view(value[name]) for name in value.dtype.names}
    if value.dtype.kind == "M":
        return json_view(pd.Timestamp(value))
    if value.dtype.kind == "m":
        return json_view(pd.Timedelta(value))
    return _plain(value.item())


def _plain(value: Any) -> Any:
    if isinstance(value, int):
        return value if abs(value) <= _SAFE else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, complex):
        return str(value)
    if isinstance(value, dict):
        return _dict(cast("dict[Any, Any]", value))
    if isinstance(value, (set, frozenset)):
        return [json_view(item) for item in sorted(cast("list[Any]", value))]
    if isinstance(value, np.ndarray) and not value.shape:
        return json_view(value[()])
    if isinstance(value, (list, tuple, range, np.ndarray, pd.Index, _EXTENSION_ARRAY)):
        return [json_view(item) for item in cast("list[Any]", value)]
    return _compound(value)


def _dict(value: dict[Any, Any]) -> Any:
    keys = [str(key) for key in value]
    if len(set(keys)) == len(keys):
        return {str(key): json_view(item) for key, item in value.items()}
    return [[json_view(key), json_view(item)] for key, item in value.items()]


def _compound(value: Any) -> Any:
    if isinstance(value, pd.DataFrame):
        columns = [column_values(value, place) for place in range(value.shape[1])]
        rows = [[column[row] for column in columns] for row in range(len(value))]
        return {
            "__class__": type_name(value),
            "columns": json_view(value.columns),
            "index": json_view(value.index),
            "data": rows,
        }
    if isinstance(value, pd.Series):
        return {
            "__class__": type_name(value),
            "index": json_view(value.index),
            "data": json_view(list(value)),
            "name": json_view(value.name),
        }
    return state(value)


def state(value: Any, protocol: int = 4) -> Any:
    """Any other object: the name of its class, and what its pickle says."""
    if isinstance(value, type):
        return {"__global__": f"{value.__module__}.{value.__qualname__}"}
    reduced: Any = value.__reduce_ex__(protocol)
    if isinstance(reduced, str):
        return {"__global__": f"{type(value).__module__}.{reduced}"}
    made_by, given, kept = cast("tuple[Any, Any, Any]", (*reduced, None)[:3])
    if made_by is _NEW:
        made_by, *given = given
    shown = {"__class__": f"{made_by.__module__}.{made_by.__qualname__}"}
    if given:
        shown["args"] = json_view(given)
    shown.update({name: json_view(item) for name, item in cast("dict[str, Any]", kept or {}).items()})
    return shown


def _duration(nanoseconds: int) -> str:
    """ISO 8601, days the largest unit."""
    sign = "-" if nanoseconds < 0 else ""
    seconds, fraction = divmod(abs(nanoseconds), 10**9)
    days, seconds = divmod(seconds, 86400)
    text = ""
    for size, unit in ((3600, "H"), (60, "M")):
        count, seconds = divmod(seconds, size)
        text += f"{count}{unit}" if count else ""
    if seconds or fraction:
        text += f"{seconds}" + (f".{fraction:09d}".rstrip("0") if fraction else "") + "S"
    if not days and not text:
        return "PT0S"
    return sign + "P" + (f"{days}D" if days else "") + (f"T{text}" if text else "")


def column_values(frame: Any, place: int) -> list[Any]:
    return json_view(list(frame.iloc[:, place]))


def table_view(value: Any, first: int = 20) -> Optional[dict[str, Any]]:  # noqa: UP045
    """What `table` answers; None for what is none of pandas'."""
    if isinstance(value, pd.MultiIndex):
        columns = _levels(value)
    elif isinstance(value, (pd.Index, _EXTENSION_ARRAY)):
        columns = [(_name(getattr(value, "name", None), "value"), value)]
    elif isinstance(value, pd.Series):
        columns = [*_index_columns(value.index), (_name(value.name, "value"), value)]
    elif isinstance(value, pd.DataFrame):
        named = [(_label(label), value.iloc[:, place]) for place, label in enumerate(value.columns)]
        if isinstance(value.columns, pd.MultiIndex):
            named = [(".".join(map(_label, label)), one) for label, (_, one) in zip(value.columns, named)]  # noqa: B905
        columns = [*_index_columns(value.index), *named]
    else:
        return None
    return {
        "columns": [[name, str(values.dtype)] for name, values in columns],
        "rows": [
            [json_view(next(iter(values[row : row + 1]))) for _, values in columns]
            for row in range(min(first, len(value)))
        ],
        "rowCount": len(value),
    }


def _label(label: Any) -> str:
    return label if isinstance(label, str) else str(label)


def _name(name: Any, otherwise: str) -> str:
    return otherwise if name is None else _label(name)


def _index_columns(index: Any) -> list[tuple[str, Any]]:
    """What stands before the columns: nothing for an index without a name that only counts."""
    if isinstance(index, pd.MultiIndex):
        return _levels(index)
    if (
        index.name is None
        and index.dtype.kind in "iu"
        and not hasattr(index.dtype, "numpy_dtype")
        and list(index) == list(range(len(index)))
    ):
        return []
    return [(_name(index.name, "index"), index)]


def _levels(index: Any) -> list[tuple[str, Any]]:
    return [
        (_name(index.names[level], f"level_{level}"), index.get_level_values(level)) for level in range(index.nlevels)
    ]
