"""Lists of runs as replies of the service hold them: sorted, small, and read row by row."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaflow_graphql.providers.base import Position
from metaflow_graphql.providers.errors import LimitExceeded
from metaflow_graphql.providers.service import bodies, run_lists
from metaflow_graphql.providers.service.rows import RunPlace, RunRow


def row(number: int | str, at: int, **more: Any) -> dict[str, Any]:
    return {"flow_id": "Flow", "run_number": number, "ts_epoch": at, **more}


def listed(*found: Any) -> run_lists.RunList:
    return run_lists.FORM.decode(json.dumps(found).encode())


def content(found: run_lists.RunList) -> list[RunPlace]:
    return [found[at] for at in range(len(found))]


PLACES = st.tuples(st.integers(0, 12), st.sampled_from([0, 1, 3_600_000, 10**9]), st.sampled_from([1, 2, 10, "argo-1"]))


def position(at: tuple[int, int, int | str]) -> Position:
    return Position(1000 * (at[0] + at[1]), "Flow", str(at[2]))


BOUNDS = st.none() | PLACES.map(position)
TIMES = st.none() | PLACES.map(lambda at: at[0] + at[1])


@given(st.lists(PLACES, max_size=12), BOUNDS, BOUNDS, st.tuples(TIMES, TIMES))
def test_what_lies_between_is_found_by_place_and_time(
    found: list[tuple[int, int, int | str]],
    older: Position | None,
    newer: Position | None,
    began: tuple[int | None, int | None],
) -> None:
    rows = listed(*(row(at[2], at[0] + at[1]) for at in found))
    assert [run_lists.place(rows[at]) for at in rows.between(older, newer, began)] == [
        one
        for one in sorted(map(position, found))
        if (older is None or one > older)
        and (newer is None or one < newer)
        and (began[0] is None or one.microseconds >= 1000 * began[0])
        and (began[1] is None or one.microseconds < 1000 * began[1])
    ]


def test_what_rows_have_in_common_is_held_once() -> None:
    first, second, third = content(
        listed(
            *(row(at, at, user_name="alice", tags=["x", "y"], system_tags=["x", f"z:{at // 2}"]) for at in (1, 2, 3))
        )
    )
    assert isinstance(first, RunRow)
    assert isinstance(second, RunRow)
    assert isinstance(third, RunRow)
    assert first.tags is second.tags is third.tags
    assert first.flow_id is third.flow_id
    assert first.user_name is third.user_name
    assert (first.system_tags, second.system_tags) == (("x", "z:0"), ("x", "z:1"))
    assert second.system_tags is third.system_tags
    assert first.tags
    assert first.system_tags
    assert second.system_tags
    assert first.tags[0] is first.system_tags[0] is second.system_tags[0]


def test_the_size_is_that_of_what_is_held() -> None:
    one, same = listed(row(1, 1, tags=["x" * 1000])), listed(*(row(at, at, tags=["x" * 1000]) for at in range(100)))
    other = listed(*(row(at, at, tags=[f"{at:01000}"]) for at in range(100)))
    assert 1_000 < one.size < 1_500
    assert 10_000 < same.size - one.size < 30_000
    assert 100_000 < other.size - same.size < 130_000


def test_a_list_of_more_than_is_held_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lists, "_LARGEST", 100_000)
    with pytest.raises(LimitExceeded, match="more than the gateway holds in memory"):
        listed(*(row(at, at) for at in range(1_000)))


@pytest.mark.parametrize("spoilt", [0, {}, row("x" * 1_000, 2, tags=5), row("x" * 1_000, 2)])
def test_what_can_not_be_read_takes_memory_too(monkeypatch: pytest.MonkeyPatch, spoilt: Any) -> None:
    monkeypatch.setattr(run_lists, "_LARGEST", 100_000)
    with pytest.raises(LimitExceeded, match="more than the gateway holds in memory"):
        listed(row(1, 1), *[spoilt] * (90 if spoilt else 500))


@pytest.mark.parametrize("spoilt", [{"tags": 5}, {"tags": [None]}, {"user_name": ["x"]}, {"last_heartbeat_ts": 1e300}])
def test_a_row_that_can_not_be_read_keeps_its_place(spoilt: dict[str, Any]) -> None:
    assert content(listed(row(1, 1), row(3, 3), row("two", 2, **spoilt))) == [
        RunRow("Flow", 1, 1),
        RunPlace("Flow", "two", 2),
        RunRow("Flow", 3, 3),
    ]


@pytest.mark.parametrize("spoilt", [row(4, 10**18), row(4, 0) | {"run_number": None}, {}, [], 5, None])
def test_a_row_that_does_not_tell_its_place_has_that_of_its_neighbour(spoilt: Any) -> None:
    assert content(listed(spoilt, row(3, 3), spoilt, row(1, 1))) == [
        RunRow("Flow", 1, 1),
        RunPlace("Flow", "", 3),
        RunPlace("Flow", "", 3),
        RunRow("Flow", 3, 3),
    ]


@pytest.mark.parametrize("body", [b"", b"{}", b"5", b"[", b"[5]", b"[{}]", b'[{"flow_id":"Flow"},]', b"[null,null]"])
def test_what_has_no_run_in_it_is_no_list_of_runs(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        run_lists.FORM.decode(body)


VALUES = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(st.sampled_from('ab},{[] "\\é'), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from('a},{"'), inner, max_size=3),
    max_leaves=8,
)
WAYS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n ", " :")])


@given(st.lists(VALUES, max_size=8), WAYS, st.integers(1, 40))
def test_a_list_is_cut_where_rows_end(found: list[Any], way: tuple[str, str], piece: int) -> None:
    body = b" [ " + json.dumps(found, separators=way).encode()[1:-1] + b"\n] "
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bodies, "_PIECE", piece)
        assert [json.loads(bytes(raw)) for raw in bodies.raw_rows(body)] == found
        for broken in (body[:-2], body[:-2] + b",]", body[:-2] + b",,5]", b"x" + body, body + b"[", body[:-2] + b"}]"):
            with pytest.raises(msgspec.DecodeError):
                list(bodies.raw_rows(broken))


def test_a_list_of_too_many_entries_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_MOST_ROWS", 3)
    assert len(list(bodies.raw_rows(b"[{},{},{}]"))) == 3
    with pytest.raises(LimitExceeded, match="does not read whole"):
        list(bodies.raw_rows(b'[{"a": [{}]}, {}, {}]'))


@pytest.mark.parametrize("body", [b"[0,0,0,0,0]", b"[[],[],[],[],[]]", b'[{"a": [0,0,0,0,0]}]'])
def test_entries_that_are_no_objects_are_as_many(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    monkeypatch.setattr(bodies, "_MOST_ROWS", 3)
    with pytest.raises(LimitExceeded, match="does not read whole"):
        list(bodies.raw_rows(body))


@pytest.mark.parametrize("body", [b"\x0c[]", b"[]\x0b", b"[{}\x0c]", b"[{}\x0b,{}]"])
def test_what_is_no_blank_of_json_is_none(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    monkeypatch.setattr(bodies, "_PIECE", 1)
    with pytest.raises(msgspec.DecodeError):
        list(bodies.raw_rows(body))
