"""Metadata and attempts of tasks."""

import json
from pathlib import Path
from typing import Any

import pytest

from local_trees import EPOCH_MS, ask, key, one, provider, put, put_object, put_run, set_modified
from metaflow_graphql.providers import records
from metaflow_graphql.providers.errors import CorruptMetadata
from metaflow_graphql.providers.local.provider import LocalProvider
from running import Runs

Oracle = dict[str, Any]
TASK = "Made/1/start/1"


@pytest.fixture(scope="module")
def local(runs: Runs) -> LocalProvider:
    return provider(runs.root)


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """The folder of a task made by hand."""
    put_run(tmp_path, "1")
    put_object(tmp_path, "Made/1/start", EPOCH_MS)
    return put_object(tmp_path, TASK, EPOCH_MS)


def event(task: Path, name: str, value: object, ms: int, attempt: int | None = None) -> None:
    tags = [] if attempt is None else [f"attempt_id:{attempt}"]
    content = {"field_name": name, "type": name, "value": value, "tags": tags, "ts_epoch": EPOCH_MS + ms}
    put(task / "_meta" / f"sysmeta_{name}_{EPOCH_MS + ms}.json", content)


def exit_of(task: Path, attempt: int, *, success: bool, ms: int, killed: bool = False) -> None:
    put(task / f"{attempt}.runtime", {"return_code": int(not success), "killed": killed, "success": success})
    set_modified(task / f"{attempt}.runtime", EPOCH_MS + ms)


def metadata(local: LocalProvider, pathspec: str = TASK) -> list[records.Metadata]:
    found = one(lambda: local.metadata_of([key(pathspec)]))
    assert isinstance(found, list)
    return [entry for entry in found if isinstance(entry, records.Metadata)]


def attempts(local: LocalProvider, pathspec: str = TASK) -> list[records.Attempt]:
    found = one(lambda: local.attempts_of([key(pathspec)]))
    assert isinstance(found, list)
    return found


def test_metadata_is_what_the_client_reads(local: LocalProvider, oracle: Oracle) -> None:
    tasks = [path for path in oracle["objects"] if path.count("/") == 3 and "@" not in path]
    assert len(tasks) > 50
    for pathspec in tasks:
        told: list[dict[str, Any]] = oracle["objects"][pathspec]["metadata"]
        found = metadata(local, pathspec)
        assert [entry.ts_epoch for entry in found] == sorted(entry.ts_epoch for entry in found)
        ours = sorted((entry.name, entry.ts_epoch, str(entry.value), str(entry.type)) for entry in found)
        expected = [(m["name"], m["created_at"], as_text(m["value"]), str(m["type"])) for m in told]
        # The client adds to a clone's what its origin has.
        assert set(ours) <= set(expected)
        assert len(ours) == len(expected) or "origin-task-id" in {entry.name for entry in found}


def as_text(value: object) -> str:
    return str(value) if value is None or isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def test_values_that_are_no_text_are_json(task: Path, tmp_path: Path) -> None:
    values = ["text", "", None, True, 3, ["x=1", "ä"], {"a": None}, 10**25]
    for ms, value in enumerate(values):
        event(task, f"name{ms}", value, ms)
    found = [entry.value for entry in metadata(provider(tmp_path))]
    assert found == ["text", "", None, "true", "3", '["x=1","ä"]', '{"a":null}', str(10**25)]


def test_what_only_python_reads_as_json_is_read(task: Path, tmp_path: Path) -> None:
    event(task, "ratio", float("nan"), 0)
    event(task, "script-name", "\udcff.py", 1)
    assert [entry.value for entry in metadata(provider(tmp_path))] == ["null", "\ufffd.py"]


def test_an_event_belongs_to_the_attempt_of_its_first_tag(task: Path, tmp_path: Path) -> None:
    tags = ("x attempt_id:2 attempt_id:3", "attempt_id:", "xattempt_id:1", "", "attempt_id:" + "9" * 99)
    for ms, of_event in enumerate(tags):
        put(
            task / "_meta" / f"sysmeta_a_{ms}.json",
            {"field_name": "a", "ts_epoch": EPOCH_MS + ms, "tags": of_event.split()},
        )
    assert [entry.attempt for entry in metadata(provider(tmp_path))] == [2, None, None, None, None]


def test_a_name_may_hold_what_a_file_name_can(task: Path, tmp_path: Path) -> None:
    event(task, "attempt_ok_not_done_1", "x", 0)
    event(task, "weird name-1_2", "y", 1)
    found = provider(tmp_path)
    assert [entry.name for entry in metadata(found)] == ["attempt_ok_not_done_1", "weird name-1_2"]
    assert attempts(found) == []


def test_tasks_without_metadata_and_tasks_that_are_none(task: Path, tmp_path: Path) -> None:
    local = provider(tmp_path)
    assert ask(lambda: local.metadata_of([key(TASK), key("Made/1/start/2")])) == [[], []]
    assert ask(lambda: local.attempts_of([key(TASK), key("Made/1/start/2")])) == [[], []]


