"""What questions cost a metadata service at its newest: how many requests, and in how many rounds."""

import asyncio
from collections.abc import Generator
from contextlib import closing
from typing import Any

import pytest

from conftest import Limiting
from in_process import errors_of
from metaflow_graphql.server import limits
from over_service import PROBE, add_run, asking, cost, data_of, opened, probes, requests, rounds_of
from service import Served, Store, fill, serving
from service.history import APART
from service.store import now
from upstreams import in_a_loop

START = 1_795_000_000_000
BUSY = "MadeFlow00"  # Every other run is its.
FLOWS = 57


@pytest.fixture(scope="module")
def served() -> Generator[Served]:
    with closing(Store()) as store:
        fill(store, flows=FLOWS, runs=460)
        with serving(store) as service:
            yield service


def states(served: Served, flow: str | None = None) -> list[tuple[str, str]]:
    """Pathspecs of runs and what the service says of them, newest first."""
    sql = "SELECT flow_id || '/' || run_number AS run, status FROM state_view"
    of_flow = "" if flow is None else f" WHERE flow_id = '{flow}'"
    return [(row["run"], row["status"]) for row in served.store.rows(f"{sql}{of_flow} ORDER BY ts_epoch DESC")]


def newest(served: Served, status: str) -> str:
    return next(run for run, told in states(served) if told == status)


def newest_of_flows(served: Served) -> dict[str, str]:
    """What the service says of the newest run of each flow."""
    found: dict[str, str] = {}
    for run, status in states(served):
        found.setdefault(run.split("/")[0], status)
    return found


NAMES = """query ($flow: String!, $runs: Int) { flow(name: $flow) { runs(first: $runs) { nodes { pathspec steps {
    name tasks { nodes { taskId artifacts { name } } } } } } } }"""
OBJECTS = """query ($flow: String!) { flow(name: $flow) { runs(first: 100) { nodes { pathspec createdAt steps {
    name createdAt tasks { nodes { taskId createdAt artifacts { name } } } } } } } }"""


def test_the_artifact_names_of_a_hundred_runs_cost_two_requests_a_run(served: Served) -> None:
    data, spent = cost(served, NAMES, flow=BUSY, runs=100)
    assert spent == {"flow": 1, "runs": 1, "run metadata": 100, "run artifacts": 100}
    assert sum(spent.values()) <= 250
    assert [run["pathspec"] for run in data["flow"]["runs"]["nodes"]] == [run for run, _ in states(served, BUSY)[:100]]


def test_three_runs_cost_as_much_each_as_a_hundred(served: Served) -> None:
    _, spent = cost(served, NAMES, flow=BUSY, runs=3)
    assert spent == {"flow": 1, "runs": 1, "run metadata": 3, "run artifacts": 3}


def test_with_whole_steps_and_tasks_each_step_costs_one_request_more(served: Served) -> None:
    _, spent = cost(served, OBJECTS, flow=BUSY)
    steps = sum({"completed": 4}.get(status, 2) for _, status in states(served, BUSY)[:100])
    assert spent == {"flow": 1, "runs": 1, "steps": 100, "tasks": steps, "run artifacts": 100}
    assert sum(spent.values()) <= 650


LATEST = "query ($flow: String!) { flow(name: $flow) { latestSuccessfulRun { pathspec } } }"


@pytest.mark.parametrize("status", ["completed", "failed", "running"])
def test_the_latest_successful_run_costs_two_requests_where_it_is_the_newest(served: Served, status: str) -> None:
    flow = next(flow for flow, told in newest_of_flows(served).items() if told == status)
    data, spent = cost(served, LATEST, flow=flow)
    expected = next(run for run, told in states(served, flow) if told == "completed")
    assert data == {"flow": {"latestSuccessfulRun": {"pathspec": expected}}}
    assert spent.pop("flow") == spent.pop("runs") == 1
    # Whether the last step of the newest is called `end`, as the service believes.
    assert spent == ({} if status == "completed" else {"run metadata": 1})


