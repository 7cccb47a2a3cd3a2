"""What an Instance is: every view asks here, and shows it in its own way."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..arrays.numpy_arrays import Array, array_of, scalar_of
from ..arrays.torch_tensors import Tensor, tensor_of
from ..frames.arrow_arrays import arrow_series
from ..frames.arrow_tables import arrow_table
from ..frames.frames import Frame, Labels
from ..frames.pandas_frames import frame_of, labels_of
from ..frames.polars_frames import polars_frame
from ..frames.series import Series
from ..stand_ins import Instance
from . import kinds
from .texts import text as text_of


@dataclass(frozen=True, slots=True)
class Written:
    text: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that is not there."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """numpy's: an array of one element."""

    array: Array


@dataclass(frozen=True, slots=True)
class Mapping:
    pairs: kinds.Pairs


@dataclass(frozen=True, slots=True)
class Members:
    values: Sequence[object]


@dataclass(frozen=True, slots=True)
class Extended:
    """Of a class that extends a plain type: the value of that."""

    value: object


@dataclass(frozen=True, slots=True)
class Fields:
    """Any other object, by its parts."""

    fields: kinds.Fields


Tabular = Frame | Labels | Series
Kind = Written | Missing | Array | Scalar | Tensor | Tabular | Mapping | Members | Extended | Fields


def kind_of(value: Instance) -> Kind:
    return _plain(value) or _of_library(value) or _container(value) or Fields(kinds.fields(value))


def _plain(value: Instance) -> Written | Missing | Array | Scalar | None:
    written = text_of(value)
    if written is not None:
        return Written(written)
    if kinds.is_missing(value):
        return Missing()
    scalar = scalar_of(value)
    return array_of(value) if scalar is None else Scalar(scalar)


def _of_library(value: Instance) -> Tensor | Tabular | Fields | None:
    found = tensor_of(value) or frame_of(value)
    if found is not None:
        return found
    library = value.callee.module.partition(".")[0]
    if library == "pyarrow":
        return arrow_table(value) or arrow_series(value)
    if library == "polars":
        known = polars_frame(value)
        return Fields(known) if isinstance(known, dict) else known
    return _of_pandas(value) if library == "pandas" else None


def _of_pandas(value: Instance) -> Labels | Series | None:
    found = labels_of(value)
    # An array is read by the same readers, and is no index.
    return found.levels[0] if found is not None and value.callee.attribute.endswith(("Array", "Categorical")) else found


def _container(value: Instance) -> Mapping | Members | Extended | None:
    pairs = kinds.mapping(value)
    if pairs is not None:
        return Mapping(pairs)
    members = kinds.sequence(value)
    if members is not None:
        return Members(members)
    return Extended(value.args[0]) if kinds.extends_its_argument(value) else None
