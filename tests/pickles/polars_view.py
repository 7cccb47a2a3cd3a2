"""The views of what polars makes, from the objects themselves."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Objects of any library, of which the type checker knows nothing.

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from polars_values import Streamed

import json_view as plain

pl: Any = importlib.import_module("polars")


def type_name(value: Any) -> str:
    kind = type(value.frame if isinstance(value, Streamed) else value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def json_view(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: json_view(item) for key, item in value.items()}
    if isinstance(value, list):
        return [json_view(item) for item in value]
    name = {"__class__": type_name(value)}
    if isinstance(value, Streamed) and value.options.get("compression"):
        schema = {column.name: dtype_name(column.dtype) for column in value.frame}
        return {**name, "shape": list(value.frame.shape), "schema": schema}
    value = value.frame if isinstance(value, Streamed) else value
    if isinstance(value, pl.Series):
        return {**name, "name": value.name, "data": cells(value)}
    if isinstance(value, pl.DataFrame):
        columns = [cells(column) for column in value]
        rows = [[column[row] for column in columns] for row in range(len(value))]
        return {**name, "columns": value.columns, "data": rows}
    return name  # its bytes are polars' own


def table_view(value: Any, first: int = 20) -> Any:
    if isinstance(value, Streamed):
        value = None if value.options.get("compression") else value.frame
    if not isinstance(value, (pl.Series, pl.DataFrame)):
        return None
    columns = [value] if isinstance(value, pl.Series) else list(value)
    shown = [cells(column)[:first] for column in columns]
    return {
        "columns": [[column.name or "value", dtype_name(column.dtype)] for column in columns],
        "rows": [[column[row] for column in shown] for row in range(min(first, len(value)))],
        "rowCount": len(value),
    }


def cells(series: Any) -> list[Any]:
    """Times of nanoseconds by way of numpy's: Python has none as fine."""
    kind, unit = type(series.dtype).__name__, getattr(series.dtype, "time_unit", None)
    if str(series.dtype) == "Time":
        days = [None if n is None else plain.json_view(np.datetime64(n, "ns")) for n in series.cast(pl.Int64)]
        return [day and str(day).partition("T")[2] for day in days]
    if unit == "ns":
        made = np.datetime64 if kind == "Datetime" else np.timedelta64
        return [None if n is None else plain.json_view(made(n, "ns")) for n in series.cast(pl.Int64)]
    found: Any = plain.json_view(series.to_list())
    return found


def dtype_name(dtype: Any) -> str:
    """As the latest version writes it."""
    if isinstance(dtype, pl.List):
        return f"List({dtype_name(dtype.inner)})"
    if isinstance(dtype, pl.Struct):
        inner = ", ".join(f"{field.name!r}: {dtype_name(field.dtype)}" for field in dtype.fields)
        return f"Struct({{{inner}}})"
    if isinstance(dtype, pl.Array):
        shape = [dtype.width if hasattr(dtype, "width") else dtype.size]
        while isinstance(dtype.inner, pl.Array):
            dtype = dtype.inner
            shape.append(dtype.width if hasattr(dtype, "width") else dtype.size)
        return f"Array({dtype_name(dtype.inner)}, shape={tuple(shape)})"
    if isinstance(dtype, pl.Decimal):
        return f"Decimal(precision={dtype.precision or 38}, scale={dtype.scale})"
    if isinstance(dtype, (pl.Categorical, pl.Enum)) and not hasattr(pl, "Int128"):
        return "Categorical"  # no more is in the pickle
    text = str(dtype)
    return "String" if text == "Utf8" else text if len(text) <= 2000 else f"{text[:1999]}…"
