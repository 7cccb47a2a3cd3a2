"""Values of torch, by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

torch: Any = importlib.import_module("torch")
VIEWS = "torch_view"
KINDS = ("float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "bool", "complex64")


def values() -> dict[str, Callable[[], Any]]:
    torch.manual_seed(0)
    return {
        **{f"torch_{kind}": lambda kind=kind: torch.tensor([0, 1, 3]).to(getattr(torch, kind)) for kind in KINDS},
        "torch_matrix": lambda: torch.arange(6.0).reshape(2, 3),
        "torch_transposed": lambda: torch.arange(6).reshape(2, 3).T,
        "torch_sliced": lambda: torch.arange(10)[3:8:2],
        "torch_expanded": lambda: torch.tensor([[1], [2]]).expand(2, 3),
        "torch_scalar": lambda: torch.tensor(1.5),
        "torch_empty": lambda: torch.zeros(0, 3),
        "torch_gradient": lambda: torch.ones(2, requires_grad=True),
        "torch_parameter": lambda: torch.nn.Parameter(torch.ones(2)),
        "torch_state": lambda: torch.nn.Linear(2, 1).state_dict(),
        "torch_module": lambda: torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3), torch.nn.ReLU()),
        "torch_long": lambda: (torch.arange(40_000.0) % 100).reshape(-1, 2),
        "torch_shared": lambda: (lambda one: [one, one[1:]])(torch.arange(4)),
        "torch_size": lambda: torch.Size([1, 2]),
        "torch_dtype": lambda: torch.float32,
        "torch_device": lambda: torch.device("cpu"),
    }
