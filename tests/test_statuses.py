"""How far runs and tasks have come, by what they left behind; and what only silence tells, by time limits."""

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Generator, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gateways import Gateway
from in_process import opened
from local_trees import EPOCH_MS, put, put_object, put_run, set_modified
from running import RunOf, Runs, executing

Found = dict[str, Any]
Cut = Callable[[Path], object]
Past = Callable[..., RunOf]
DAY = 86_400

# Of each scenario that does not simply succeed: the run's status, its failed task, and how many tasks came how far.
ENDS: dict[str, tuple[str, str | None, dict[str, int]]] = {
    "retry_exhausted": ("FAILED", "flaky/2", {"succeeded": 1, "failed": 1}),
    "failed": ("FAILED", "fails/3", {"succeeded": 2, "failed": 1}),
    "failed_before_end": ("FAILED", "ends/2", {"succeeded": 1, "failed": 1}),
    "failed_at_end": ("FAILED", "end/3", {"succeeded": 2, "failed": 1}),
    "exited": ("FAILED", "ends/2", {"succeeded": 1, "failed": 1}),
    "unpicklable": ("FAILED", "ends/2", {"succeeded": 1, "failed": 1}),
    "task_killed": ("FAILED", "ends/2", {"succeeded": 1, "failed": 1}),
    "interrupted": ("FAILED", "ends/2", {"succeeded": 1, "failed": 1}),
    "interrupted_with_task": ("FAILED", "ends/2", {"succeeded": 1, "failed": 1}),
    "resume_origin": ("FAILED", "middle/2", {"succeeded": 1, "failed": 1}),
    "renamed_origin": ("FAILED", "join/4", {"succeeded": 3, "failed": 1}),
    # Their last tasks went well, and their schedulers are gone.
    "scheduler_killed": ("FAILED", None, {"succeeded": 2}),
    "scheduler_terminated": ("FAILED", None, {"succeeded": 2}),
    # Nothing but silence would tell.
    "vanished": ("RUNNING", None, {"succeeded": 1, "running": 1}),
}
COUNTS = "total pending running succeeded failed unknown"
RUN = f"""query($run: String!) {{ run(pathspec: $run) {{
  status finishedAt durationMs failedTask {{ pathspec status }} taskCounts {{ {COUNTS} }}
}} }}"""
TASK = """query($task: String!, $attempt: Int) {
  task(pathspec: $task, attempt: $attempt) { status attempt startedAt finishedAt durationMs }
}"""


def counts(of: dict[str, int]) -> dict[str, int]:
    return dict.fromkeys(COUNTS.split(), 0) | of | {"total": sum(of.values())}


def run_of(gateway: Gateway, run: RunOf) -> Found:
    return gateway.data(RUN, run=run.pathspec)["run"]


def task_of(gateway: Gateway, run: RunOf, task: str, attempt: int | None = None) -> Found:
    return gateway.data(TASK, task=f"{run.pathspec}/{task}", attempt=attempt)["task"]


def failed_task(found: Found, run: RunOf) -> str | None:
    return found["failedTask"] and found["failedTask"]["pathspec"].removeprefix(f"{run.pathspec}/")


@pytest.fixture(scope="module")
def over(runs: Runs) -> Generator[Gateway]:
    """However long ago the runs were made, or however short."""
    with opened(runs.root, inactive_after=10**9, stalled_after=0.001) as gateway:
        yield gateway


def test_runs_that_ended_otherwise_than_well(over: Gateway, runs: Runs) -> None:
    found = {name: run_of(over, runs[name]) for name in ENDS}
    ends = {name: (run["status"], failed_task(run, runs[name]), run["taskCounts"]) for name, run in found.items()}
    assert ends == {name: (status, failed, counts(of)) for name, (status, failed, of) in ENDS.items()}
    assert {run["failedTask"]["status"] for run in found.values() if run["failedTask"]} == {"FAILED"}


def test_all_other_runs_succeeded_with_all_their_tasks(over: Gateway, runs: Runs) -> None:
    for run in runs:
        if run.scenario not in ENDS:
            found = run_of(over, run)
            total = found["taskCounts"]["total"]
            assert (found["status"], found["failedTask"]) == ("SUCCEEDED", None), run.scenario
            assert found["taskCounts"] == counts({"succeeded": total})


