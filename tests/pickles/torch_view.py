"""The views of what torch makes, from the objects themselves."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Objects of any library, of which the type checker knows nothing.

from __future__ import annotations

import importlib
import math
from typing import Any

torch: Any = importlib.import_module("torch")


def type_name(value: Any) -> str:
    return str(type(value)).split("'")[1]


def json_view(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        shape = list(value.shape)
        return {
            "__class__": type_name(value),
            "dtype": str(value.dtype),
            "shape": shape,
            "data": _plain(value.tolist()),
        }
    if isinstance(value, torch.nn.Module):
        return {"__class__": type_name(value), **json_view(vars(value))}
    if isinstance(value, torch.dtype):
        return {"__global__": str(value)}
    if isinstance(value, torch.device):
        return {"__class__": "torch.device", "args": [str(value)]}
    if isinstance(value, dict):
        return {name: json_view(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [json_view(item) for item in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, complex):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table_view(value: Any, first: int = 20) -> Any:
    """A vector is a column, the columns of a matrix are numbered."""
    if not isinstance(value, torch.Tensor) or value.dim() not in (1, 2):
        return None
    names = ["value"] if value.dim() == 1 else [str(number) for number in range(value.shape[1])]
    rows = value[:first].tolist() if value.dim() == 2 else [[one] for one in value[:first].tolist()]
    return {"columns": [[name, str(value.dtype)] for name in names], "rows": _plain(rows), "rowCount": len(value)}
