"""What triggered a run: whatever the senders of events wrote, no event costs another."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateways import Gateway
from in_process import errors_of, opened
from local_trees import EPOCH_MS, put, put_object, put_run
from running import Runs

EVENTS = "events { name eventId timestamp type }"
QUERY = f"query ($run: String!) {{ run(pathspec: $run) {{ trigger {{ {EVENTS} event {{ name }} }} }} }}"
RUNS = "query ($run: String!) { run(pathspec: $run) { trigger { run { pathspec } runs { pathspec } } } }"
GET = """query ($run: String!, $name: String!) {
  run(pathspec: $run) {
    trigger { get(name: $name) { __typename ... on Run { pathspec } ... on MetaflowEvent { name } } }
  }
}"""


NO_TIMES: list[object] = [
    *(None, True, "1700000000", [], {}, 10**11 * 9, 10**400, 1e300, float("nan"), float("inf"), -(10**15)),
]


def put_trigger(root: Path, written: object, run: str = "1", step: str = "start") -> None:
    """A run whose start task recorded what triggered it: text as it is, else as JSON."""
    put_run(root, run)
    put_object(root, f"Made/{run}/{step}", EPOCH_MS)
    put_object(root, f"Made/{run}/{step}/1", EPOCH_MS)
    value = written if isinstance(written, str) else json.dumps(written)
    put_metadata(root, f"Made/{run}/{step}/1", "execution-triggers", value)


def put_metadata(root: Path, task: str, name: str, value: object) -> None:
    record: dict[str, object] = {"field_name": name, "value": value, "type": name, "ts_epoch": EPOCH_MS, "tags": []}
    put(root / ".metaflow" / task / "_meta" / f"sysmeta_{name}_{EPOCH_MS}.json", record)


def asked(root: Path, query: str = QUERY, **variables: Any) -> Any:
    with opened(root) as gateway:
        return gateway.data(query, run="Made/1", **variables)["run"]["trigger"]


def told(root: Path, *events: object) -> list[dict[str, Any]]:
    put_trigger(root, list(events))
    return asked(root)["events"]


def event(name: str = "e", id: str | None = None, at: str | None = None, type: str = "EVENT") -> dict[str, Any]:
    return {"name": name, "eventId": id, "timestamp": at, "type": type}


def sent(**more: Any) -> dict[str, Any]:
    return {"name": "e", "id": None, "timestamp": None, "type": "event"} | more


@pytest.mark.parametrize("scenario", ["triggered_by_events", "triggered_by_run"])
def test_an_item_is_found_by_name_as_the_client_finds_it(
    gateway: Gateway, runs: Runs, oracle: dict[str, Any], scenario: str
) -> None:
    of_client = oracle["objects"][runs[scenario].pathspec]["trigger"]["by_name"]
    for name, found in of_client.items():
        ours = gateway.data(GET, run=runs[scenario].pathspec, name=name)["run"]["trigger"]["get"]
        assert ours == (None if "error" in found else {"__typename": "MetaflowEvent", "name": found["name"]})


def test_a_run_is_found_by_the_name_of_its_flow(gateway: Gateway, runs: Runs) -> None:
    found = gateway.data(GET, run=runs["triggered_by_run"].pathspec, name="LinearFlow")["run"]["trigger"]["get"]
    assert found == {"__typename": "Run", "pathspec": runs["linear"].pathspec}


def test_a_run_that_nothing_triggered_has_no_trigger(gateway: Gateway, runs: Runs) -> None:
    query = "query ($run: String!) { run(pathspec: $run) { trigger { id } } }"
    assert gateway.data(query, run=runs["linear"].pathspec) == {"run": {"trigger": None}}


def test_ids_are_of_the_run(gateway: Gateway, runs: Runs) -> None:
    query = "query ($run: String!) { run(pathspec: $run) { trigger { id } } }"
    found = [gateway.data(query, run=runs[name].pathspec) for name in ("triggered_by_run", "triggered_by_events")]
    assert len({one["run"]["trigger"]["id"] for one in found}) == 2


def test_no_events_are_a_trigger_with_nothing_in_it(tmp_path: Path) -> None:
    put_trigger(tmp_path, [])
    assert asked(tmp_path) == {"events": [], "event": None}
    assert asked(tmp_path, RUNS) == {"run": None, "runs": None}
    assert asked(tmp_path, GET, name="e") == {"get": None}


def test_the_latest_event_comes_first_and_those_without_a_time_last(tmp_path: Path) -> None:
    times: list[object] = [None, 1, 3, "5", 2.5, 0, True, 1e300, -1, [9]]
    found = told(tmp_path, *(sent(name=f"{number}", timestamp=time) for number, time in enumerate(times)))
    assert [one["name"] for one in found] == ["7", "2", "4", "1", "8", "0", "3", "5", "6", "9"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (1_700_000_000, "2023-11-14T22:13:20.000Z"),
        (1_700_000_000.1234, "2023-11-14T22:13:20.123Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.000Z"),
        *((time, None) for time in NO_TIMES),
    ],
)
def test_a_timestamp_is_a_number_of_seconds_or_null(tmp_path: Path, written: object, expected: str | None) -> None:
    assert told(tmp_path, sent(timestamp=written), sent()) == [event(at=expected), event()]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        *((None, None), ("e-1", "e-1"), ("", ""), (5, "5"), (1.5, "1.5"), (10**20, "1" + "0" * 20), (True, "true")),
        *(({"a": ["ä"]}, '{"a":["ä"]}'), ("\ud800", "\ufffd"), ([], "[]")),
    ],
)
def test_an_id_is_text_whatever_it_was(tmp_path: Path, written: object, expected: str | None) -> None:
    assert told(tmp_path, sent(id=written)) == [event(id=expected)]


def test_what_is_no_event_is_left_out_and_costs_no_other(tmp_path: Path) -> None:
    none: list[object] = [None, 5, "e", [], {}, {"id": "1"}, {"name": None}]
    odd = {"name": 5, "extra": [1], "type": {"a": 1}}
    assert told(tmp_path, *none, odd, {"name": ""}) == [event("5"), event("")]


@pytest.mark.parametrize("written", ["{", "null", "{}", '"text"', "5", "[" * 100_000, "\u0000"])
def test_metadata_that_hold_no_list_are_corrupt(tmp_path: Path, written: str) -> None:
    put_trigger(tmp_path, written)
    with opened(tmp_path) as gateway:
        answer = gateway.answer(QUERY, variables={"run": "Made/1"})
    assert answer["data"] == {"run": {"trigger": None}}
    assert errors_of(answer) == [("CORRUPT_METADATA", ["run", "trigger"])]


def of_run(id: object, **more: Any) -> dict[str, Any]:
    return sent(name="metaflow.Made.end", type="run", id=id, **more)


def test_runs_are_those_that_still_exist_each_once_the_latest_first(tmp_path: Path) -> None:
    for run in ("2", "3"):
        put_run(tmp_path, run)
    ids = ["Made/2/end/1", "Made/3/end/1", "Made/2/other/1", "Made/9/end/1", "Gone/1/end/1"]
    put_trigger(tmp_path, [of_run(id, timestamp=number) for number, id in enumerate(ids)] + [sent(timestamp=9)])
    assert asked(tmp_path, RUNS) == {
        "run": {"pathspec": "Made/2"},
        "runs": [{"pathspec": "Made/2"}, {"pathspec": "Made/3"}],
    }
    assert asked(tmp_path, GET, name="Made") == {"get": {"__typename": "Run", "pathspec": "Made/2"}}
    assert asked(tmp_path, GET, name="e") == {"get": None}


@pytest.mark.parametrize(
    "id", [None, 5, "", "Made", "Made/2", "Made//end", "../2/end/1", "Made/../end/1", "Made/*/end/1", "Made/2\0/end/1"]
)
def test_ids_that_are_no_pathspecs_name_no_run(tmp_path: Path, id: object) -> None:
    put_run(tmp_path, "2")
    put_trigger(tmp_path, [of_run(id)])
    assert asked(tmp_path, RUNS) == {"run": None, "runs": []}


def test_a_triggering_run_is_of_any_namespace(tmp_path: Path) -> None:
    put_run(tmp_path, "2")
    put_trigger(tmp_path, [of_run("Made/2/end/1")])
    put_run(tmp_path, "1", tags=("mine",))
    query = '{ run(pathspec: "Made/1", namespace: "mine") { trigger { runs { pathspec } } } }'
    with opened(tmp_path) as gateway:
        assert gateway.data(query)["run"]["trigger"] == {"runs": [{"pathspec": "Made/2"}]}


def test_the_first_step_is_that_which_the_run_recorded(tmp_path: Path) -> None:
    put_trigger(tmp_path, [sent()], step="begin")
    assert asked(tmp_path) is None
    put_object(tmp_path, "Made/1/_parameters", EPOCH_MS)
    put_object(tmp_path, "Made/1/_parameters/0", EPOCH_MS)
    put_metadata(tmp_path, "Made/1/_parameters/0", "start_step", "begin")
    put_metadata(tmp_path, "Made/1/_parameters/0", "end_step", "end")
    assert asked(tmp_path) == {"events": [event()], "event": {"name": "e"}}
