"""The views of what polars makes, from the objects themselves."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Objects of any library, of which the type checker knows nothing.

from __future__ import annotations

import importlib
from typing import Any

pl: Any = importlib.import_module("polars")


def type_name(value: Any) -> str:
    return str(type(value)).split("'")[1]


def json_view(value: Any) -> Any:
    """Its bytes are polars' own: the class is all that is told."""
    return {"__class__": type_name(value)}


def table_view(_: Any, first: int = 20) -> Any:
    """Not read."""