def test_a_long_row_of_failures_costs_one_request_more() -> None:
    with closing(Store()) as store:
        store.clock = lambda: now() - 100 * APART
        fill(store, flows=1, runs=10, failed=0, running=0)
        store.clock = now
        fill(store, flows=1, runs=60, failed=1, running=0)
        with serving(store) as service:
            data, spent = cost(service, LATEST, flow=BUSY)
            expected = next(run for run, told in states(service) if told == "completed")
    assert data == {"flow": {"latestSuccessfulRun": {"pathspec": expected}}}
    assert spent == {"flow": 1, "runs": 2, "run metadata": 1}


def test_the_latest_successful_run_of_each_flow_costs_one_request_each(served: Served) -> None:
    data, spent = cost(served, "{ flows(first: 100) { nodes { name latestSuccessfulRun { pathspec } } } }")
    unfinished = [flow for flow, status in newest_of_flows(served).items() if status != "completed"]
    assert spent == {"flows": 1, "runs": FLOWS, "run metadata": len(unfinished)}
    assert sum(spent.values()) <= 70 + len(unfinished)
    expected: dict[str, str] = {}
    for run, status in states(served):
        if status == "completed":
            expected.setdefault(run.split("/")[0], run)
    nodes = data["flows"]["nodes"]
    assert {flow["name"]: flow["latestSuccessfulRun"]["pathspec"] for flow in nodes} == expected


def test_the_newest_thirty_of_all_flows_cost_one_request_for_each_flow(served: Served) -> None:
    data, spent = cost(served, "{ runs(first: 30) { nodes { pathspec status } } }")
    shown = states(served)[:30]
    assert spent == {"flows": 1, "runs": FLOWS, "run metadata": sum(status != "completed" for _, status in shown)}
    said = {"completed": "SUCCEEDED", "failed": "FAILED", "running": "RUNNING"}
    assert data["runs"]["nodes"] == [{"pathspec": run, "status": said[status]} for run, status in shown]


PAGE = """query ($run: String!) { run(pathspec: $run) { pathspec status createdAt finishedAt tags steps {
    name status createdAt tasks { nodes { taskId status createdAt finishedAt attempt index
        metadata { name value } artifacts { name sha } } } } } }"""


@pytest.mark.parametrize("status", ["completed", "failed", "running"])
def test_the_page_of_a_run_costs_ten_requests_at_most(served: Served, status: str) -> None:
    run = newest(served, status)
    data, spent = cost(served, PAGE, run=run)
    tasks = [task for step in data["run"]["steps"] for task in step["tasks"]["nodes"]]
    assert (len(data["run"]["steps"]), len(tasks)) == ((4, 6) if status == "completed" else (2, 4))
    assert sum(spent.values()) <= 10, spent


@in_a_loop
@pytest.mark.parametrize("status", ["completed", "failed", "running"])
async def test_the_page_of_a_run_takes_three_rounds(status: str) -> None:
    with closing(Store()) as store:
        fill(store, flows=1, runs=20, running=2, failed=0.3)
        with serving(store) as service:
            rounds = await rounds_of(service, PAGE, run=newest(service, status))
    # The run, its metadata, and whatever else there is to ask.
    assert (len(rounds), rounds[:2], sum(rounds) <= 10) == (3, [1, 1], True), rounds


VALUE = "query ($artifact: String!) { artifact(pathspec: $artifact) { name data } }"


def test_a_value_costs_one_request_and_its_datastore(served: Served) -> None:
    run = newest(served, "completed")
    step = "SELECT task_id FROM task_view WHERE flow_id || '/' || run_number = ? AND step_name = 'end'"
    (task,) = served.store.rows(step, run)
    data, spent = cost(served, VALUE, artifact=f"{run}/end/{task['task_id']}/_task_ok")
    # That it is True is known by its hash.
    assert (data, sum(spent.values())) == ({"artifact": {"name": "_task_ok", "data": True}}, 1)