STEPS = f"""query($run: String!) {{ run(pathspec: $run) {{
  startedAt finishedAt durationMs status taskCounts {{ {COUNTS} }} tasks {{ nodes {{ pathspec }} }}
  steps {{
    name status startedAt finishedAt durationMs taskCounts {{ {COUNTS} }}
    tasks {{ nodes {{ status startedAt finishedAt durationMs attempts {{ startedAt }} }} }}
  }}
}} }}"""


def of_tasks(statuses: Iterable[str]) -> str:
    found = set(statuses)
    return "FAILED" if "FAILED" in found else "RUNNING" if found & {"RUNNING", "PENDING"} else "SUCCEEDED"


def milliseconds(of: Found) -> int | None:
    if None in (of["startedAt"], of["finishedAt"]):
        return None
    began, ended = (datetime.fromisoformat(of[name]) for name in ("startedAt", "finishedAt"))
    return round((ended - began).total_seconds() * 1000)


def test_a_step_is_what_its_tasks_are(over: Gateway, runs: Runs) -> None:
    for run in runs:
        found = over.data(STEPS, run=run.pathspec)["run"]
        for step in found["steps"]:
            tasks = step["tasks"]["nodes"]
            ends = [task["finishedAt"] for task in tasks]
            assert step["status"] == of_tasks(task["status"] for task in tasks), run.scenario
            # Of the first attempt, while a task's own is that of the latest.
            assert step["startedAt"] == min(task["attempts"][0]["startedAt"] for task in tasks)
            assert step["finishedAt"] == (None if None in ends else max(ends))
            assert step["taskCounts"]["total"] == len(tasks)
        of_steps = [step["taskCounts"] for step in found["steps"]]
        assert found["taskCounts"] == {name: sum(of[name] for of in of_steps) for name in COUNTS.split()}


def test_a_duration_lasts_from_the_start_to_the_end(over: Gateway, runs: Runs) -> None:
    for run in runs:
        found = over.data(STEPS, run=run.pathspec)["run"]
        tasks = [task for step in found["steps"] for task in step["tasks"]["nodes"]]
        running = [of["status"] in ("RUNNING", "PENDING") for of in (found, *found["steps"], *tasks)]
        for of, runs_still in zip((found, *found["steps"], *tasks), running, strict=True):
            assert (of["finishedAt"] is None) == runs_still, run.scenario
            assert of["durationMs"] >= 0 if runs_still else of["durationMs"] == milliseconds(of)


def test_a_run_starts_when_its_id_says_and_its_tasks_when_they_recorded(
    over: Gateway, runs: Runs, oracle: Found
) -> None:
    for run in runs:
        found = over.data("query($r: String!) { run(pathspec: $r) { startedAt } }", r=run.pathspec)["run"]
        assert milliseconds(found | {"finishedAt": found["startedAt"]}) == 0
        began = datetime.fromisoformat(found["startedAt"]).timestamp() * 1000
        assert abs(began - int(run.run_id) / 1000) <= 1
    retried = f"{runs['retry_succeeds'].pathspec}/flaky/2"
    starts = [event["created_at"] for event in oracle["objects"][retried]["metadata"] if event["name"] == "attempt"]
    query = "query($t: String!) { task(pathspec: $t) { attempts { startedAt } } }"
    attempts = over.data(query, t=retried)["task"]["attempts"]
    began = [round(datetime.fromisoformat(attempt["startedAt"]).timestamp() * 1000) for attempt in attempts]
    assert began == sorted(starts)


def test_an_attempt_that_was_tried_again_has_failed(over: Gateway, runs: Runs) -> None:
    for scenario, last in (
        ("retry_succeeds", "SUCCEEDED"),
        ("retry_exhausted", "FAILED"),
        ("retry_after_kill", "SUCCEEDED"),
    ):
        seen = [task_of(over, runs[scenario], "flaky/2", attempt) for attempt in (0, 1, None)]
        assert [(task["status"], task["attempt"]) for task in seen] == [("FAILED", 0), (last, 1), (last, 1)]
        assert seen[0]["finishedAt"] <= seen[1]["startedAt"]


