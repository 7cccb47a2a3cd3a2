"""What metadata may tell: nothing of runs that may not be seen, and no values without the right to them."""

import json
from pathlib import Path
from typing import Any

import pytest

from in_process import errors_of
from metaflow_graphql.providers.grants import Right
from principals import of_team, opened, put_run_of, put_task

TRIGGER = """query ($run: String!) { run(pathspec: $run) { trigger { event { name } events { name eventId } runs { id }
    get(name: "Made") { __typename } } step(name: "start") { task { metadata { name value } metadataDict } } } }"""


def event(name: str, id: object, **more: object) -> dict[str, object]:
    return {"timestamp": 1_700_000_000, "id": id, "name": name, "type": "event", **more}


def by_run(run: str, flow: str = "Made") -> dict[str, object]:
    return event(f"metaflow.{flow}.end", f"{flow}/{run}/end/9", type="run")


@pytest.fixture
def theirs(tmp_path: Path) -> str:
    """A run of bob, who is not to be known to alice."""
    return put_run_of(tmp_path, 1, "bob")


def told(root: Path, run: str, rights: frozenset[Right] = frozenset(Right)) -> dict[str, Any]:
    with opened(root, of_team("alice", rights)) as gateway:
        return gateway.answer(TRIGGER, variables={"run": f"Made/{run}"})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"id": "Made/1/end/9"},
        {"id": "1"},
        {"id": None},
        {"type": "event"},
        {"name": "renamed"},
        {"name": None},
    ],
)
def test_an_event_of_a_run_that_may_not_be_seen_is_left_out(
    tmp_path: Path, theirs: str, changes: dict[str, object]
) -> None:
    own, other = put_run_of(tmp_path, 2, "alice"), put_run_of(tmp_path, 3, "alice")
    triggers = [by_run(theirs) | changes, by_run(other), event("mine", "a/b/c")]
    put_task(tmp_path, own, attempt="0", execution_triggers=json.dumps(triggers))
    answer = told(tmp_path, own)
    assert errors_of(answer) == []
    assert theirs not in str(answer)
    trigger = answer["data"]["run"]["trigger"]
    assert [one["name"] for one in trigger["events"]] == ["metaflow.Made.end", "mine"]
    assert trigger["runs"] == [{"id": f"Run:default/Made/{other}"}]


def test_a_run_that_others_alone_triggered_was_not_triggered(tmp_path: Path, theirs: str) -> None:
    own = put_run_of(tmp_path, 2, "alice")
    put_task(tmp_path, own, attempt="0", execution_triggers=json.dumps([by_run(theirs)]))
    answer = told(tmp_path, own)
    assert answer["data"]["run"]["trigger"] is None
    assert answer["data"]["run"]["step"]["task"]["metadataDict"] == {"attempt": "0"}


@pytest.mark.parametrize("damaged", ["{", '{"id": 1}', '[{"type": "run", "id": "%s', "[" * 1000])
def test_triggers_that_cannot_be_read_are_not_shown(tmp_path: Path, theirs: str, damaged: str) -> None:
    own = put_run_of(tmp_path, 2, "alice")
    put_task(tmp_path, own, attempt="0", execution_triggers=damaged.replace("%s", theirs))
    answer = told(tmp_path, own)
    assert theirs not in str(answer)
    assert {code for code, _ in errors_of(answer)} == {"CORRUPT_METADATA"}
    assert answer["data"]["run"]["step"]["task"]["metadataDict"] == {"attempt": "0"}


def test_what_was_sent_along_with_an_event_is_a_value(tmp_path: Path) -> None:
    own = put_run_of(tmp_path, 2, "alice")
    put_task(tmp_path, own, attempt="0", execution_triggers=json.dumps([event("mine", "e-1", payload={"x": "secret"})]))
    assert "secret" in str(told(tmp_path, own))
    answer = told(tmp_path, own, frozenset())
    assert "secret" not in str(answer)
    assert answer["data"]["run"]["trigger"]["events"] == [{"name": "mine", "eventId": "e-1"}]


@pytest.mark.parametrize("origin", ["theirs", "1", "../Other", "a/b"])
def test_a_run_that_resumed_another_teams_resumed_none(tmp_path: Path, theirs: str, origin: str) -> None:
    own = put_run_of(tmp_path, 2, "alice")
    put_task(tmp_path, own, attempt="0", origin_run_id=theirs if origin == "theirs" else origin, origin_task_id="7")
    query = """query ($run: String!) { run(pathspec: $run) { originPathspec step(name: "start") { originPathspec
        task { originPathspec metadataDict metadata { name } } } } }"""
    with opened(tmp_path, of_team("alice")) as gateway:
        assert gateway.data(query, run=f"Made/{own}")["run"] == {
            "originPathspec": None,
            "step": {
                "originPathspec": None,
                "task": {"originPathspec": None, "metadataDict": {"attempt": "0"}, "metadata": [{"name": "attempt"}]},
            },
        }


def test_ones_own_origin_is_told(tmp_path: Path) -> None:
    first, own = put_run_of(tmp_path, 1, "alice"), put_run_of(tmp_path, 2, "alice")
    put_task(tmp_path, first, attempt="0")
    put_task(tmp_path, own, attempt="0", origin_run_id=first, origin_task_id="1")
    with opened(tmp_path, of_team("alice")) as gateway:
        found = gateway.data("query ($run: String!) { run(pathspec: $run) { originPathspec } }", run=f"Made/{own}")
    assert found == {"run": {"originPathspec": f"Made/{first}"}}


ITEMS = ["outer=secret", "inner=item"]


@pytest.mark.parametrize(
    ("rights", "hidden", "items", "shown"),
    [
        (frozenset(Right), (), ITEMS, True),
        (frozenset(Right), ("out*",), ITEMS, False),
        (frozenset(Right), ("other",), ITEMS, True),
        (frozenset(Right), ("other",), "what is it?", False),
        (frozenset[Right](), (), ITEMS, False),
    ],
)
def test_items_of_a_foreach_are_values(
    tmp_path: Path, rights: frozenset[Right], hidden: tuple[str, ...], items: object, shown: bool
) -> None:
    own = put_run_of(tmp_path, 2, "alice")
    put_task(tmp_path, own, attempt="0", foreach_stack=items, foreach_execution_path="start:1")
    query = """query ($task: String!) { task(pathspec: $task) { index status metadataDict
        some: metadata(names: ["attempt"]) { name } metadata { name } } }"""
    with opened(tmp_path, of_team("alice", rights, hidden_names=hidden)) as gateway:
        answer = gateway.answer(query, variables={"task": f"Made/{own}/start/1"})
    task = answer["data"]["task"]
    assert (task["index"], task["some"]) == (1, [{"name": "attempt"}])
    assert ("foreach-stack" in task["metadataDict"]) is shown
    assert task["metadataDict"]["foreach-execution-path"] == "start:1"
    forbidden = [] if shown else [("FORBIDDEN", ["task", "metadata"]), ("FORBIDDEN", ["task", "metadataDict"])]
    assert errors_of(answer) == forbidden
