"""pyarrow's Tables and RecordBatches, as Frames whose rows have no labels."""

from typing import cast

from ..stand_ins import Instance
from .arrow_arrays import arrow_series
from .arrow_layouts import Room
from .arrow_types import field_of
from .frames import WIDEST, Frame, Labels
from .series import Series, constant, counting


def arrow_table(value: Instance) -> Frame | None:
    """Columns of types that are not read have the class of their arrays in each place. None of what is no table,
    or whose columns differ in length.
    """
    match (value.callee.attribute, value.args):
        case ("Table" | "RecordBatch", (list(), Instance(args=(list(), *_)), *_)):
            columns = cast(list[object], value.args[0])
            fields = cast(list[object], cast(Instance, value.args[1]).args[0])
        case _:
            return None
    room = Room()
    found = [arrow_series(column, room) for column in columns]
    length = next((series.length for series in found if series), 0)
    names = [field.args[0] for field in fields if isinstance(field, Instance) and field.args]
    if not len(names) == len(fields) == len(found) <= WIDEST or any(
        series and series.length != length for series in found
    ):
        return None
    data = [
        series or constant(_type_name(field), length, {"__class__": _type_name(field)})
        for series, field in zip(found, fields, strict=True)
    ]
    labels = Labels([Series("object", len(names), lambda start, stop: names[start:stop])], [None], several=False)
    return Frame(labels, Labels([counting(range(length))], [None], several=False), data, indexed=False)


def _type_name(field: object) -> str:
    found = field_of(field)
    return "pyarrow.lib.Array" if found is None else found[1].name
