"""Steps, tasks, attempts, metadata and artifacts over a metadata service: of recorded runs, and of large ones."""

import json
from collections.abc import Generator
from contextlib import closing
from typing import Any
from urllib.parse import unquote

import pytest

from in_process import errors_of
from metaflow_graphql.providers.times import ts_epoch
from over_service import PROBE, RELEASES, Gate, add_run, opened, requests
from service import Served, Store, serving
from service.recordings import recorded_store
from service.store import now

# Of LinearFlow/2 little more than the run itself was recorded.
RUNS = ("LinearFlow/1", "ForeachFlow/3", "FailingFlow/4", "RetryFlow/5", "CrashFlow/6", "FailingFlow/7")
NAMED = "LinearFlow/argo-linearflow-0f226d"
CLONED = "FailingFlow/7/start/35"  # It is told with the metadata of its origin.
MINUTE = 60_000
START = 1_795_000_000_000

Row = dict[str, Any]


@pytest.fixture(scope="module")
def store() -> Generator[Store]:
    with closing(recorded_store()) as recorded:
        yield recorded


@pytest.fixture(scope="module", params=RELEASES)
def served(store: Store, request: pytest.FixtureRequest) -> Generator[Served]:
    with serving(store, release=request.param) as service:
        yield service


@pytest.fixture
def gate(served: Served) -> Generator[Gate]:
    served.reset()
    with opened(served.url) as gate:
        yield gate


@pytest.fixture(scope="module")
def head(store: Store) -> Generator[Served]:
    """The newest release."""
    with serving(store) as service:
        yield service


@pytest.fixture
def newest(head: Served) -> Generator[Gate]:
    head.reset()
    with opened(head.url) as gate:
        yield gate


def of_run(store: Store, view: str, run: str, more: str = "") -> list[Row]:
    flow, _, run_id = run.partition("/")
    return store.rows(
        f"SELECT * FROM {view} WHERE flow_id = ? AND run_number = ? {more}",
        flow,
        run_id if view == "step_view" else _id(run_id),
    )


