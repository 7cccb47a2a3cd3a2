"""torch's tensors: their dtype and shape, and the values that the archive within their pickle holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import prod
from struct import pack, unpack
from typing import cast

from . import opcodes as op
from .arrays import Array
from .dtypes import cells_within, dtype_of, shape_of
from .elements import nested
from .errors import DecodingError
from .handlers import HANDLERS
from .limits import Limits
from .machine import Machine
from .payloads import Payload
from .stand_ins import Global, Instance

# torch/serialization.py:_legacy_save: these pickles one after the other, then the storage's count and bytes.
_PICKLES = ("magic number", "protocol", "system", "storage", "keys")
_STORAGE = 3
_HEAD = 64 * 1024
_LIMITS = Limits(opcodes=50_000, memo=5000, seconds=1.0)
_DTYPES = {
    "Float": ("float32", "f4"),
    "Double": ("float64", "f8"),
    "Half": ("float16", "f2"),
    "BFloat16": ("bfloat16", "u2"),
    "Char": ("int8", "i1"),
    "Short": ("int16", "i2"),
    "Int": ("int32", "i4"),
    "Long": ("int64", "i8"),
    "Byte": ("uint8", "u1"),
    "Bool": ("bool", "b1"),
    "ComplexFloat": ("complex64", "c8"),
    "ComplexDouble": ("complex128", "c16"),
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """`dtype` is torch's; `make` gives nested lists, and is None where the values can't be read."""

    dtype: str | None
    shape: tuple[int, ...]
    make: Callable[[], object] | None

    @property
    def cells(self) -> int:
        return cells_within(self.shape) + 1

    def parts(self) -> dict[str, object]:
        known: dict[str, object] = {} if self.dtype is None else {"dtype": self.dtype}
        known["shape"] = list(self.shape)
        return known if self.make is None else {**known, "data": self.make()}


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
    except (DecodingError, ValueError, TypeError, LookupError):
        found = None
    if found is None:
        return Tensor(None, shape, None)
    name, storage = found
    end = start + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True)) + 1
    if storage is None or (0 not in shape and not 0 <= start < end <= storage.size):
        return Tensor(f"torch.{name}", shape, None)
    return Tensor(f"torch.{name}", shape, lambda: _values(storage, name, start, shape, strides))


def _values(storage: Array, name: str, start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> object:
    if 0 in shape:
        return nested([], shape)
    standard = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
    if strides == standard:
        flat = storage.elements(start, start + prod(shape))
    else:
        places = (
            start + sum(at * stride for at, stride in zip(index, strides, strict=True))
            for index in product(*map(range, shape))
        )
        flat = [storage.elements(place, place + 1)[0] for place in places]
    if name == "bfloat16":
        # The upper half of a float32.
        flat = list(unpack(f"<{len(flat)}f", pack(f"<{len(flat)}I", *(cast(int, half) << 16 for half in flat))))
    return nested(flat, shape) if shape else flat[0]


def _storage(data: object) -> tuple[str, Array | None] | None:
    """torch's name of its dtype, and its elements if they are there."""
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
            found = _DTYPES.get(kind.attribute.removesuffix("Storage"))
        case _:
            return None
    if found is None:
        return None
    name, code = found
    dtype = dtype_of(Instance(Global("numpy", "dtype"), (code, False, True)))
    if dtype is None or isinstance(data, Payload):
        return name, None
    count = int.from_bytes(data[place : place + 8], "little")
    body = bytes(data[place + 8 : place + 8 + count * dtype.itemsize])
    return name, Array((count,), dtype, (1,), body) if len(body) == count * dtype.itemsize else None


def _persistent(_: Machine) -> None:
    """Within the archive a storage is named so: its description stays on the stack as it is."""


_WITH_STORAGES = [_persistent if code == op.BINPERSID else handler for code, handler in enumerate(HANDLERS)]
