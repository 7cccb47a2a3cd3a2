"""Lists of dicts that are read as they come: the same first rows as when they are read whole, in little memory."""

import pickle
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from metaflow_graphql.decoding import Limits, TableReader, TooLarge, decode, table
from metaflow_graphql.decoding.pickles.cells import Cells

SMALL = Limits(bytes=600_000, seconds=60)
SHARED = ["one", "and", "the", "same"]


def record(number: int) -> dict[str, Any]:
    return {
        "number": number,
        "name": f"name {number}",
        "at": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
        "shared": SHARED,
        "own": {"half": number / 2, "letters": ["a", "é"]},
        "none": None,
    }


def read(pickled: bytes, first: int = 20, limits: Limits = SMALL) -> Any:
    reader = TableReader(first, limits)
    for start in range(0, len(pickled), 100_000):
        reader.feed(pickled[start : start + 100_000])
    return reader.close()


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("count", [1, 999, 1_000, 1_001, 6_001])
def test_first_rows_are_those_of_the_whole(count: int, protocol: int) -> None:
    pickled = pickle.dumps([record(number) for number in range(count)], protocol)
    expected = table(decode(pickled), 20)
    assert expected is not None
    assert table(read(pickled), 20) == expected
    assert expected.row_count == count


def test_rows_beyond_what_is_held_anyway_are_kept_where_they_are_wanted() -> None:
    pickled = pickle.dumps([record(number) for number in range(6_000)])
    assert table(read(pickled, first=1_500), 1_500) == table(decode(pickled), 1_500)
    with pytest.raises(TooLarge):
        table(read(pickled, first=20), 5_000)


def test_ten_megabytes_take_less_than_two() -> None:
    pickled = pickle.dumps([{"number": number, "name": f"name {number}" * 10} for number in range(100_000)])
    assert len(pickled) > 10_000_000
    tracemalloc.start()
    value = read(pickled)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    found = table(value, 20)
    assert found
    assert (found.row_count, found.rows[19]) == (100_000, [19, "name 19" * 10])
    assert peak < 2_000_000


def test_columns_are_those_of_the_first_rows() -> None:
    pickled = pickle.dumps([record(number) for number in range(6_000)] + [{"late": 1}])
    found = table(read(pickled), 20)
    assert found
    assert ([column.name for column in found.columns], found.row_count) == (list(record(0)), 6_001)


@pytest.mark.parametrize("value", [[[1]] * 3_000, [1] * 3_000, [record(0), 1], {"rows": [record(0)] * 3}])
def test_other_lists_are_whole(value: object) -> None:
    found = read(pickle.dumps(value))
    assert not isinstance(found, Cells)
    assert type(found) is type(value)


def test_a_list_that_holds_itself_ends() -> None:
    rows: list[Any] = [record(number) for number in range(3_000)]
    rows.append({"rows": rows})
    assert table(read(pickle.dumps(rows)), 5) is not None