def test_the_latest_successful_run_is_the_newest_that_succeeded(over: Gateway) -> None:
    query = """{ flows { nodes {
      latestSuccessfulRun { pathspec } runs(filter: {statuses: SUCCEEDED}, first: 1) { nodes { pathspec } }
    } } }"""
    flows = over.data(query)["flows"]["nodes"]
    newest = [next(iter(flow["runs"]["nodes"]), None) for flow in flows]
    assert [flow["latestSuccessfulRun"] for flow in flows] == newest
    assert None in newest


def test_a_caught_failure_of_the_end_is_a_success_though_the_client_says_otherwise(over: Gateway, runs: Runs) -> None:
    query = """query($run: String!) { run(pathspec: $run) {
      status successful finished endTask { status successful exception { type caught } }
    } }"""
    exception = {"type": "builtins.LookupError", "caught": True}
    found = over.data(query, run=runs["caught_at_end"].pathspec)["run"]
    assert found.pop("endTask") == {"status": "SUCCEEDED", "successful": False, "exception": exception}
    assert found == {"status": "SUCCEEDED", "successful": False, "finished": True}


def test_a_renamed_end_step_ends_the_run(over: Gateway, runs: Runs) -> None:
    query = "query($run: String!) { run(pathspec: $run) { status successful endTask { pathspec } data { names } } }"
    for scenario in ("renamed", "renamed_resumed"):
        found = over.data(query, run=runs[scenario].pathspec)["run"]
        assert found["endTask"]["pathspec"].startswith(f"{runs[scenario].pathspec}/finish/")
        assert (found["status"], found["successful"]) == ("SUCCEEDED", True)
        assert "done" in found["data"]["names"]


# Runs as they were at some moment: copies, cut back and set so many seconds back.


@pytest.fixture
def past(runs: Runs, tmp_path: Path) -> Past:
    """The run of a scenario, after `cut`, whose last trace is some seconds old."""

    def made(scenario: str, seconds: float, *cut: Cut) -> RunOf:
        run, root = runs[scenario], tmp_path / ".metaflow"
        shutil.rmtree(root, ignore_errors=True)
        for name in ("_meta", "data", run.run_id):
            shutil.copytree(runs.datastore / run.flow / name, root / run.flow / name)
        folder = root / run.pathspec
        for one in cut:
            one(folder)
        _set_back(folder, seconds)
        return run

    return made


