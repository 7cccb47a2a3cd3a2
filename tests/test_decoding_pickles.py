"""The committed pickles of other versions and libraries: what they show, and what type and table they have."""

import json
import lzma
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metaflow_graphql.decoding import decode, preview, table, to_json, type_name

FOLDER = Path(__file__).parent / "pickles"


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [
        {"of": path.name.partition(".")[0], **json.loads(line)}
        for line in lzma.decompress(path.read_bytes()).decode().strip().split("\n")[1:]
    ]


CORPUS = [
    pytest.param(line, id=f"{line['of']}-{line['name']}-{line['protocol']}")
    for path in sorted(FOLDER.glob("*.jsonl.xz"))
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
