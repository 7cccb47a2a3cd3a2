"""The names of columns, as text."""

from collections.abc import Sequence
from typing import cast

from ..arrays.numpy_arrays import scalar_of
from ..frames.frames import Frame, Labels
from ..frames.pandas_scalars import label
from ..frames.series import Series
from ..stand_ins import Global, Instance, unwrapped
from .kinds import is_missing

_LONGEST = 30  # parts of one name

Named = list[tuple[str, Series]]


def columns_of(found: Frame | Labels | Series) -> Named:
    """The columns of a table of it, by their names; an index other than 0, 1, 2… comes first."""
    if isinstance(found, Series):
        return [("value", found)]
    if isinstance(found, Labels):
        return levels(found, "value")
    before = [] if not found.indexed or found.index.only_counts() else levels(found.index, "index")
    return [*before, *zip(headings(found), found.data, strict=True)]


def levels(labels: Labels, otherwise: str) -> Named:
    """The levels of an index by their names; one that has none is called so, one of several by its number."""
    if not labels.several:
        name = labels.names[0]
        return [(otherwise if name is None else heading(name), labels.levels[0])]
    pairs = zip(labels.names, labels.levels, strict=True)
    return [(f"level_{place}" if name is None else heading(name), level) for place, (name, level) in enumerate(pairs)]


def headings(frame: Frame, most: int | None = None) -> list[str]:
    """The names of its columns, or of so many of them."""
    if frame.columns is None:
        # polars calls a Series "" that has no name
        nameless = frame.name is None or (frame.name == "" and not frame.indexed)
        return ["value" if nameless else heading(frame.name)]
    found = frame.columns.values(0, most)
    if frame.columns.several:
        return [".".join(map(heading, cast(list[object], parts))) for parts in found]
    return list(map(heading, found))


def heading(value: object) -> str:
    """`str` of the name of a column."""
    if isinstance(value, str):
        return value
    scalar = scalar_of(value)
    if scalar is not None:
        return heading(scalar.elements()[0])
    if isinstance(value, tuple | list):
        value = cast(Sequence[object], value)
        parts = ", ".join(_part(part) for part in value[:_LONGEST])
        return f"({parts}{',' if len(value) == 1 else ''})"
    if isinstance(value, Global):
        return "<NA>" if is_missing(value) else value.name
    written = label(value)
    return str(unwrapped(value)) if written is None else written


def _part(value: object) -> str:
    return heading(cast(object, value)) if isinstance(value, tuple | Global | Instance) else repr(value)
