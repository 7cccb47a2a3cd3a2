"""The committed pickles of other versions and libraries: what they show, and what type and table they have."""

import json
import lzma
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from metaflow_graphql.decoding import DecodingError, TableReader, TooLarge, decode, preview, table, to_json, type_name

FOLDER = Path(__file__).parent / "pickles"


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [
        {"of": path.name.partition(".")[0], **json.loads(line)}
        for line in lzma.decompress(path.read_bytes()).decode().strip().split("\n")[1:]
    ]


FILES = sorted(FOLDER.glob("*.jsonl.xz"))
CORPUS = [
    pytest.param(line, id=f"{line['of']}-{line['name']}-{line['protocol']}")
    for path in FILES
    for line in lines_of(path)
]


# What later versions of pandas write otherwise, where a pickle does not tell the version.
LATER: list[tuple[str, str, Callable[[str], bool]]] = [
    (r'"interval\[([^,"]+)\]"', r'"interval[\1, right]"', lambda name: True),
    (
        r'"interval\[([^,"]+), right\]"',
        r'"interval[\1, left]"',
        lambda name: bool(re.match("pandas(025|10)-.*intervals_left", name)),
    ),
    (r'"period\[S\]"', '"period[s]"', lambda name: True),
    (r'"\((\d{4}-\d\d-\d\d), ', r'"(\1 00:00:00, ', lambda name: True),
    (
        r'"pandas\._libs\.tslibs\.(timestamps|timedeltas)\.',
        '"pandas.',
        lambda name: name.startswith(("pandas15", "pandas2")),
    ),
]


def later(line: dict[str, Any]) -> dict[str, Any]:
    """What is expected, as the latest version writes it."""
    text = json.dumps({part: line[part] for part in ("data", "table", "type")}, ensure_ascii=False)
    for written, instead, meant in LATER:
        if meant(f"{line['of']}-{line['name']}"):
            text = re.sub(written, instead, text)
    return json.loads(text)


def shown_table(value: object) -> object:
    found = table(value, 20)
    if found is None:
        return None
    return {
        "columns": [[column.name, column.type] for column in found.columns],
        "rows": found.rows,
        "rowCount": found.row_count,
    }


@pytest.mark.parametrize("line", CORPUS)
def test_a_committed_pickle_shows_what_the_object_held(line: dict[str, Any]):
    value = decode(line["pickle"].encode("latin-1"))
    shown = {"data": to_json(value), "table": shown_table(value), "type": type_name(value)}
    assert shown == later(line)
    assert len(preview(value, 80)) <= 80


def streamed(pickled: bytes, size: int) -> object:
    reader = TableReader(20)
    for start in range(0, len(pickled), size):
        reader.feed(pickled[start : start + size])
    return reader.close()


# Below protocol 3 bytes are text, and held.
LONG = [line for path in FILES for line in lines_of(path) if len(line["pickle"]) > 200_000 and line["protocol"] > 2]


@pytest.mark.parametrize("size", [1000, 256 * 1024])
@pytest.mark.parametrize("line", LONG, ids=lambda line: line["name"])
def test_a_long_one_has_the_same_table_when_it_is_read_as_it_comes(line: dict[str, Any], size: int):
    value = streamed(line["pickle"].encode("latin-1"), size)
    assert shown_table(value) == line["table"]
    with pytest.raises(TooLarge):
        to_json(value)


def damaged(pickled: bytes, seed: str) -> Iterator[bytes]:
    """The pickle with a byte changed, with bytes left out, and cut off."""
    chance = Random(seed)
    for _ in range(20):
        at = chance.randrange(2, len(pickled))
        yield pickled[:at] + bytes([chance.choice((0, 1, 0x7F, 0x80, 0xFF))]) + pickled[at + 1 :]
        yield pickled[:at] + pickled[at + chance.randrange(1, 9) :]
        yield pickled[:at]


OF_BUFFERS = [
    line for path in FILES for line in lines_of(path) if line["name"].startswith(("arrow_", "torch_", "polars_"))
]


@pytest.mark.parametrize("line", OF_BUFFERS, ids=lambda line: f"{line['name']}-{line['protocol']}")
def test_damaged_buffers_are_values_or_errors(line: dict[str, Any]):
    for pickled in damaged(line["pickle"].encode("latin-1"), line["name"]):
        with suppress(DecodingError):
            value = decode(pickled)
            assert len(preview(value, 80)) <= 80
            assert len(type_name(value)) <= 1000
            table(value, 20)
            to_json(value)


def test_a_table_with_more_fields_than_columns_is_shown_by_its_class():
    line = next(line for line in lines_of(FOLDER / "pandas3_pyarrow.jsonl.xz") if line["name"] == "arrow_table")
    value: Any = decode(line["pickle"].encode("latin-1"))
    value.args[1].args[0].append(1)
    shown: Any = to_json(value)
    assert shown["__class__"] == "pyarrow.lib.Table"
