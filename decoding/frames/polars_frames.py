"""polars' DataFrames and Series: Arrow streams in their pickles."""

from typing import cast

from ..errors import FAULTS
from ..pickles.payloads import Payload
from ..stand_ins import Instance
from .arrow_layouts import Parts
from .arrow_streams import Stream, stream_of
from .frames import Frame, Labels
from .series import Series, counting

FRAME, SERIES = "polars.dataframe.frame.DataFrame", "polars.series.series.Series"


def polars_frame(value: Instance) -> Frame | dict[str, object] | None:
    """The DataFrame or Series that the Instance stands for; where no values can be read, its shape and what its
    columns are. None of what is neither, or is damaged. TooLarge where the bytes that tell its length were not kept.
    """
    if value.name not in (FRAME, SERIES):
        return None
    alone, parts = value.name == SERIES, Parts()
    try:
        streams = [_of_series(value, parts)] if alone else _streams(value.state, parts)
        if len({stream.length for stream in streams}) > 1:
            return None
        return (_frame if all(stream.readable for stream in streams) else _outline)(streams, alone)
    except FAULTS:
        return None


def _streams(state: object, parts: Parts) -> list[Stream]:
    """One of all columns, or, as polars wrote it up to 1.9, one for each: a pickled Series."""
    if isinstance(state, list):
        return [_of_series(column, parts) for column in cast(list[object], state)]
    return [_stream(state, parts)]


def _of_series(value: object, parts: Parts) -> Stream:
    if not isinstance(value, Instance) or value.name != SERIES:
        raise TypeError
    found = _stream(value.state, parts)
    if len(found.fields) != 1:
        raise ValueError
    return found


def _stream(state: object, parts: Parts) -> Stream:
    if not isinstance(state, bytes | bytearray | Payload):
        raise TypeError
    return stream_of(state, parts)


def _outline(streams: list[Stream], alone: bool) -> dict[str, object]:
    fields = [field for stream in streams for field in stream.fields]
    length = streams[0].length
    if alone:
        return {"name": fields[0].name, "dtype": fields[0].type.name, "shape": [length]}
    return {"shape": [length, len(fields)], "schema": {field.name: field.type.name for field in fields}}


def _frame(streams: list[Stream], alone: bool) -> Frame:
    length = streams[0].length if streams else 0
    data = [series for stream in streams for series in stream.columns()]
    names: list[object] = [field.name for stream in streams for field in stream.fields]
    index = Labels([counting(range(length))], [None], several=False)
    if alone:
        return Frame(None, index, data, names[0], indexed=False)
    labels = Labels([Series("object", len(names), lambda start, stop: names[start:stop])], [None], several=False)
    return Frame(labels, index, data, indexed=False)
