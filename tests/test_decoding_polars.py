"""polars' frames where their pickles are damaged, and what of theirs is not in `tests/pickles/`."""

import json
import lzma
import struct
from pathlib import Path
from typing import Any

import pytest

from attacks.assembler import Attack, blob, built, listed, named, new, whole
from attacks.flat import INT, INT64, LAST, NOTHING, NUMBERS, VIEWS, batch, column, long, noted, rows, schema
from attacks.flat import table as flat_table
from attacks.reading import outcome
from attacks.streams import STREAMS
from metaflow_graphql.decoding import DecodingError, Limits, TableReader, decode, preview, table, to_json

FILE = Path(__file__).parent / "pickles" / "polars2.jsonl.xz"
DAMAGED = ("polars_text", "polars_categorical", "polars_array", "polars_struct")
CLASS = "polars.dataframe.frame.DataFrame"
EXTREMES = (0, 1, 4, 2**16, 2**31 - 1, 2**31, 2**32 - 1)


def pickled(name: str) -> tuple[bytes, bytes]:
    """What comes before the stream in the pickle of that name, and the stream."""
    lines = [json.loads(line) for line in lzma.decompress(FILE.read_bytes()).decode().split("\n")[1:]]
    found = next(line for line in lines if line["name"] == name and line["protocol"] == 4)["pickle"].encode("latin-1")
    begin = found.index(b"\xff\xff\xff\xff")
    (length,) = struct.unpack("<I", found[begin - 4 : begin])
    return found[: begin - 5], found[begin : begin + length]


def again(before: bytes, stream: bytes) -> bytes:
    return before + blob(stream) + b"\x94b."


def frame(*messages: bytes) -> Any:
    pickled = built(new(named("polars.dataframe.frame:DataFrame")), blob(b"".join(messages) + LAST))
    return decode(whole(pickled))


@pytest.mark.parametrize("name", DAMAGED)
def test_a_stream_cut_off_at_any_byte_is_shown_by_its_class_or_by_what_is_whole(name: str):
    before, stream = pickled(name)
    assert {outcome(again(before, stream[:end])) for end in range(len(stream))} == {"value"}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_number_anywhere_in_a_stream_may_be_any_other(name: str):
    before, stream = pickled(name)
    changed = (
        again(before, stream[:at] + struct.pack("<I", number) + stream[at + 4 :])
        for at in range(0, len(stream) - 3, 4)
        for number in EXTREMES
    )
    assert {outcome(each) for each in changed} <= {"value", "TooLarge"}


def test_batches_are_rows_after_one_another():
    parts = [batch(rows(2, [2, 0], [0, 0, 0, 16]), long(number, number + 1)) for number in (1, 3, 5)]
    value = frame(schema(NUMBERS), *parts)
    assert to_json(value) == {"__class__": CLASS, "columns": ["n"], "data": [[1], [2], [3], [4], [5], [6]]}
    found = table(value, 3)
    assert found is not None
    assert (found.rows, found.row_count) == ([[1], [2], [3]], 6)


def test_types_that_are_not_read_leave_the_shape_and_the_schema():
    value = frame(schema(NUMBERS, column("u", 14, NOTHING)), batch(rows(8, [8, 0], []), bytes(64)))
    assert to_json(value) == {"__class__": CLASS, "shape": [8, 2], "schema": {"n": "Int64", "u": "Unknown"}}
    assert table(value, 3) is None
    assert preview(value, 80) == "DataFrame(shape=[8, 2], schema={'n': 'Int64', 'u': 'Unknown'})"


def test_the_name_of_an_enum_ends_where_it_would_be_too_long():
    described = column("e", VIEWS, NOTHING, None, flat_table(long(0)), noted("_PL_ENUM_VALUES2", b"1;a" * 10_000))
    shown: Any = to_json(frame(schema(described, column("u", 14, NOTHING))))
    assert len(shown["schema"]["e"]) == 2000
    assert shown["schema"]["e"].startswith("Enum(categories=['a', 'a', ")
    assert shown["schema"]["e"].endswith("…")


def test_the_columns_of_an_older_frame_have_to_be_series_of_one_length():
    one = built(new(named("polars.series.series:Series")), blob(schema(NUMBERS) + LAST))
    other = built(
        new(named("polars.series.series:Series")),
        blob(schema(column("m", INT, INT64)) + batch(rows(1, [1, 0], [0, 0, 0, 8]), long(7)) + LAST),
    )
    made = new(named("polars.dataframe.frame:DataFrame"))
    assert to_json(decode(whole(built(made, listed(other))))) == {"__class__": CLASS, "columns": ["m"], "data": [[7]]}
    assert to_json(decode(whole(built(made, listed(one, other))))) == {"__class__": CLASS}


def test_a_frame_that_does_not_fit_together_costs_itself_alone():
    lie: Attack = STREAMS["more values than bytes"]
    broken = decode(lie.make())
    assert to_json([broken, broken, 1]) == [{"__class__": CLASS}, {"__class__": CLASS}, 1]


def test_a_stream_that_is_kept_in_part_may_say_anything():
    before, stream = pickled("polars_large")
    assert len(stream) > 200_000
    messages = [at for at in range(0, len(stream), 8) if stream[at : at + 4] == b"\xff\xff\xff\xff"]
    ends = {
        kept_in_part(again(before, stream[:at] + struct.pack("<I", value) + stream[at + 4 :]))
        for message in messages[:4]
        for at in range(message, message + 1200, 16)
        for value in EXTREMES[::2]
    }
    assert ends == {"Table", "NoneType", "TooLarge", "Unreadable"}


def kept_in_part(pickled: bytes) -> str:
    reader = TableReader(5, Limits(bytes=150_000))
    try:
        reader.feed(pickled)
        return type(table(reader.close(), 5)).__name__
    except DecodingError as error:
        return type(error).__name__
