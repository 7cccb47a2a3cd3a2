"""What Instances of pandas, pyarrow and torch are, for the views: arrays, tables, tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from .arrays import scalar_of
from .arrow import arrow_series
from .arrow_tables import arrow_table
from .columns import Column
from .columns import Frame as Table
from .errors import TooLarge, Unreadable
from .frames import FAULTS, Frame, Labels, frame_of, labels_of
from .pandas_arrays import Reader
from .pandas_scalars import label
from .series import Series
from .stand_ins import Global, Instance, unwrapped
from .tensors import tensor_of

_SHOWN = 30  # columns in a preview
MISSING = frozenset({"pandas.NA", "pandas._libs.missing.NA", "pandas._libs.tslibs.nattype.NaT"})


@dataclass(frozen=True, slots=True)
class Reading:
    """`cells` is how many values `make` would make at least: parts of an object by name, or the members of an array."""

    cells: int
    parts: Callable[[], dict[str, object] | list[object]]

    def make(self) -> dict[str, object] | list[object] | None:
        """None where the parts do not fit together."""
        try:
            return self.parts()
        except FAULTS:
            return None


def reading(value: Instance) -> Reading | None:
    """How the JSON view of the Instance is made; None of what is of no kind known here."""
    tensor = tensor_of(value)
    if tensor is not None:
        return Reading(tensor.cells, tensor.parts)
    found = _found(value)
    if isinstance(found, Frame):
        return Reading(found.length * (len(found.data) + 1 + len(found.index.levels)), lambda: _parts(found))
    if isinstance(found, Labels):
        return Reading(found.length * len(found.levels), found.values)
    return None if found is None else Reading(found.length, found.values)


def table_of(value: Instance, most: int) -> Table | None:
    """The table that it is, TooLarge with more columns than `most`."""
    found = _found(value)
    if found is None:
        return None
    try:
        return _table(found, most)
    except FAULTS:
        return None


def _table(found: Frame | Labels | Series, most: int) -> Table:
    if isinstance(found, Series):
        named = [("value", found)]
        length = found.length
    elif isinstance(found, Labels):
        named = _named(found, "value")
        length = found.length
    else:
        before = [] if not found.indexed or found.index.only_counts() else _named(found.index, "index")
        named = [*before, *zip(_headings(found), found.data, strict=True)]
        length = found.length
    if len(named) > most:
        raise TooLarge(f"The table has more than {most} columns.")
    columns = [Column(name, series.dtype) for name, series in named]

    def rows(first: int) -> Sequence[Sequence[object]]:
        if not named:
            return [list[object]() for _ in range(min(first, length))]
        try:
            return list(zip(*(series.values(0, first) for _, series in named), strict=True))
        except FAULTS as error:
            raise Unreadable("The parts of the table do not fit together.") from error

    return Table(columns, length, rows, len(columns))


def outline(value: Instance) -> str | None:
    """What it is in a few words: DataFrame(3 rows x 2 columns: a int64, b object)"""
    try:
        return _outline(value)
    except FAULTS:
        return None


def _outline(value: Instance) -> str | None:
    name = value.callee.attribute
    tensor = tensor_of(value)
    if tensor is not None:
        return f"{name}({tensor.dtype or 'dtype not known'}, shape {list(tensor.shape)})"
    found = _found(value)
    if found is None:
        return None
    if isinstance(found, Frame) and found.columns is not None:
        shown = zip(_headings(found, _SHOWN), found.data[:_SHOWN], strict=True)
        written = ", ".join(f"{heading} {series.dtype}" for heading, series in shown)
        more = ", …" if len(found.data) > _SHOWN else ""
        size = f"{found.length} rows x {len(found.data)} columns"
        return f"{name}({size}{': ' if written else ''}{written}{more})"
    named = _named(found, "") if isinstance(found, Labels) else [("", found)] if isinstance(found, Series) else None
    if named is None:
        frame = cast(Frame, found)
        named = [("" if frame.name is None else heading(frame.name), frame.data[0])]
    written = ", ".join(f"{heading} {series.dtype}".strip() for heading, series in named)
    return f"{name}({named[0][1].length} rows: {written})"


def heading(value: object) -> str:
    """`str` of the name of a column."""
    if isinstance(value, str):
        return value
    scalar = scalar_of(value)
    if scalar is not None:
        return heading(scalar.elements()[0])
    if isinstance(value, tuple | list):
        value = cast(Sequence[object], value)
        parts = ", ".join(_part(part) for part in value[:_SHOWN])
        return f"({parts}{',' if len(value) == 1 else ''})"
    if isinstance(value, Global):
        return "<NA>" if value.name in MISSING else value.name
    written = label(value)
    return str(unwrapped(value)) if written is None else written


def _part(value: object) -> str:
    return heading(cast(object, value)) if isinstance(value, tuple | Global | Instance) else repr(value)


def _found(value: Instance) -> Frame | Labels | Series | None:
    reader = Reader(arrow_series)
    found = frame_of(value, reader)
    if found is not None:
        return found
    library = value.callee.module.partition(".")[0]
    if library == "pyarrow":
        return arrow_table(value) or arrow_series(value)
    return _of_pandas(value, reader) if library == "pandas" else None


def _of_pandas(value: Instance, reader: Reader) -> Labels | Series | None:
    found = labels_of(value, reader)
    # An array is read by the same readers, and is no index.
    return found.levels[0] if found is not None and value.callee.attribute.endswith(("Array", "Categorical")) else found


def _parts(frame: Frame) -> dict[str, object]:
    if frame.columns is None:
        return {"index": frame.index.values(), "data": frame.data[0].values(), "name": frame.name}
    columns = [series.values() for series in frame.data]
    rows = list(map(list, zip(*columns, strict=True))) if columns else [list[object]() for _ in range(frame.length)]
    index = {"index": frame.index.values()} if frame.indexed else {}
    return {"columns": frame.columns.values(), **index, "data": rows}


def _named(labels: Labels, otherwise: str) -> list[tuple[str, Series]]:
    """The levels with their names."""
    if not labels.several:
        name = labels.names[0]
        return [(otherwise if name is None else heading(name), labels.levels[0])]
    pairs = zip(labels.names, labels.levels, strict=True)
    return [(f"level_{place}" if name is None else heading(name), level) for place, (name, level) in enumerate(pairs)]


def _headings(frame: Frame, most: int | None = None) -> list[str]:
    if frame.columns is None:
        return ["value" if frame.name is None else heading(frame.name)]
    found = frame.columns.values(0, most)
    if frame.columns.several:
        return [".".join(map(heading, cast(list[object], parts))) for parts in found]
    return list(map(heading, found))