def test_a_retried_task_has_two_attempts(local: LocalProvider, runs: Runs) -> None:
    run = runs["retry_succeeds"].pathspec
    tasks = one(lambda: local.tasks_of([key(f"{run}/flaky")]))
    assert isinstance(tasks, list)
    (only,) = tasks
    assert isinstance(only, records.Task)
    found = attempts(local, only.pathspec)
    told = [(one.number, one.ok, one.exited_ok, one.done, one.killed) for one in found]
    assert told[-1] == (len(told) - 1, True, True, True, False)
    assert told[:-1] == [(number, False, False, True, False) for number in range(len(told) - 1)]
    assert len(told) > 1
    assert all(one.ended_at is not None and one.started_at <= one.ended_at for one in found)


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("unpicklable", (False, False, False, False)),
        ("task_killed", (None, False, False, False)),
        ("interrupted", (None, False, False, True)),
        ("vanished", (None, None, False, False)),
        ("scheduler_killed", (True, None, True, False)),
    ],
)
def test_each_end_leaves_its_traces(
    local: LocalProvider, runs: Runs, scenario: str, expected: tuple[bool | None, bool | None, bool, bool]
) -> None:
    tasks = one(lambda: local.tasks_of([key(f"{runs[scenario].pathspec}/ends")]))
    assert isinstance(tasks, list)
    (only,) = tasks
    assert isinstance(only, records.Task)
    (found,) = attempts(local, only.pathspec)
    assert (found.ok, found.exited_ok, found.done, found.killed) == expected


def test_there_are_no_more_than_six_attempts(task: Path, tmp_path: Path) -> None:
    for number in (0, 5, 6, 99):
        event(task, "attempt", str(number), number)
    assert [attempt.number for attempt in attempts(provider(tmp_path))] == [0, 5]


def test_parameters_were_never_attempted(local: LocalProvider, runs: Runs) -> None:
    assert attempts(local, f"{runs['linear'].pathspec}/_parameters/0") == []


def test_the_first_sign_of_the_end_tells_when(task: Path, tmp_path: Path) -> None:
    event(task, "attempt", "0", 0)
    local = provider(tmp_path)
    assert attempts(local) == [records.Attempt(0, EPOCH_MS, None, None, None, False, False)]
    exit_of(task, 0, success=False, ms=9, killed=True)
    assert attempts(local) == [records.Attempt(0, EPOCH_MS, None, False, EPOCH_MS + 9, False, True)]
    event(task, "attempt-done", "0", 8)
    assert attempts(local) == [records.Attempt(0, EPOCH_MS, None, False, EPOCH_MS + 8, True, True)]
    event(task, "attempt_ok", "False", 7, attempt=0)
    assert attempts(local) == [records.Attempt(0, EPOCH_MS, False, False, EPOCH_MS + 7, True, True)]


def test_a_process_that_died_before_it_recorded_anything_is_an_attempt(task: Path, tmp_path: Path) -> None:
    put(task / "0.attempt.json", {"time": 1.0})
    set_modified(task / "0.attempt.json", EPOCH_MS)
    assert attempts(provider(tmp_path)) == []
    exit_of(task, 0, success=False, ms=5)
    assert attempts(provider(tmp_path)) == [records.Attempt(0, EPOCH_MS, None, False, EPOCH_MS + 5, False, False)]


def test_damaged_metadata_stands_among_the_others(task: Path, tmp_path: Path) -> None:
    for ms, name in enumerate(("first", "second", "third")):
        event(task, name, "x", ms)
    (task / "_meta" / f"sysmeta_second_{EPOCH_MS + 1}.json").write_text("[]")
    found = one(lambda: provider(tmp_path).metadata_of([key(TASK)]))
    assert isinstance(found, list)
    assert [entry.name if isinstance(entry, records.Metadata) else str(entry) for entry in found] == [
        "first",
        "The metadata second of Made/1/start/1 can't be read: it is half-written, damaged or not of Metaflow's form.",
        "third",
    ]


@pytest.mark.parametrize(("name", "costs"), [("attempt_ok", True), ("attempt", True), ("runtime", False)])
def test_damaged_metadata_costs_the_attempts_only_if_it_is_theirs(
    task: Path, tmp_path: Path, name: str, costs: bool
) -> None:
    event(task, "attempt", "0", 0)
    (task / "_meta" / f"sysmeta_{name}_{EPOCH_MS + 5}.json").write_text("{")
    found = one(lambda: provider(tmp_path).attempts_of([key(TASK)]))
    assert isinstance(found, CorruptMetadata) == costs


def test_a_damaged_exit_costs_the_attempts_only_if_nothing_else_tells(task: Path, tmp_path: Path) -> None:
    event(task, "attempt", "0", 0)
    (task / "0.runtime").write_text("")
    local = provider(tmp_path)
    assert isinstance(one(lambda: local.attempts_of([key(TASK)])), CorruptMetadata)
    event(task, "attempt_ok", "True", 3, attempt=0)
    assert attempts(local) == [records.Attempt(0, EPOCH_MS, True, None, EPOCH_MS + 3, False, False)]