def _id(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def tasks_of(store: Store, run: str) -> dict[str, Row]:
    """The tasks of a run but that of its parameters, by pathspec."""
    rows = of_run(store, "task_view", run, "AND step_name != '_parameters'")
    return {f"{run}/{row['step_name']}/{row['task_id']}": row for row in rows}


ALL = """query ($run: String!) { run(pathspec: $run) { pathspec status finished steps { pathspec name status
    parent { id } tasks { nodes { pathspec taskId status attempt attempts { attempt status }
        metadata { name value } artifacts { name attempt sha } } } } } }"""


@pytest.mark.parametrize("run", [*RUNS, NAMED])
def test_a_run_is_told_as_it_is_in_the_store(store: Store, gate: Gate, run: str) -> None:
    found = gate.data(ALL, run=run)["run"]
    assert found["pathspec"] == run
    assert {step["pathspec"] for step in found["steps"]} == {task.rpartition("/")[0] for task in tasks_of(store, run)}
    assert {step["parent"]["id"] for step in found["steps"]} == {f"Run:default/{run}"}
    tasks = {task["pathspec"]: task for step in found["steps"] for task in step["tasks"]["nodes"]}
    assert tasks.keys() == tasks_of(store, run).keys()
    for pathspec, row in tasks_of(store, run).items():
        task = tasks[pathspec]
        assert task["taskId"] == str(row["task_id"])
        assert sorted(found["attempt"] for found in task["attempts"]) == attempts_of(store, row["task_key"])
        if pathspec != CLONED:
            assert task["metadata"] == metadata_of(store, row["task_key"])
        assert task["artifacts"] == artifacts_of(store, row["task_key"])


def attempts_of(store: Store, task: int) -> list[int]:
    rows = store.rows("SELECT value FROM metadata WHERE task_key = ? AND field_name = 'attempt'", task)
    return sorted(int(row["value"]) for row in rows)


def metadata_of(store: Store, task: int) -> list[Row]:
    """Its metadata, oldest first; a list as JSON, where the service has a literal of PostgreSQL."""
    rows = store.rows("SELECT * FROM metadata WHERE task_key = ? ORDER BY ts_epoch, id", task)
    told = {row["id"]: row["value"] for row in rows}
    lists = {row["id"] for row in rows if row["field_name"] == "foreach-stack"}
    told |= {number: json.dumps(told[number].strip("{}").split(","), separators=(",", ":")) for number in lists}
    return [{"name": row["field_name"], "value": told[row["id"]]} for row in rows]


def artifacts_of(store: Store, task: int, attempt: int | None = None) -> list[Row]:
    """Those of an attempt, or of the latest that has any."""
    rows = store.rows("SELECT * FROM artifacts WHERE task_key = ?1 AND name NOT LIKE '\\_%' ESCAPE '\\'", task)
    latest = store.row("SELECT max(attempt_id) AS attempt FROM artifacts WHERE task_key = ?", task)
    wanted = latest["attempt"] if latest and attempt is None else attempt
    of_attempt = sorted((row for row in rows if row["attempt_id"] == wanted), key=lambda row: row["name"])
    return [{"name": row["name"], "attempt": wanted, "sha": row["sha"]} for row in of_attempt]


STATUSES = {
    "LinearFlow/1": ("SUCCEEDED", {"start": "SUCCEEDED", "middle": "SUCCEEDED", "end": "SUCCEEDED"}),
    NAMED: ("SUCCEEDED", {"start": "SUCCEEDED", "middle": "SUCCEEDED", "end": "SUCCEEDED"}),
    "ForeachFlow/3": ("SUCCEEDED", dict.fromkeys(("start", "body", "join", "end"), "SUCCEEDED")),
    "FailingFlow/4": ("FAILED", {"start": "SUCCEEDED", "boom": "FAILED"}),
    "FailingFlow/7": ("SUCCEEDED", {"start": "SUCCEEDED", "boom": "SUCCEEDED", "end": "SUCCEEDED"}),
    "RetryFlow/5": ("SUCCEEDED", {"start": "SUCCEEDED", "shaky": "SUCCEEDED", "end": "SUCCEEDED"}),
}


@pytest.mark.parametrize("run", STATUSES)
def test_statuses_are_those_of_the_outcomes(gate: Gate, run: str) -> None:
    found = gate.data("query ($run: String!) { run(pathspec: $run) { status steps { name status } } }", run=run)["run"]
    assert (found["status"], {step["name"]: step["status"] for step in found["steps"]}) == STATUSES[run]


SHAKY = "RetryFlow/5/shaky/28"
BY_ATTEMPT = """query ($task: String!, $attempt: Int) { task(pathspec: $task, attempt: $attempt) {
    pathspec status attempt attempts { attempt status } artifacts { name attempt sha } } }"""


@pytest.mark.parametrize("attempt", [None, 0, 1])
def test_an_attempt_has_its_own_artifacts(store: Store, gate: Gate, served: Served, attempt: int | None) -> None:
    told = {
        "pathspec": SHAKY,
        "status": "FAILED" if attempt == 0 else "SUCCEEDED",
        "attempt": 1 if attempt is None else attempt,
        "attempts": [{"attempt": 0, "status": "FAILED"}, {"attempt": 1, "status": "SUCCEEDED"}],
        "artifacts": artifacts_of(store, 28, attempt),
    }
    answer = gate.answer(BY_ATTEMPT, task=SHAKY, attempt=attempt)
    if attempt == 0 and served.options.release == "2.0.5":
        # It has no route for those of older attempts.
        assert errors_of(answer) == [("PROVIDER_ERROR", ["task", "artifacts"])]
        assert answer["data"] == {"task": {**told, "artifacts": None}}
    else:
        assert answer == {"data": {"task": told}}


ONE = """query ($artifact: String!, $attempt: Int) {
    artifact(pathspec: $artifact, attempt: $attempt) { pathspec attempt sha } }"""


def test_an_artifact_is_that_of_the_attempt(store: Store, gate: Gate, served: Served) -> None:
    shas = {(row["name"], attempt): row["sha"] for attempt in (0, 1) for row in artifacts_of(store, 28, attempt)}
    # Before that, the service fell back to an older attempt, as it did for Metaflow's client.
    asked = [("attempt_seen", None, 1)] + [("only_in_first", None, None)] * (served.options.release != "2.0.5")
    if served.options.release != "2.0.5":
        asked += [("attempt_seen", 0, 0), ("only_in_first", 0, 0), ("only_in_first", 1, None)]
    asked += [("attempt_seen", 1, 1), ("absent", None, None), ("attempt_seen", 5, None)]
    for name, attempt, expected in asked:
        found = gate.data(ONE, artifact=f"{SHAKY}/{name}", attempt=attempt)["artifact"]
        told = {"pathspec": f"{SHAKY}/{name}", "attempt": expected, "sha": shas.get((name, expected or 0))}
        assert found == (None if expected is None else told), (name, attempt)


def test_the_attempt_that_was_killed_has_no_artifacts(gate: Gate) -> None:
    found = gate.data(BY_ATTEMPT, task="CrashFlow/6/hard/32", attempt=None)["task"]
    assert found["attempts"] == [{"attempt": 0, "status": "FAILED"}, {"attempt": 1, "status": "SUCCEEDED"}]
    assert {artifact["attempt"] for artifact in found["artifacts"]} == {1}


IDS = """query ($run: String!, $step: String!, $task: String!, $artifact: String!) {
    run(pathspec: $run) { id pathspec runId step(name: "start") { id } steps { pathspec tasks { nodes { pathspec } } } }
    step(pathspec: $step) { id pathspec tasks { nodes { id artifacts { pathspec } } } }
    task(pathspec: $task) { id pathspec taskId artifacts { id } parent { id } }
    artifact(pathspec: $artifact) { id pathspec } }"""


@pytest.mark.parametrize("number", ["8", "008"])
def test_a_hidden_number_stands_for_a_name(gate: Gate, number: str) -> None:
    def asked(run: str, task: str) -> Any:
        step = f"{run}/start"
        return gate.data(IDS, run=run, step=step, task=f"{step}/{task}", artifact=f"{step}/{task}/x")

    by_name = asked(NAMED, "start-8f3a")
    assert by_name["run"]["id"] == f"Run:default/{NAMED}"
    assert by_name["artifact"] == {
        "id": f"DataArtifact:default/{NAMED}/start/start-8f3a/x",
        "pathspec": f"{NAMED}/start/start-8f3a/x",
    }
    assert asked(f"LinearFlow/{number}", "39") == by_name


def test_both_names_of_a_run_are_one_run_within_an_operation(gate: Gate) -> None:
    query = f"""{{ a: run(pathspec: "LinearFlow/8") {{ ...of }} b: run(pathspec: "{NAMED}") {{ ...of }}
        c: task(pathspec: "LinearFlow/8/start/39") {{ pathspec artifacts {{ name }} metadata {{ name }} }}
        d: task(pathspec: "{NAMED}/start/start-8f3a") {{ pathspec artifacts {{ name }} metadata {{ name }} }} }}
        fragment of on Run {{ id status steps {{ id tasks {{ nodes {{ id status artifacts {{ id }} }} }} }} }}"""
    data = gate.data(query)
    assert data["a"] == data["b"]
    assert data["c"] == data["d"]
    assert data["c"]["artifacts"]


def test_many_may_be_asked_for_by_hidden_numbers(gate: Gate) -> None:
    numbers = {"start/39": "start/start-8f3a", "middle/40": "middle/middle-8f3a", "end/41": "end/end-8f3a"}
    query = "".join(
        f"""a{at}: artifact(pathspec: "LinearFlow/8/{task}/x") {{ pathspec }}
        s{at}: step(pathspec: "LinearFlow/8/{task.split("/")[0]}") {{ pathspec tasks {{ nodes {{ pathspec }} }} }}
        t{at}: task(pathspec: "LinearFlow/8/{task}") {{ pathspec status artifacts {{ name }} }} """
        for at, task in enumerate(numbers)
    )
    found = gate.data(f"{{ {query} }}")
    for at, named in enumerate(numbers.values()):
        task = f"{NAMED}/{named}"
        assert found[f"a{at}"] == {"pathspec": f"{task}/x"}
        assert found[f"s{at}"] == {"pathspec": task.rpartition("/")[0], "tasks": {"nodes": [{"pathspec": task}]}}
        names = [artifact["name"] for artifact in found[f"t{at}"]["artifacts"]]
        assert (found[f"t{at}"]["pathspec"], found[f"t{at}"]["status"], "x" in names) == (task, "SUCCEEDED", True)


LEVELS = {2: "run", 3: "step", 4: "task", 5: "artifact"}
THREE, SQUARED, HALF = "\u0663", "\u00b2", "\u00bd"  # Python calls them numeric.
IMPOSSIBLE = (
    *("LinearFlow/2147483648", "LinearFlow/99999999999999999999", "LinearFlow/2147483648/start"),
    *(f"LinearFlow/{THREE}", f"LinearFlow/1{SQUARED}", f"LinearFlow/{HALF}", f"LinearFlow/{THREE}/start/1/x"),
    *("LinearFlow/1/start/9223372036854775808", f"LinearFlow/1/start/{THREE}", f"LinearFlow/1/start/{THREE}/x"),
)


@pytest.mark.parametrize("pathspec", IMPOSSIBLE)
def test_what_can_not_exist_is_not_asked_for(newest: Gate, head: Served, pathspec: str) -> None:
    level = LEVELS[pathspec.count("/") + 1]
    assert newest.answer(looked_up(level), pathspec=pathspec) == {"data": {level: None}}
    assert requests(head) == {}


def looked_up(level: str) -> str:
    return f"query ($pathspec: String!) {{ {level}(pathspec: $pathspec) {{ id }} }}"


MISSING = (
    *("Absent/1", "LinearFlow/1000", "LinearFlow/-1", "LinearFlow/+1", "LinearFlow/1.0", "LinearFlow/%31"),
    *("LinearFlow/%2E%2E", "LinearFlow/..%2F..", "LinearFlow/1#", "LinearFlow/1&x=1", "LinearFlow/1000/start"),
    *("LinearFlow/1/absent", "LinearFlow/1/start#", "LinearFlow/1/start/3", "LinearFlow/1/start/1000"),
    *("LinearFlow/1/start/2/absent", "LinearFlow/1/start/2/%78", "LinearFlow/1/start/4/x"),
)


@pytest.mark.parametrize("pathspec", MISSING)
def test_what_is_not_there_is_null_and_asked_for_by_its_own_name(newest: Gate, head: Served, pathspec: str) -> None:
    level = LEVELS[pathspec.count("/") + 1]
    assert newest.answer(looked_up(level), pathspec=pathspec) == {"data": {level: None}}
    (asked,) = [line for line in head.log if PROBE not in line]
    assert [unquote(part) for part in asked.removeprefix("GET /").split("/")][1::2] == pathspec.split("/")


@pytest.mark.parametrize(
    "pathspec", ["LinearFlow/..", "LinearFlow/.", "LinearFlow//start", "../1", "LinearFlow/1/..", "LinearFlow/1?x=1"]
)
def test_what_a_url_would_be_changed_by_is_no_part_of_a_pathspec(newest: Gate, pathspec: str) -> None:
    level = LEVELS[pathspec.count("/") + 1]
    assert errors_of(newest.answer(looked_up(level), pathspec=pathspec)) == [("INVALID_PATHSPEC", [level])]


def test_what_a_resume_cloned_side_by_side_stands_in_one_order_whatever_is_asked_of_it() -> None:
    """Each thread of the resume creates a step or task and then records its metadata: the threads overtake another."""
    with closing(Store()) as store, serving(store) as service, opened(service.url) as gate:
        run = add_run(store, "Flow", {"start": [True], "body": [True, True], "end": [True]}, START)
        rows = store.rows("SELECT task_key FROM tasks WHERE step_name IN ('start', 'body') ORDER BY task_key")
        for late, row in enumerate(reversed(rows)):
            store.rows("UPDATE metadata SET ts_epoch = ? WHERE task_key = ?", START + 4_000 + late, row["task_key"])
            event = {"field_name": "origin-task-id", "value": "1", "type": "origin-task-id", "tags": "[]"}
            store.insert("metadata", task_key=row["task_key"], ts_epoch=START + 4_000 + late, **event)
        query = """query ($run: String!) { run(pathspec: $run) {
            steps { name CREATED tasks { nodes { taskId CREATED } } } } }"""
        told, with_times = (gate.data(query.replace("CREATED", created), run=run) for created in ("", "createdAt"))
        assert [step["name"] for step in told["run"]["steps"]] == ["end", "body", "start"]
        assert _names(with_times) == _names(told)


def _names(told: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(step["name"], [task["taskId"] for task in step["tasks"]["nodes"]]) for step in told["run"]["steps"]]


def test_names_are_sent_as_they_are() -> None:
    names = ("a b", "ä", "a#b", "a&b=c", "a%2Fb", "a+b", "a;b", "%2E%2E", "a:b@c")
    with closing(Store()) as store, serving(store) as service, opened(service.url) as gate:
        run = add_run(store, "Flöw #1", {name: [True] for name in names}, 1_795_000_000_000, artifacts=names)
        data = gate.data(ALL, run=run)["run"]
        assert {step["name"] for step in data["steps"]} == set(names)
        artifacts = [task["artifacts"] for step in data["steps"] for task in step["tasks"]["nodes"]]
        assert [{artifact["name"] for artifact in of_task} for of_task in artifacts] == [set(names)] * len(names)
        for step in data["steps"]:
            one = {"pathspec": step["pathspec"]}
            assert (
                gate.data("query ($of: String!) { step(pathspec: $of) { pathspec } }", of=step["pathspec"])["step"]
                == one
            )
            of_task = step["tasks"]["nodes"][0]["pathspec"] + "/a#b"
            assert gate.data(ONE, artifact=of_task, attempt=0)["artifact"]["pathspec"] == of_task


def test_what_has_impossible_names_is_left_out() -> None:
    with closing(Store()) as store, serving(store) as service, opened(service.url) as gate:
        run = add_run(
            store, "Flow", {"start": [True], "a/b": [True], "..": [True]}, START, artifacts=("x", "a/b", "..")
        )
        for flow, name in (("Flow", "a/b"), ("Flow", ".."), ("Flow", ""), ("a/b", "c"), ("..", "c"), ("", "c")):
            store.rows("INSERT OR IGNORE INTO flows VALUES (?, ?)", flow, START)
            store.insert("runs", flow_id=flow, run_id=name, ts_epoch=START, tags="[]", system_tags="[]")
        assert gate.data("{ runs { nodes { pathspec } } flows { nodes { name } } }") == {
            "runs": {"nodes": [{"pathspec": run}]},
            "flows": {"nodes": [{"name": "Flow"}]},
        }
        query = """query ($run: String!) { run(pathspec: $run) {
            steps { name CREATED tasks { nodes { CREATED artifacts { name } } } } } }"""
        for asked in (query.replace("CREATED", ""), query.replace("CREATED", "createdAt")):
            (step,) = gate.data(asked, run=run)["run"]["steps"]
            assert (step["name"], step["tasks"]["nodes"][0]["artifacts"]) == ("start", [{"name": "x"}])


def test_objects_are_created_when_their_own_records_say(store: Store, gate: Gate) -> None:
    query = """{ run(pathspec: "ForeachFlow/3") { steps { name createdAt tasks { nodes { taskId createdAt } } } } }"""
    more = query.replace("taskId", "taskId status").replace("name", "name status")
    told = {row["step_name"]: row["ts_epoch"] for row in of_run(store, "step_view", "ForeachFlow/3")}
    of_tasks = {str(row["task_id"]): row["ts_epoch"] for row in of_run(store, "task_view", "ForeachFlow/3")}
    for asked in (query, more):
        steps = gate.data(asked)["run"]["steps"]
        assert {step["name"]: ms(step["createdAt"]) for step in steps} == {
            name: at for name, at in told.items() if name != "_parameters"
        }
        tasks = [task for step in steps for task in step["tasks"]["nodes"]]
        assert [ms(task["createdAt"]) for task in tasks] == [of_tasks[task["taskId"]] for task in tasks]


def ms(text: str) -> int:
    return ts_epoch(text)


STATUS = "query ($run: String!) { run(pathspec: $run) { status } }"
SILENT = {"start": [True], "end": [None]}


@pytest.mark.parametrize(
    ("started", "beat", "inactive_after", "status"),
    [
        pytest.param(20, 0.1, 86_400, "RUNNING", id="it sends heartbeats"),
        pytest.param(20, 5, 86_400, "RUNNING", id="it missed some"),
        pytest.param(20, 10, 86_400, "FAILED", id="it sends none any more"),
        pytest.param(20, None, 86_400, "RUNNING", id="it never sent any"),
        pytest.param(20, None, 600, "FAILED", id="it never sent any, and said nothing for long"),
        pytest.param(20, 20, 86_400, "RUNNING", id="only its beginning counts as one"),
        pytest.param(20, -600, 86_400, "FAILED", id="one from the future tells nothing"),
    ],
)
def test_a_run_that_says_nothing_has_failed_after_a_while(
    started: float, beat: float | None, inactive_after: float, status: str
) -> None:
    with closing(Store()) as store, serving(store) as service:
        heartbeat = None if beat is None else now() - int(beat * MINUTE)
        run = add_run(store, "Silent", SILENT, now() - int(started * MINUTE), heartbeat=heartbeat)
        with opened(service.url, inactive_after=inactive_after) as gate:
            assert gate.data(STATUS, run=run) == {"run": {"status": status}}


def test_a_run_that_the_service_believes_to_run_may_have_failed() -> None:
    with closing(Store()) as store, serving(store) as service, opened(service.url) as gate:
        run = add_run(store, "Flow", {"start": [True], "body": [True, False]}, now() - 90_000, heartbeat=now())
        (row,) = store.rows("SELECT status FROM state_view")
        listed = gate.data("{ runs { nodes { pathspec status } } }")["runs"]["nodes"]
        assert (row["status"], listed) == ("running", [{"pathspec": run, "status": "FAILED"}])