TASK = """query ($task: String!) { task(pathspec: $task) {
    status attempt attempts { status } createdAt finishedAt index metadata { name } artifacts { name } } }"""


def test_a_task_costs_its_own_routes(served: Served) -> None:
    run = newest(served, "completed")
    (task,) = served.store.rows(
        "SELECT task_id FROM task_view WHERE flow_id || '/' || run_number = ? AND step_name = 'join'", run
    )
    data, spent = cost(served, TASK, task=f"{run}/join/{task['task_id']}")
    assert (data["task"]["status"], len(data["task"]["artifacts"])) == ("SUCCEEDED", 4)
    assert spent == {"task": 1, "task metadata": 1, "task artifacts": 1}


@pytest.mark.parametrize(
    ("count", "expected"),
    [(2, {"task": 2, "task metadata": 2, "task artifacts": 2}), (3, {"run metadata": 1, "step artifacts": 1})],
)
def test_from_three_tasks_of_a_run_on_it_is_asked_for_as_a_whole(
    served: Served, count: int, expected: dict[str, int]
) -> None:
    run = newest(served, "completed")
    sql = "SELECT step_name || '/' || task_id AS task FROM task_view WHERE flow_id || '/' || run_number = ?"
    tasks = [f"{run}/{row['task']}" for row in served.store.rows(f"{sql} AND step_name = 'body'", run)]
    ids = [f"Task:default/{task}" for task in tasks[:count]]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Task { pathspec status artifacts { name } } } }"
    data, spent = cost(served, query, ids=ids)
    assert [(task["pathspec"], task["status"]) for task in data["nodes"]] == [
        (task, "SUCCEEDED") for task in tasks[:count]
    ]
    assert spent == expected


def test_what_is_asked_twice_in_an_operation_costs_nothing_more(served: Served) -> None:
    fields = NAMES[NAMES.index("flow(") : -1]
    _, once = cost(served, NAMES, flow=BUSY, runs=3)
    twice, spent = cost(served, f"query ($flow: String!, $runs: Int) {{ a: {fields} b: {fields} }}", flow=BUSY, runs=3)
    assert spent == once
    assert twice["a"] == twice["b"]


@in_a_loop
async def test_operations_at_the_same_time_share_equal_requests() -> None:
    with closing(Store()) as store:
        fill(store, flows=2, runs=8)
        with serving(store, delay=0.02) as service:
            async with asking(service.url) as gateway:
                first = await gateway.answer(NAMES, flow=BUSY, runs=3)
                once = requests(service)
                service.reset()
                both = await asyncio.gather(*(gateway.answer(NAMES, flow=BUSY, runs=3) for _ in range(2)))
                assert requests(service) == once
    assert [data_of(answer) for answer in both] == [data_of(first)] * 2


def test_a_further_page_costs_no_more_than_the_first(served: Served) -> None:
    query = """query ($after: String) { flow(name: "MadeFlow00") { runs(first: 20, after: $after) {
        nodes { pathspec } pageInfo { endCursor } } } }"""
    first, spent = cost(served, query)
    further, again = cost(served, query, after=first["flow"]["runs"]["pageInfo"]["endCursor"])
    assert spent == again == {"flow": 1, "runs": 1}
    assert pathspecs(first) + pathspecs(further) == [run for run, _ in states(served, BUSY)[:40]]


def pathspecs(data: dict[str, Any]) -> list[str]:
    return [run["pathspec"] for run in data["flow"]["runs"]["nodes"]]


WIDE = """query ($run: String!) { run(pathspec: $run) { status steps { name tasks(first: 500) {
    nodes { taskId status artifacts { name } } } } } }"""


