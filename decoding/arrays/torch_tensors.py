"""torch's tensors: their dtype and shape, and the values that the archive within their pickle holds."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import FAULTS, DecodingError
from ..limits import Limits
from ..pickles import opcodes as op
from ..pickles.handlers import HANDLERS
from ..pickles.machine import Machine
from ..pickles.payloads import Payload, after
from ..stand_ins import Global, Instance
from .dtypes import DType, cells_within, numbers, shape_of
from .numpy_arrays import Array

# torch/serialization.py:_legacy_save: these pickles one after the other, then the storage's count and bytes.
_PICKLES = ("magic number", "protocol", "system", "storage", "keys")
_STORAGE = 3
_HEAD = 64 * 1024
_LIMITS = Limits(opcodes=50_000, memo=5000, seconds=1.0)
_DTYPES = {
    "Float": numbers("f", 4),
    "Double": numbers("f", 8),
    "Half": numbers("f", 2),
    "BFloat16": DType("B", 2, "<", "bfloat16", "bfloat16"),
    "Char": numbers("i", 1),
    "Short": numbers("i", 2),
    "Int": numbers("i", 4),
    "Long": numbers("i", 8),
    "Byte": numbers("u", 1),
    "Bool": numbers("b", 1),
    "ComplexFloat": numbers("c", 8),
    "ComplexDouble": numbers("c", 16),
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """`dtype` is torch's; `array` has the elements, and is None where they can't be read."""

    dtype: str | None
    shape: tuple[int, ...]
    array: Array | None = None

    @property
    def cells(self) -> int:
        return cells_within(self.shape) + 1

    def parts(self) -> dict[str, object]:
        known: dict[str, object] = {} if self.dtype is None else {"dtype": self.dtype}
        known["shape"] = list(self.shape)
        if self.array is None:
            return known
        return {**known, "data": self.array.rows(self.shape[0]) if self.shape else self.array.elements()[0]}


def tensor_of(value: Instance) -> Tensor | None:
    """The tensor or Parameter that the Instance stands for, also of classes that extend them."""
    for _ in range(2):  # a Parameter has a Tensor for its first argument
        match value.args:
            case (Instance(name="torch.storage._load_from_bytes", args=(data,)), int(start), tuple(), tuple(), *_):
                return _tensor(data, start, shape_of(value.args[2]), shape_of(value.args[3]))
            case (Instance() as value, *_) if value.callee.module.startswith("torch"):
                continue
            case _:
                return None
    return None


def _tensor(data: object, start: int, shape: tuple[int, ...] | None, strides: tuple[int, ...] | None) -> Tensor | None:
    if shape is None or strides is None or len(strides) != len(shape):
        return None
    try:
        found = _storage(data)
    except (DecodingError, *FAULTS):
        found = None
    if found is None:
        return Tensor(None, shape)
    dtype, elements = found
    size = len(elements) // dtype.itemsize
    end = start + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True)) + 1
    if 0 not in shape and not 0 <= start < end <= size:
        return Tensor(f"torch.{dtype.name}", shape)
    return Tensor(f"torch.{dtype.name}", shape, Array(shape, dtype, strides, after(elements, start * dtype.itemsize)))


def _storage(data: object) -> tuple[DType, bytes | bytearray | Payload] | None:
    """The dtype of its elements, and their bytes: as many as are there."""
    if not isinstance(data, bytes | bytearray | Payload):
        return None
    head = bytes(data.head() if isinstance(data, Payload) else data[:_HEAD])
    place, described = 0, None
    for number in range(len(_PICKLES)):
        machine = Machine(head[place:], _WITH_STORAGES, _LIMITS, {})
        value = machine.run()
        described = value if number == _STORAGE else described
        place += machine.position
    match described:
        case ("storage", Global() as kind, str(), str(), int(), None):
            dtype = _DTYPES.get(kind.attribute.removesuffix("Storage"))
        case _:
            return None
    if dtype is None:
        return None
    count = int.from_bytes(head[place : place + 8], "little")
    whole = len(data) >= place + 8 + count * dtype.itemsize
    return dtype, after(data, place + 8) if whole else b""


def _persistent(_: Machine) -> None:
    """Within the archive a storage is named so: its description stays on the stack as it is."""


_WITH_STORAGES = [_persistent if code == op.BINPERSID else handler for code, handler in enumerate(HANDLERS)]