def _set_back(folder: Path, seconds: float) -> None:
    """Move all times of the run, so that the newest event of it was so many seconds ago."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    records = {
        path: json.loads(path.read_text()) for path in files if path.suffix == ".json" and path.parent.name == "_meta"
    }
    newest = max(record["ts_epoch"] for record in records.values())
    ended = [path.stat().st_mtime for path in files if path.suffix == ".runtime"]
    later = round(time.time() * 1000 - seconds * 1000) - max(newest, *(round(at * 1000) for at in ended), 0)
    exits = {path: path.stat().st_mtime_ns + later * 1_000_000 for path in files if path.suffix == ".runtime"}
    for path, record in records.items():
        path.write_text(json.dumps(record | {"ts_epoch": record["ts_epoch"] + later}))
        # Files of metadata are named for their times.
        path.rename(path.with_name(re.sub(r"\d{13}", lambda ms: str(int(ms[0]) + later), path.name)))
    for path in (*folder.rglob("*"), folder):
        then = exits.get(path, time.time_ns() - round(seconds * 1e9))
        os.utime(path, ns=(then, then))


def without_attempt(step: str, attempt: int) -> Cut:
    """Before that attempt, and all that followed it."""

    def cut(folder: Path) -> None:
        later = {"flaky": "end", "middle": "end", "ends": "end"}[step]
        shutil.rmtree(folder / later, ignore_errors=True)
        for path in (folder / step).rglob("*.*"):
            tagged = f"attempt_id:[{attempt}-5]" if path.suffix == ".json" else "(?!)"
            if re.match(f"[{attempt}-5][._]", path.name) or re.search(tagged, path.read_text()):
                path.unlink()

    return cut


def without(*steps: str) -> Cut:
    return lambda folder: [shutil.rmtree(folder / step) for step in steps]


def without_events(step: str, *names: str) -> Cut:
    return lambda folder: [
        path.unlink() for name in names for path in (folder / step).glob(f"*/_meta/sysmeta_{name}_*.json")
    ]


def killed_by_the_scheduler(step: str, attempt: int) -> Cut:
    def changed(folder: Path) -> None:
        (path,) = (folder / step).glob(f"*/{attempt}.runtime")
        path.write_text(json.dumps(json.loads(path.read_text()) | {"killed": True}))

    return changed


def test_a_run_that_is_silent_for_a_day_has_failed(past: Past, tmp_path: Path) -> None:
    for seconds, run_status, task_status in (
        (10, "RUNNING", "RUNNING"),
        (DAY - 60, "RUNNING", "RUNNING"),
        (DAY + 60, "FAILED", "FAILED"),
    ):
        run = past("vanished", seconds)
        with opened(tmp_path) as gateway:
            found, task = run_of(gateway, run), task_of(gateway, run, "ends/2")
        failed = run_status == "FAILED"
        assert (found["status"], task["status"]) == (run_status, task_status)
        assert failed_task(found, run) == ("ends/2" if failed else None)
        assert (found["finishedAt"] is not None, task["finishedAt"]) == (failed, None)
        assert (found["durationMs"] is None, task["durationMs"] is None) == (False, failed)


def test_how_long_a_run_may_be_silent_is_configured(past: Past, tmp_path: Path) -> None:
    run = past("vanished", 600)
    statuses: list[tuple[str, str]] = []
    for inactive_after in (500, 700):
        with opened(tmp_path, inactive_after=inactive_after) as gateway:
            statuses.append((run_of(gateway, run)["status"], task_of(gateway, run, "ends/2")["status"]))
    assert statuses == [("FAILED", "FAILED"), ("RUNNING", "RUNNING")]


def test_a_run_that_fell_silent_in_its_first_task_ended_with_its_last_trace(past: Past, tmp_path: Path) -> None:
    run = past(
        "vanished", 2 * DAY, without("ends"), without_events("start", "attempt_ok", "attempt-done"), without_runtime
    )
    with opened(tmp_path) as gateway:
        found = run_of(gateway, run)
    assert (found["status"], failed_task(found, run)) == ("FAILED", "start/1")
    assert abs(datetime.fromisoformat(found["finishedAt"]).timestamp() - (time.time() - 2 * DAY)) < 60


def without_runtime(folder: Path) -> None:
    for path in folder.glob("*/*/*.runtime"):
        path.unlink()


RETRIES: dict[str, tuple[str, str, int, tuple[Cut, ...]]] = {
    "after an exception": ("retry_succeeds", "flaky", 1, ()),
    "that will fail again": ("retry_exhausted", "flaky", 1, ()),
    "after a kill": ("retry_after_kill", "flaky", 1, ()),
    "of a step with catch": ("caught", "middle", 1, ()),
    "of a step with catch that was killed": ("caught_kill", "middle", 1, ()),
    "that catches what killed all others": ("caught_kill", "middle", 2, ()),
}


@pytest.mark.parametrize("name", RETRIES)
def test_a_retry_that_is_due_is_waited_for_and_not_for_long(past: Past, tmp_path: Path, name: str) -> None:
    scenario, step, attempt, cut = RETRIES[name]
    seen: list[tuple[str, str, str | None]] = []
    for seconds in (5, 120):
        run = past(scenario, seconds, without_attempt(step, attempt), *cut)
        with opened(tmp_path) as gateway:
            found, task = run_of(gateway, run), task_of(gateway, run, f"{step}/2")
        assert task["attempt"] == attempt - 1
        assert (found["finishedAt"] is None, task["finishedAt"] is None) == (
            (True, True) if seconds == 5 else (False, False)
        )
        seen.append((found["status"], task["status"], failed_task(found, run)))
    assert seen == [("RUNNING", "PENDING", None), ("FAILED", "FAILED", f"{step}/2")]


NO_RETRIES: dict[str, tuple[str, str, tuple[Cut, ...]]] = {
    "its scheduler ended it": (
        "retry_after_kill",
        "flaky/2",
        (without_attempt("flaky", 1), killed_by_the_scheduler("flaky", 0)),
    ),
    "all were used": ("retry_exhausted", "flaky/2", ()),
    "there are none": ("failed_before_end", "ends/2", ()),
    "it was the end step": ("failed_at_end", "end/3", ()),
    "it was killed and there are none": ("task_killed", "ends/2", ()),
}


@pytest.mark.parametrize("why", NO_RETRIES)
def test_a_task_that_is_not_tried_again_has_failed_at_once(past: Past, tmp_path: Path, why: str) -> None:
    scenario, task, cut = NO_RETRIES[why]
    run = past(scenario, 1, *cut)
    with opened(tmp_path) as gateway:
        found, of_task = run_of(gateway, run), task_of(gateway, run, task)
    assert (found["status"], failed_task(found, run), of_task["status"]) == ("FAILED", task, "FAILED")
    assert None not in (found["finishedAt"], of_task["finishedAt"])


@pytest.mark.parametrize("scenario", ["scheduler_killed", "linear"])
def test_a_run_whose_next_step_does_not_come_has_failed(past: Past, tmp_path: Path, scenario: str) -> None:
    cut = [without("end")] if scenario == "linear" else []
    seen: list[tuple[str, str | None, bool]] = []
    for seconds, inactive_after in ((5, DAY), (120, DAY), (5, 2)):
        run = past(scenario, seconds, *cut)
        with opened(tmp_path, inactive_after=inactive_after) as gateway:
            found = run_of(gateway, run)
        seen.append((found["status"], failed_task(found, run), found["finishedAt"] is None))
    assert seen == [("RUNNING", None, True), ("FAILED", None, False), ("FAILED", None, False)]


def test_how_long_the_next_step_may_take_is_configured(past: Past, tmp_path: Path) -> None:
    run = past("linear", 120, without("end"))
    for stalled_after, status in ((60, "FAILED"), (600, "RUNNING")):
        with opened(tmp_path, stalled_after=stalled_after) as gateway:
            assert run_of(gateway, run)["status"] == status


def test_a_copy_is_as_old_as_what_is_in_it(past: Past, tmp_path: Path) -> None:
    run = past("scheduler_killed", 120)
    shutil.copytree(tmp_path / ".metaflow", tmp_path / "copy" / ".metaflow", copy_function=shutil.copyfile)
    with opened(tmp_path) as gateway, opened(tmp_path / "copy") as of_copy:
        assert run_of(of_copy, run) == run_of(gateway, run)
        assert run_of(of_copy, run)["status"] == "FAILED"


def test_a_run_without_a_task_is_pending_for_a_day(past: Past, tmp_path: Path) -> None:
    seen: list[tuple[str, bool, Found]] = []
    for seconds in (5, 3600, DAY + 60):
        run = past("linear", seconds, without("start", "middle", "end"))
        with opened(tmp_path) as gateway:
            found = run_of(gateway, run)
        seen.append((found["status"], found["finishedAt"] is None, found["taskCounts"]))
    none = counts({})
    assert seen == [("PENDING", True, none), ("PENDING", True, none), ("FAILED", False, none)]


def test_a_run_is_pending_until_a_task_has_started(past: Past, tmp_path: Path) -> None:
    def only_registered(folder: Path) -> None:
        for path in (folder / "start" / "1").rglob("*"):
            if path.is_file() and path.name != "_self.json":
                path.unlink()

    run = past("linear", 5, without("middle", "end"), only_registered)
    with opened(tmp_path) as gateway:
        found, task = run_of(gateway, run), task_of(gateway, run, "start/1")
    assert (found["status"], found["taskCounts"]) == ("PENDING", counts({"pending": 1}))
    assert task == {"status": "PENDING", "attempt": None, "startedAt": None, "finishedAt": None, "durationMs": None}


def test_a_run_is_running_while_its_end_step_is_tried_again(past: Past, tmp_path: Path) -> None:
    # The end step begins a second attempt.
    def again(folder: Path) -> None:
        event = {"field_name": "attempt", "type": "attempt", "value": "1", "tags": ["attempt_id:1"]}
        at = max(json.loads(path.read_text())["ts_epoch"] for path in (folder / "end").glob("*/_meta/*.json")) + 5
        (task,) = (folder / "end").glob("*/_meta")
        put(task / f"sysmeta_attempt_{at}.json", event | {"ts_epoch": at})

    run = past("failed_at_end", 5, again)
    with opened(tmp_path) as gateway:
        found = run_of(gateway, run)
    assert (found["status"], found["finishedAt"], found["failedTask"]) == ("RUNNING", None, None)


def test_the_outcome_is_known_without_what_older_versions_did_not_record(past: Past, tmp_path: Path) -> None:
    for scenario, expected in (("linear", "SUCCEEDED"), ("failed_at_end", "FAILED"), ("caught_at_end", "SUCCEEDED")):
        run = past(scenario, 3600, without_events("*", "attempt_ok"))
        with opened(tmp_path) as gateway:
            assert run_of(gateway, run)["status"] == expected


def test_the_end_step_is_known_by_the_graph_where_it_was_not_recorded(past: Past, tmp_path: Path) -> None:
    run = past("renamed", 3600, without_events("_parameters", "start_step", "end_step"))
    with opened(tmp_path) as gateway:
        assert run_of(gateway, run)["status"] == "SUCCEEDED"


# Runs made by hand.


def put_task(root: Path, pathspec: str, ended_ms: int, ok: bool = True, killed: bool = False) -> None:
    """A task that began at EPOCH_MS, and ended so many ms later."""
    step, _, _ = pathspec.rpartition("/")
    put_object(root, step, EPOCH_MS)
    folder = put_object(root, pathspec, EPOCH_MS)
    event = {"field_name": "attempt", "value": "0", "tags": ["attempt_id:0"], "ts_epoch": EPOCH_MS}
    put(folder / "_meta" / f"sysmeta_attempt_{EPOCH_MS}.json", event)
    if killed:
        put(folder / "0.runtime", {"return_code": -9, "killed": True, "success": False})
        set_modified(folder / "0.runtime", EPOCH_MS + ended_ms)
    else:
        ended = {"field_name": "attempt_ok", "value": str(ok), "ts_epoch": EPOCH_MS + ended_ms}
        put(folder / "_meta" / f"sysmeta_attempt_ok_{EPOCH_MS + ended_ms}.json", event | ended)


def test_the_failed_task_is_the_one_that_failed_first_by_itself(tmp_path: Path) -> None:
    put_run(tmp_path, "1")
    put_task(tmp_path, "Made/1/start/1", 10)
    put_task(tmp_path, "Made/1/fails/2", 900, ok=False)
    put_task(tmp_path, "Made/1/fails/3", 800, ok=False)
    put_task(tmp_path, "Made/1/fails/4", 700, killed=True)
    with opened(tmp_path) as gateway:
        found = run_of(gateway, RunOf("", "Made", "1", 1))
    assert found["failedTask"] == {"pathspec": "Made/1/fails/3", "status": "FAILED"}
    assert found["taskCounts"] == counts({"succeeded": 1, "failed": 3})
    assert (found["status"], found["finishedAt"], found["durationMs"]) == ("FAILED", "2026-11-18T11:06:40.900Z", 900)


# A run that executes now.


def test_a_run_that_executes_is_running_until_now(tmp_path: Path) -> None:
    query = """query($run: String!) { run(pathspec: $run) {
      status finishedAt durationMs endTask { id } failedTask { id } successful finished
      steps { name status finishedAt tasks { nodes {
        status attempt startedAt finishedAt successful finished exception { type }
      } } }
    } }"""
    with executing(tmp_path) as run, opened(tmp_path) as gateway:
        found = gateway.data(query, run=run.pathspec)["run"]
        longer = run_of(gateway, run)["durationMs"]
        (task,) = found["steps"][0]["tasks"]["nodes"]
        listed = gateway.data("{ runs(filter: {statuses: RUNNING}) { nodes { pathspec } } }")
        assert listed == {"runs": {"nodes": [{"pathspec": run.pathspec}]}}
    assert 0 < found["durationMs"] < longer < 120_000
    ends = [found[name] for name in ("finishedAt", "endTask", "failedTask", "successful", "finished")]
    assert (found["status"], ends) == ("RUNNING", [None, None, None, False, False])
    assert [(step["name"], step["status"]) for step in found["steps"]] == [("ends", "RUNNING"), ("start", "SUCCEEDED")]
    assert (task["status"], task["attempt"], task["finishedAt"], task["exception"]) == ("RUNNING", 0, None, None)
    assert (task["successful"], task["finished"], task["startedAt"] is None) == (False, False, False)
    # Killed with all its tasks, it leaves no more traces.
    with opened(tmp_path, inactive_after=0.2) as gateway:
        time.sleep(0.3)
        assert run_of(gateway, run)["status"] == "FAILED"