def test_what_is_larger_than_a_page_is_told_whole() -> None:
    names = [f"x{number:03}" for number in range(120)]
    with closing(Store()) as store, serving(store) as service:
        steps = {"start": [True], "body": [True] * 4, "join": [True], "end": [True]}
        run = add_run(store, "Large", steps, START, rows_of_metadata=150, artifacts=names)
        found, spent = cost(service, WIDE, run=run)
        assert found["run"]["status"] == "SUCCEEDED"
        assert {step["name"]: len(step["tasks"]["nodes"]) for step in found["run"]["steps"]} == {
            name: len(outcomes) for name, outcomes in steps.items()
        }
        for task in (task for step in found["run"]["steps"] for task in step["tasks"]["nodes"]):
            assert (task["status"], task["artifacts"]) == ("SUCCEEDED", [{"name": name} for name in names])
        assert bounded(service)
        # A page of the run's artifacts tells that there are more; those of a foreach's step fit on one.
        assert (spent["run artifacts"], spent["step artifacts"], spent["task artifacts"]) == (1, 1, 3)


@pytest.mark.parametrize("end", ["first: 3", "last: 3"])
def test_a_page_of_the_artifacts_of_a_large_run_looks_at_a_few_of_its_tasks(end: str) -> None:
    names = [f"x{number:03}" for number in range(6)]
    query = f"""query ($run: String!, $names: [String!]) {{ run(pathspec: $run) {{
        artifacts(names: $names, {end}) {{ pageInfo {{ MORE }} nodes {{ pathspec }} }} }} }}"""
    more = "hasNextPage" if end.startswith("first") else "hasPreviousPage"
    with closing(Store()) as store, serving(store) as service:
        run = add_run(store, "Large", {"start": [True], "body": [True] * 400}, START, artifacts=names)
        found, spent = cost(service, query.replace("MORE", more), run=run, names=["x001"])
        page = found["run"]["artifacts"]
        rows = store.rows("SELECT task_id AS id, step_name AS step FROM task_view WHERE step_name != '_parameters'")
    listed = [f"{run}/{row['step']}/{row['id']}/x001" for row in sorted(rows, key=lambda row: -row["id"])]
    assert page["pageInfo"] == {more: True}
    assert [node["pathspec"] for node in page["nodes"]] == (listed[:3] if end == "first: 3" else listed[-3:])
    # The step's artifacts do not fit on a page: sixteen tasks are asked, of 401.
    assert spent["task artifacts"] == 16
    assert sum(spent.values()) <= 23


def test_calls_are_counted_by_method() -> None:
    with closing(Store()) as store, serving(store) as service, opened(service.url) as gate:
        run = add_run(store, "Flow", {"start": [True], "end": [True]}, START, artifacts=("x",))
        query = "query ($run: String!) { run(pathspec: $run) { pathspec steps { name } artifactNames } }"
        answer = gate.run(gate.asking.answer(query, run=run))
    assert answer["extensions"]["usage"]["calls"] == {
        "runs": 1,
        "steps_of": 1,
        "tasks_of": 1,
        "artifact_names_of": 1,
    }


def bounded(service: Served) -> bool:
    """Whether every list of a run's or step's metadata, artifacts and tasks was asked for by the page."""
    lists = [asked for asked in service.log if unlimited(asked.partition("?")[0]) and PROBE not in asked]
    return bool(lists) and all("_limit=" in asked for asked in lists)


def unlimited(path: str) -> bool:
    """Whether it has as many entries as a run has tasks."""
    words = path.split("/")
    return words[-1] in ("tasks", "metadata") or (words[-1] == "artifacts" and "tasks" not in words)


@pytest.fixture(scope="module")
def foreach() -> Generator[tuple[Store, str]]:
    """A run of more tasks than are asked for as a whole of a service that gives no pages."""
    with closing(Store()) as store:
        steps = {"start": [True], "body": [*[True] * 1_999, False]}
        yield store, add_run(store, "Wide", steps, START, artifacts=("x",))


