"""The views of what pyarrow makes, from the objects themselves."""

from __future__ import annotations

import importlib
from typing import Any

import pandas_view
from pandas_view import type_name

pa: Any = importlib.import_module("pyarrow")
__all__ = ["json_view", "table_view", "type_name"]


def json_view(value: Any) -> Any:
    if isinstance(value, (pa.Table, pa.RecordBatch)):
        columns = [json_view(column) for column in value.columns]
        rows = [[column[row] for column in columns] for row in range(value.num_rows)]
        return {"__class__": type_name(value), "columns": value.schema.names, "data": rows}
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        return [pandas_view.json_view(item) for item in value.to_pylist()]
    return pandas_view.json_view(value)


def table_view(value: Any, first: int = 20) -> Any:
    if isinstance(value, (pa.Table, pa.RecordBatch)):
        names, columns = value.schema.names, value.columns
    elif isinstance(value, (pa.Array, pa.ChunkedArray)):
        names, columns = ["value"], [value]
    else:
        return pandas_view.table_view(value, first)
    length = len(columns[0]) if columns else 0
    shown = [json_view(column)[:first] for column in columns]
    return {
        "columns": [[name, str(column.type)] for name, column in zip(names, columns)],  # noqa: B905
        "rows": [[column[row] for column in shown] for row in range(min(first, length))],
        "rowCount": length,
    }