@pytest.mark.parametrize("query", ["run(pathspec: $run) { status }", "run(pathspec: $run) { steps { name } }"])
def test_a_first_question_is_no_less_guarded(foreach: tuple[Store, str], query: str) -> None:
    store, run = foreach
    with serving(store, release="2.5.1") as service, opened(service.url) as gate:
        for _ in range(2):
            gate.answer(f"query ($run: String!) {{ {query} }}", run=run)
        assert "run metadata" not in requests(service)
        assert probes(service) == 1


def test_a_foreach_of_thousands_is_asked_for_page_by_page(foreach: tuple[Store, str]) -> None:
    store, run = foreach
    query = """query ($run: String!) { run(pathspec: $run) {
        status failedTask { taskId } taskCounts { total succeeded failed }
        step(name: "body") { tasks(first: 3) { nodes { status artifacts { name } } } } } }"""
    with serving(store) as service:
        found, spent = cost(service, query, run=run)
        (last,) = store.rows("SELECT max(task_id) AS id FROM task_view")
        names, statuses = [{"name": "x"}], ("FAILED", "SUCCEEDED", "SUCCEEDED")
        assert found["run"] == {
            "status": "FAILED",
            "failedTask": {"taskId": str(last["id"])},
            "taskCounts": {"total": 2_001, "succeeded": 2_000, "failed": 1},
            "step": {"tasks": {"nodes": [{"status": status, "artifacts": names} for status in statuses]}},
        }
        assert bounded(service)
        assert sum(spent.values()) < 30, spent


def test_what_takes_too_many_requests_is_an_error_where_it_is(foreach: tuple[Store, str], limit: Limiting) -> None:
    store, run = foreach
    limit(limits.UPSTREAM_REQUESTS, 60)
    query = """query ($run: String!) { run(pathspec: $run) { pathspec
        step(name: "body") { tasks(first: 100) { nodes { taskId artifacts { name } } } } } }"""
    with serving(store) as service, opened(service.url) as gate:
        answer = gate.answer(query, run=run)
        assert {code for code, _ in errors_of(answer)} == {"LIMIT_EXCEEDED"}
        assert all(path[:2] == ["run", "step"] for _, path in errors_of(answer))
        assert bounded(service)
        assert sum(requests(service).values()) <= 60


def test_a_list_that_never_ends_is_an_error(foreach: tuple[Store, str], monkeypatch: pytest.MonkeyPatch) -> None:
    store, run = foreach
    monkeypatch.setattr("metaflow_graphql.providers.service.routes._MOST_PAGES", 3)
    query = "query ($run: String!) { run(pathspec: $run) { pathspec steps { name tasks { nodes { createdAt } } } } }"
    with serving(store) as service, opened(service.url) as gate:
        answer = gate.answer(query, run=run)
        (error,) = errors_of(answer)
        assert (error[0], error[1][:2]) == ("LIMIT_EXCEEDED", ["run", "steps"])
        assert requests(service) == {"run": 1, "steps": 1, "tasks": 4}


@pytest.mark.parametrize("release", ["2.0.5", "2.5.1"])
def test_a_release_without_pages_is_not_asked_for_all_of_a_large_run(foreach: tuple[Store, str], release: str) -> None:
    store, run = foreach
    query = """query ($flow: String!) { flow(name: $flow) { runs { nodes { step(name: "body") {
        tasks(first: 3) { nodes { status artifacts { name } } } } } } } }"""
    with serving(store, release=release) as service:
        found, spent = cost(service, query, flow=run.split("/")[0])
        (listed,) = found["flow"]["runs"]["nodes"]
        names, statuses = [{"name": "x"}], ("FAILED", "SUCCEEDED", "SUCCEEDED")
        assert listed["step"]["tasks"]["nodes"] == [{"status": status, "artifacts": names} for status in statuses]
        assert {"run metadata", "run artifacts", "step artifacts"}.isdisjoint(spent)
