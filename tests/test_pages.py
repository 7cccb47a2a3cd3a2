"""Pages of every list: each object exactly once, in one order, whatever happens between two pages."""

import base64
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Limiting
from gateways import Gateway
from in_process import errors_of, opened
from local_trees import EPOCH_MS, put_object, put_run, put_runs
from metaflow_graphql.server import limits
from running import FLOWS, RunOf, Runs

# The list, below which fields it stands, and what tells its objects apart.
LISTS = {
    "flows": ("flows({})", (), "name"),
    "runs": ("runs({})", (), "pathspec"),
    "runs of a flow": ("runs({})", ('flow(name: "LinearFlow")',), "pathspec"),
    "runs of a status": ("runs(filter: {statuses: [FAILED, RUNNING]}, {})", (), "pathspec"),
    "runs in a namespace": ('runs(namespace: "nightly", {})', (), "pathspec"),
    "tasks of a run": ("tasks({})", ('run(pathspec: "NESTED")',), "pathspec"),
    "tasks of a status": ("tasks(filter: {statuses: SUCCEEDED}, {})", ('run(pathspec: "NESTED")',), "pathspec"),
    "tasks of a step": ("tasks({})", ('step(pathspec: "NESTED/inner")',), "pathspec"),
    "artifacts of a run": ("artifacts({})", ('run(pathspec: "NESTED")',), "pathspec"),
    "artifacts of names": ('artifacts(names: ["_task_ok", "pair"], {})', ('run(pathspec: "NESTED")',), "pathspec"),
    "parents": ("parentTasks({})", ('step(pathspec: "NESTED/join_inner")', "task"), "pathspec"),
    "children": ("childTasks({})", ('step(pathspec: "NESTED/outer")', "task"), "pathspec"),
}


class List:
    """A list of the gateway's, by the text of its query."""

    def __init__(self, gateway: Gateway, field: str, around: tuple[str, ...], tells: str) -> None:
        self.gateway, self.field, self.around, self.tells = gateway, field, around, tells
        self.path = [text.partition("(")[0] for text in (*around, field)]

    def answer(self, arguments: str, **variables: Any) -> dict[str, Any]:
        declared = ", ".join(f"${name}: String" for name in variables)
        query = self.field.replace("{}", arguments).replace("()", "").replace(", )", ")")
        query += f" {{ edges {{ cursor node {{ {self.tells} }} }} nodes {{ {self.tells} }} totalCount"
        query += " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"
        for text in reversed(self.around):
            query = f"{text} {{ {query} }}"
        query = f"query{f'({declared})' if declared else ''} {{ {query} }}"
        return self.gateway.answer(query, variables=variables)

    def page(self, arguments: str, **variables: Any) -> dict[str, Any]:
        answer = self.answer(arguments, **variables)
        assert "errors" not in answer, answer
        found = answer["data"]
        for name in self.path:
            found = found[name]
        assert found["nodes"] == [edge["node"] for edge in found["edges"]]
        cursors = [edge["cursor"] for edge in found["edges"]]
        ends = (found["pageInfo"]["startCursor"], found["pageInfo"]["endCursor"])
        assert ends == ((cursors[0], cursors[-1]) if cursors else (None, None))
        return found

    def names(self, page: dict[str, Any]) -> list[str]:
        return [node[self.tells] for node in page["nodes"]]

    def all(self) -> list[str]:
        return self.names(self.page("first: 500"))

    def forward(self, size: int) -> Iterator[list[str]]:
        after, more = None, True
        while more:
            page = self.page(f"first: {size}, after: $after", after=after)
            assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
            yield self.names(page)
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    def backward(self, size: int) -> Iterator[list[str]]:
        before, more = None, True
        while more:
            page = self.page(f"last: {size}, before: $before", before=before)
            assert page["pageInfo"]["hasNextPage"] == (before is not None)
            yield self.names(page)
            before, more = page["pageInfo"]["startCursor"], page["pageInfo"]["hasPreviousPage"]


@pytest.fixture(scope="module")
def old(runs: Runs) -> Generator[Gateway]:
    """A gateway for which no run is too old to be running."""
    with opened(runs.root, inactive_after=10**9) as gateway:
        yield gateway


@pytest.fixture(params=LISTS)
def listed(request: pytest.FixtureRequest, old: Gateway, runs: Runs) -> List:
    return lists(old, runs)[request.param]


def lists(gateway: Gateway, runs: Runs) -> dict[str, List]:
    nested = runs["nested_foreach"].pathspec
    return {
        name: List(gateway, field, tuple(text.replace("NESTED", nested) for text in around), tells)
        for name, (field, around, tells) in LISTS.items()
    }


@pytest.mark.parametrize("size", [1, 2, 7, 500])
def test_pages_forward_and_backward_make_up_the_list(listed: List, size: int) -> None:
    whole = listed.all()
    pages = list(listed.forward(size))
    assert [name for page in pages for name in page] == whole
    assert [name for page in reversed(list(listed.backward(size))) for name in page] == whole
    assert {len(page) for page in pages[:-1]} <= {size}
    assert len(set(whole)) == len(whole) > 1


def test_the_total_is_of_the_whole_list(listed: List) -> None:
    totals = {listed.page(arguments)["totalCount"] for arguments in ("first: 500", "first: 0", "last: 1")}
    # Which runs have a status is not known without reading all.
    assert totals == {None if "statuses: [" in listed.field else len(listed.all())}


def test_a_page_of_none_has_no_cursors_and_tells_of_more(listed: List) -> None:
    none: dict[str, Any] = {"edges": [], "nodes": []}
    ends = {"startCursor": None, "endCursor": None}
    forward, backward = listed.page("first: 0"), listed.page("last: 0")
    assert forward | none == forward
    assert forward["pageInfo"] == ends | {"hasNextPage": True, "hasPreviousPage": False}
    assert backward["pageInfo"] == ends | {"hasNextPage": False, "hasPreviousPage": True}


def test_null_is_as_if_left_out(listed: List) -> None:
    assert listed.page("first: null, after: null, last: null, before: null") == listed.page("")
    assert listed.page("first: null, last: 2") == listed.page("last: 2")


def test_both_cursors_hold_together(listed: List) -> None:
    edges = listed.page("first: 500")["edges"]
    bounds = {"after": edges[0]["cursor"], "before": edges[-1]["cursor"]}
    between = listed.all()[1:-1]
    assert listed.names(listed.page("first: 500, after: $after, before: $before", **bounds)) == between
    assert listed.names(listed.page("last: 500, after: $after, before: $before", **bounds)) == between
    turned = {"after": bounds["before"], "before": bounds["after"]}
    assert listed.names(listed.page("first: 500, after: $after, before: $before", **turned)) == []


WRONG = {
    "first: -1": "BAD_USER_INPUT",
    "last: -1": "BAD_USER_INPUT",
    "first: -2147483648": "BAD_USER_INPUT",
    "first: 1, last: 1": "BAD_USER_INPUT",
    "first: 0, last: 0": "BAD_USER_INPUT",
    "first: 501": "LIMIT_EXCEEDED",
    "last: 501": "LIMIT_EXCEEDED",
    "first: 2147483647": "LIMIT_EXCEEDED",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_a_size_that_makes_no_sense_costs_the_list_alone(listed: List, arguments: str) -> None:
    assert errors_of(listed.answer(arguments)) == [(WRONG[arguments], listed.path)]


Json = str | float | bool | list[Any] | dict[str, Any] | None


def encoded(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


OTHER_PLACES: list[Json] = [
    None,
    1,
    "a",
    [],
    {},
    [None],
    [[]],
    [1, 2, 3, 4],
    ["a", "b", "c"],
    [1.5, "a", "b"],
    [True, "a"],
]
GARBLED = (
    *("", " ", "x", "====", "a b", "ä", "\x00", "🎉", "null", "eyJh", "x" * 100_000, encoded([1]) + "!"),
    *map(encoded, OTHER_PLACES),
)


@pytest.mark.parametrize("argument", ["first: 2, after: $cursor", "last: 2, before: $cursor"])
def test_a_garbled_cursor_is_bad_input(listed: List, argument: str) -> None:
    for cursor in GARBLED:
        assert errors_of(listed.answer(argument, cursor=cursor)) == [("BAD_USER_INPUT", listed.path)], cursor[:80]


def test_a_cursor_of_another_kind_of_list_is_bad_input(old: Gateway, runs: Runs) -> None:
    of = lists(old, runs)
    cursors = {name: of[name].page("first: 1")["edges"][0]["cursor"] for name in ("runs", "artifacts of a run")}
    cursors["tasks"] = of["tasks of a run"].page("last: 1")["edges"][0]["cursor"]
    expected = [("BAD_USER_INPUT", ["runs"])]
    assert errors_of(of["runs"].answer("after: $cursor", cursor=cursors["artifacts of a run"])) == expected
    assert errors_of(of["runs"].answer("after: $cursor", cursor=cursors["tasks"])) == expected
    for name in ("tasks of a run", "artifacts of a run", "parents", "children"):
        for cursor in (cursors["runs"], encoded(["F/1/a/1"]), encoded(["F/1/a/1", "x"])):
            assert errors_of(of[name].answer("after: $c", c=cursor)) == [("BAD_USER_INPUT", of[name].path)]


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
places = st.recursive(plain, lambda inner: st.lists(inner, max_size=4), max_leaves=8)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"])) | places.map(encoded))
def test_any_text_for_a_cursor_is_a_place_or_bad_input(listed: List, cursor: str) -> None:
    for arguments in ("first: 1, after: $cursor", "last: 1, before: $cursor"):
        assert errors_of(listed.answer(arguments, cursor=cursor)) in ([], [("BAD_USER_INPUT", listed.path)])


def test_a_list_of_many_comes_in_pages_of_fifty(tmp_path: Path) -> None:
    newest_first = put_runs(tmp_path, 501)
    with opened(tmp_path) as gateway:
        runs = List(gateway, "runs({})", (), "runId")
        page = runs.page("")
        assert runs.names(page) == newest_first[:50]
        assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (501, True)
        assert runs.names(runs.page("first: 500")) == newest_first[:500]
        assert [name for some in runs.forward(200) for name in some] == newest_first
        tasks = [f"Made/{newest_first[0]}/start/{number}" for number in range(60)]
        for pathspec in (f"Made/{newest_first[0]}/start", *tasks):
            put_object(tmp_path, pathspec, EPOCH_MS)
        of_step = List(gateway, "tasks({})", (f'step(pathspec: "Made/{newest_first[0]}/start")',), "pathspec")
        assert of_step.names(of_step.page("")) == tasks[:9:-1]


# While runs arrive and tags change.


@pytest.fixture
def linear(runs: Runs, tmp_path: Path) -> Generator[tuple[Runs, List]]:
    copied = runs.copy(tmp_path, "LinearFlow")
    with opened(tmp_path) as gateway:
        yield copied, List(gateway, "runs({})", (), "runId")


def arrive(runs: Runs, run_id: str) -> str:
    of_flow = runs.datastore / "LinearFlow"
    shutil.copytree(of_flow / runs["linear"].run_id, of_flow / run_id)
    return run_id


@pytest.mark.parametrize("backward", [False, True])
def test_runs_that_arrive_do_not_move_the_pages(linear: tuple[Runs, List], backward: bool) -> None:
    runs, listed = linear
    newest, *_, oldest = listed.all()
    before = listed.all()
    pages = listed.backward(1) if backward else listed.forward(1)
    walked = next(pages)
    newer, older = arrive(runs, str(int(newest) + 10**6)), arrive(runs, str(int(oldest) - 10**6))
    for page in pages:
        walked = page + walked if backward else walked + page
    # Those on the way are met, those behind are not.
    assert walked == ([newer, *before] if backward else [*before, older])
    assert listed.all() == [newer, *before, older]


def tag(gateway: Gateway, pathspec: str, name: str) -> None:
    query = "mutation($run: String!, $tags: [String!]!) { addTags(pathspec: $run, tags: $tags) { run { id } } }"
    gateway.data(query, run=pathspec, tags=[name])


def tag_by_metaflow(runs: Runs, run: RunOf, name: str) -> None:
    command = [sys.executable, str(FLOWS / "linear.py"), "--no-pylint", "--quiet", "tag", "add", "--run-id", run.run_id]
    # A namespace that all are in, whoever their user is.
    subprocess.run(
        [*command, "--namespace", "runtime:dev", name],
        env=runs.environment(),
        cwd=runs.root,
        check=True,
        capture_output=True,
    )


def test_tags_that_the_gateway_changes_move_no_run(linear: tuple[Runs, List]) -> None:
    runs, listed = linear
    before, pages = listed.all(), listed.forward(2)
    walked = next(pages)
    for run in runs:
        tag(listed.gateway, run.pathspec, "moved?")
    assert walked + [run for page in pages for run in page] == before == listed.all()


TIMES = (
    "query($run: String!) { run(pathspec: $run) { createdAt startedAt user userTags parent { latestRun { runId } } } }"
)


def test_tags_that_metaflow_changes_move_no_run(linear: tuple[Runs, List]) -> None:
    runs, listed = linear
    before, pages = listed.all(), listed.forward(2)
    oldest = next(run for run in runs if run.run_id == before[-1])
    times = listed.gateway.data(TIMES, run=oldest.pathspec)["run"]
    walked = next(pages)
    tag_by_metaflow(runs, oldest, "by-metaflow")
    assert walked + [run for page in pages for run in page] == before == listed.all()
    tagged = listed.gateway.data(TIMES, run=oldest.pathspec)["run"]
    assert tagged["createdAt"] > times["createdAt"]
    unmoved = {**times, "createdAt": tagged["createdAt"], "userTags": sorted([*times["userTags"], "by-metaflow"])}
    assert tagged == unmoved
    assert tagged["parent"] == {"latestRun": {"runId": before[0]}}


def test_a_run_of_an_orchestrator_is_not_moved_by_metaflows_tags_either(tmp_path: Path) -> None:
    for number, run_id in enumerate(("argo-c", "argo-a", "argo-b")):
        put_run(tmp_path, run_id, EPOCH_MS + 1000 * number)
        put_object(tmp_path, f"Made/{run_id}/_parameters", EPOCH_MS + 1000 * number + 5)
    with opened(tmp_path) as gateway:
        listed = List(gateway, "runs({})", (), "runId")
        pages = listed.forward(1)
        walked = next(pages)
        put_run(tmp_path, "argo-c", EPOCH_MS + 10**9, tags=("tagged",))
        assert walked + [run for page in pages for run in page] == ["argo-b", "argo-a", "argo-c"]


def test_a_cursor_of_a_run_that_is_gone_keeps_its_place(linear: tuple[Runs, List]) -> None:
    runs, listed = linear
    first, second, third, *_ = listed.all()
    cursor = listed.page("first: 2")["pageInfo"]["endCursor"]
    shutil.rmtree(runs.datastore / "LinearFlow" / second)
    assert listed.names(listed.page("first: 1, after: $after", after=cursor)) == [third]
    assert listed.names(listed.page("last: 1, before: $before", before=cursor)) == [first]


# Filters.

EVERY_RUN = """{ runs(first: 500) { nodes {
  pathspec runId createdAt status user tags userTags systemTags parent { name }
} } }"""
Found = dict[str, Any]
# Of each: the filter, where `middle` is a run to look for; and which runs pass it.
RUN_FILTERS: dict[str, tuple[Callable[[Found], Found], Callable[[Found, Found], bool]]] = {
    "none": (lambda middle: {}, lambda run, middle: True),
    "nulls": (
        lambda middle: dict.fromkeys(
            ("flows", "tags", "anyTags", "statuses", "users", "runIdPrefix", "createdAfter", "createdBefore")
        ),
        lambda run, middle: True,
    ),
    "flows": (
        lambda middle: {"flows": ["LinearFlow", "CatchFlow"]},
        lambda run, middle: flow_of(run) in ("LinearFlow", "CatchFlow"),
    ),
    "one flow": (lambda middle: {"flows": "LinearFlow"}, lambda run, middle: flow_of(run) == "LinearFlow"),
    "flow that is not": (lambda middle: {"flows": ["No", "LoopFlow"]}, lambda run, middle: flow_of(run) == "LoopFlow"),
    "no flow": (lambda middle: {"flows": []}, lambda run, middle: False),
    "tags": (
        lambda middle: {"tags": ["nightly", "user:alice"]},
        lambda run, middle: {"nightly", "user:alice"} <= set(run["tags"]),
    ),
    "no tag": (lambda middle: {"tags": []}, lambda run, middle: True),
    "any tags": (
        lambda middle: {"anyTags": ["ä🎉", "user:alice"]},
        lambda run, middle: not {"ä🎉", "user:alice"}.isdisjoint(run["tags"]),
    ),
    "any of no tags": (lambda middle: {"anyTags": []}, lambda run, middle: False),
    "tags are no patterns": (lambda middle: {"tags": ["night*"]}, lambda run, middle: False),
    "status": (lambda middle: {"statuses": "FAILED"}, lambda run, middle: run["status"] == "FAILED"),
    "statuses": (
        lambda middle: {"statuses": ["SUCCEEDED", "RUNNING"]},
        lambda run, middle: run["status"] in ("SUCCEEDED", "RUNNING"),
    ),
    "no status": (lambda middle: {"statuses": []}, lambda run, middle: False),
    "users": (lambda middle: {"users": ["alice", "nobody"]}, lambda run, middle: run["user"] == "alice"),
    "no user": (lambda middle: {"users": []}, lambda run, middle: False),
    "id": (lambda middle: {"runIdPrefix": middle["runId"]}, lambda run, middle: run == middle),
    "prefix": (
        lambda middle: {"runIdPrefix": middle["runId"][:9]},
        lambda run, middle: run["runId"].startswith(middle["runId"][:9]),
    ),
    "no prefix": (lambda middle: {"runIdPrefix": ""}, lambda run, middle: True),
    "prefix of none": (lambda middle: {"runIdPrefix": "../"}, lambda run, middle: False),
    "after": (
        lambda middle: {"createdAfter": middle["createdAt"]},
        lambda run, middle: run["createdAt"] >= middle["createdAt"],
    ),
    "before": (
        lambda middle: {"createdBefore": middle["createdAt"]},
        lambda run, middle: run["createdAt"] < middle["createdAt"],
    ),
    "after and before": (
        lambda middle: {"createdAfter": middle["createdAt"], "createdBefore": middle["createdAt"]},
        lambda run, middle: False,
    ),
    "all together": (
        lambda middle: (
            {"flows": ["LinearFlow"], "tags": ["nightly"], "anyTags": ["user:alice", "x"], "statuses": ["SUCCEEDED"]}
            | {"users": ["alice"], "runIdPrefix": "1", "createdAfter": "2001-01-01T00:00:00Z"}
        ),
        lambda run, middle: run["user"] == "alice",
    ),
}
FILTERED_RUNS = "query($filter: RunFilter) { runs(filter: $filter, first: 500) { totalCount nodes { pathspec } } }"


def flow_of(run: Found) -> str:
    return run["pathspec"].partition("/")[0]


@pytest.mark.parametrize("name", RUN_FILTERS)
def test_all_conditions_of_a_filter_of_runs_hold(old: Gateway, name: str) -> None:
    every = old.data(EVERY_RUN)["runs"]["nodes"]
    middle = every[len(every) // 2]
    filter, passes = RUN_FILTERS[name]
    expected = [run["pathspec"] for run in every if passes(run, middle)]
    found = old.data(FILTERED_RUNS, filter=filter(middle))["runs"]
    assert [run["pathspec"] for run in found["nodes"]] == expected
    assert found["totalCount"] == (None if filter(middle).get("statuses") is not None else len(expected))


def test_a_flows_runs_pass_its_own_filter_too(old: Gateway, runs: Runs) -> None:
    query = """query($filter: RunFilter) {
      flow(name: "LinearFlow") { runs(filter: $filter) { totalCount nodes { pathspec } } }
    }"""
    alices = [{"pathspec": runs["linear_of_alice"].pathspec}]
    page = {"totalCount": 1, "nodes": alices}
    assert old.data(query, filter={"users": ["alice"]}) == {"flow": {"runs": page}}
    assert old.data(query, filter={"flows": ["LinearFlow"], "users": ["alice"]}) == {"flow": {"runs": page}}
    none: Found = {"totalCount": 0, "nodes": []}
    assert old.data(query, filter={"flows": ["CatchFlow"], "users": ["alice"]}) == {"flow": {"runs": none}}


WRONG_TIMES = (
    *("2026-11-23", "08:14", "yesterday", "", "1795421664120", "2026-11-23T08:14:24", "0000-01-01T00:00:00Z"),
    *("20261123T081424+0000", "2026-W48-1T08:14:24Z", "2026-11-23T08:14:24,5Z", "2026-11-23T08:14Z"),
    *("٢026-11-23T08:14:24Z", "9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z", "2026-11-23T25:00:00Z"),
    *("2026-11-23T08:14:24Z\n", " 2026-11-23T08:14:24Z"),
)


@pytest.mark.parametrize("time", WRONG_TIMES)
def test_a_time_that_is_none_is_bad_input(old: Gateway, time: str) -> None:
    assert errors_of(old.answer(FILTERED_RUNS, variables={"filter": {"createdAfter": time}})) == [
        ("BAD_USER_INPUT", [])
    ]


def test_times_are_compared_in_any_time_zone_and_to_the_millisecond(tmp_path: Path) -> None:
    put_run(tmp_path, "1", EPOCH_MS)
    count = "query($filter: RunFilter) { runs(filter: $filter) { totalCount } }"
    # EPOCH_MS is 2026-11-18T11:06:40Z.
    expected = {"12:06:40+01:00": 1, "05:06:40.000-06:00": 1, "11:06:40.0005Z": 0, "11:06:40.001Z": 0, "11:06:40z": 1}
    with opened(tmp_path) as gateway:
        found = {
            time: gateway.data(count, filter={"createdAfter": f"2026-11-18T{time}"})["runs"]["totalCount"]
            for time in expected
        }
    assert found == expected


NESTED_TASKS = "nodes { pathspec status createdAt parent { name } }"
TASK_FILTERS: dict[str, tuple[Callable[[Found], Found], Callable[[Found, Found], bool]]] = {
    "none": (lambda middle: {}, lambda task, middle: True),
    "nulls": (lambda middle: dict.fromkeys(("statuses", "steps", "createdAfter")), lambda task, middle: True),
    "steps": (
        lambda middle: {"steps": ["inner", "end"]},
        lambda task, middle: task["parent"]["name"] in ("inner", "end"),
    ),
    "no step": (lambda middle: {"steps": []}, lambda task, middle: False),
    "parameters are left out": (lambda middle: {"steps": "_parameters"}, lambda task, middle: False),
    "status": (lambda middle: {"statuses": "SUCCEEDED"}, lambda task, middle: True),
    "other statuses": (lambda middle: {"statuses": ["FAILED", "PENDING"]}, lambda task, middle: False),
    "no status": (lambda middle: {"statuses": []}, lambda task, middle: False),
    "after": (
        lambda middle: {"createdAfter": middle["createdAt"]},
        lambda task, middle: task["createdAt"] >= middle["createdAt"],
    ),
    "all together": (
        lambda middle: {"steps": "inner", "statuses": "SUCCEEDED", "createdAfter": middle["createdAt"]},
        lambda task, middle: task["parent"]["name"] == "inner" and task["createdAt"] >= middle["createdAt"],
    ),
}


@pytest.mark.parametrize("name", TASK_FILTERS)
def test_all_conditions_of_a_filter_of_tasks_hold(old: Gateway, runs: Runs, name: str) -> None:
    run = runs["nested_foreach"].pathspec
    every = old.data(f'{{ run(pathspec: "{run}") {{ tasks {{ {NESTED_TASKS} }} }} }}')["run"]["tasks"]["nodes"]
    filter, passes = TASK_FILTERS[name]
    expected = [task for task in every if passes(task, every[5])]
    query = f"""query($run: String!, $filter: TaskFilter) {{
      run(pathspec: $run) {{ tasks(filter: $filter) {{ totalCount {NESTED_TASKS} }} }}
    }}"""
    assert old.data(query, run=run, filter=filter(every[5])) == {
        "run": {"tasks": {"totalCount": len(expected), "nodes": expected}}
    }


def test_a_steps_tasks_are_filtered_and_counted(old: Gateway, runs: Runs) -> None:
    failed = runs["failed"].pathspec
    query = f"""{{ step(pathspec: "{failed}/fails") {{
      all: tasks {{ totalCount nodes {{ taskId }} }}
      failed: tasks(filter: {{statuses: FAILED}}) {{ totalCount nodes {{ taskId }} }}
      other: tasks(filter: {{steps: "start"}}) {{ totalCount nodes {{ taskId }} }}
    }} }}"""
    assert old.data(query) == {
        "step": {
            "all": {"totalCount": 2, "nodes": [{"taskId": "3"}, {"taskId": "2"}]},
            "failed": {"totalCount": 1, "nodes": [{"taskId": "3"}]},
            "other": {"totalCount": 0, "nodes": []},
        }
    }


def test_a_page_goes_on_behind_a_task_that_the_filter_leaves_out(old: Gateway, runs: Runs) -> None:
    step = f"{runs['failed'].pathspec}/fails"
    cursor = old.data(f'{{ step(pathspec: "{step}") {{ tasks(first: 1) {{ pageInfo {{ endCursor }} }} }} }}')
    query = """query($step: String!, $after: String) {
      step(pathspec: $step) { tasks(filter: {statuses: SUCCEEDED}, after: $after) { nodes { taskId } } }
    }"""
    after = cursor["step"]["tasks"]["pageInfo"]["endCursor"]
    assert old.data(query, step=step, after=after) == {"step": {"tasks": {"nodes": [{"taskId": "2"}]}}}


# Other arguments of lists.


@pytest.mark.parametrize("text", ["foreach", "FOREACH", "Flow", "", "nothing", "*", "ä"])
def test_flows_are_found_by_a_part_of_their_name(old: Gateway, runs: Runs, text: str) -> None:
    query = "query($text: String) { flows(nameContains: $text, first: 500) { totalCount nodes { name } } }"
    found = old.data(query, text=text)["flows"]
    expected = sorted({run.flow for run in runs if text.lower() in run.flow.lower()})
    assert found == {"totalCount": len(expected), "nodes": [{"name": name} for name in expected]}


ARTIFACTS = """query($run: String!, $names: [String!], $steps: [String!]) { run(pathspec: $run) {
  artifacts(names: $names, steps: $steps) { totalCount nodes { pathspec } } artifactNames
} }"""


def test_the_artifacts_of_a_run_come_newest_task_first_and_by_name(old: Gateway, runs: Runs) -> None:
    run = runs["linear"].pathspec
    shown = {"end/3": "message name numbers x", "middle/2": "message name numbers x", "start/1": "message name x"}
    every = [f"{run}/{task}/{name}" for task, names in shown.items() for name in names.split()]

    def found(**arguments: Any) -> list[str]:
        page = old.data(ARTIFACTS, run=run, **arguments)["run"]["artifacts"]
        assert page["totalCount"] == len(page["nodes"])
        return [artifact["pathspec"] for artifact in page["nodes"]]

    assert found() == found(names=None, steps=None) == every
    assert found(steps=["start", "end"]) == [pathspec for pathspec in every if "/middle/" not in pathspec]
    assert found(names=["x", "_task_ok", "absent"], steps="start") == [f"{run}/start/1/_task_ok", f"{run}/start/1/x"]
    assert found(steps="_parameters") == found(names=[]) == found(steps=[]) == []
    names = old.data(ARTIFACTS, run=run)["run"]["artifactNames"]
    assert names == ["message", "name", "numbers", "x"]


def test_steps_and_tasks_come_newest_first_without_parameters_unless_they_are_named(old: Gateway, runs: Runs) -> None:
    query = """query($run: String!) { run(pathspec: $run) {
      steps { name } tasks { nodes { taskId } } step(name: "_parameters") { name tasks { nodes { taskId } } }
      fans: step(name: "inner") {
        task { taskId } one: task(taskId: "ID") { taskId } none: task(taskId: "no") { taskId }
      }
    } }"""
    run = runs["nested_foreach"].pathspec
    listed = old.data(f'{{ step(pathspec: "{run}/inner") {{ tasks {{ nodes {{ taskId }} }} }} }}')["step"]["tasks"][
        "nodes"
    ]
    found = old.data(query.replace("ID", listed[-1]["taskId"]), run=run)["run"]
    names = ["end", "join_outer", "join_inner", "inner", "outer", "start"]
    assert [step["name"] for step in found["steps"]] == names
    assert found["step"] == {"name": "_parameters", "tasks": {"nodes": [{"taskId": "0"}]}}
    assert found["fans"] == {"task": listed[0], "one": listed[-1], "none": None}
    assert [int(task["taskId"]) for task in found["tasks"]["nodes"]] == list(range(11, 0, -1))


# What a filter offers while a person types.


def counted(runs: list[Found], name: str = "tags") -> Counter[str]:
    return Counter(tag for run in runs for tag in run[name])


def test_the_tags_in_use_are_counted_most_used_first(old: Gateway) -> None:
    every = old.data(EVERY_RUN)["runs"]["nodes"]
    counts, system = counted(every), counted(every, "systemTags")
    found = old.data("{ tags(first: 500) { tag isSystem runs } }")["tags"]
    assert {tag["tag"]: tag["runs"] for tag in found} == dict(counts)
    assert {tag["tag"] for tag in found if tag["isSystem"]} == set(system)
    assert [tag["runs"] for tag in found] == sorted(counts.values(), reverse=True)
    assert len(found) == len(counts) > 5


TAGS = {
    "": ["runtime:dev", "user:tester"],
    'flow: "LinearFlow", prefix: "NIGHT"': ["nightly"],
    'flow: "LinearFlow", contains: "PERIMENT:A b"': ["experiment:a b"],
    'flow: "LinearFlow", contains: "Ä"': ["ä🎉"],
    'flow: "LinearFlow", prefix: "i"': [],
    'flow: "LinearFlow", namespace: "user:alice", prefix: "user"': ["user:alice"],
    'flow: "CatchFlow", contains: "nightly"': [],
    'flow: "NoFlow"': [],
    'namespace: "user:nobody"': [],
    'prefix: "user:", contains: "lic"': ["user:alice"],
    "first: 0": [],
}


@pytest.mark.parametrize("arguments", TAGS)
def test_the_tags_in_use_are_those_that_are_asked_for(old: Gateway, arguments: str) -> None:
    given = f"({arguments or 'prefix: null, contains: null, flow: null'})"
    found = [tag["tag"] for tag in old.data(f"{{ tags{given} {{ tag }} }}")["tags"]]
    assert set(TAGS[arguments]) <= set(found) if not arguments else found == TAGS[arguments]


@pytest.mark.parametrize("first", [-1, 501])
def test_the_tags_in_use_come_in_lists_of_a_size_too(old: Gateway, first: int) -> None:
    code = "BAD_USER_INPUT" if first < 0 else "LIMIT_EXCEEDED"
    assert errors_of(old.answer(f"{{ tags(first: {first}) {{ tag }} }}")) == [(code, ["tags"])]


def test_the_tags_in_use_are_those_of_the_newest_thousand_runs_of_each_flow(tmp_path: Path) -> None:
    for number in range(1001):
        tags = ("oldest",) if number == 0 else ("second",) if number == 1 else ()
        put_run(tmp_path, str(EPOCH_MS * 1000 + number), tags=tags)
    put_run(tmp_path, "1", tags=("other flow's",), flow="Other")
    with opened(tmp_path) as gateway:
        found = gateway.data("{ tags { tag isSystem runs } }")["tags"]
    assert found == [
        {"tag": "runtime:dev", "isSystem": True, "runs": 1001},
        {"tag": "user:tester", "isSystem": True, "runs": 1001},
        {"tag": "other flow's", "isSystem": False, "runs": 1},
        {"tag": "second", "isSystem": False, "runs": 1},
    ]


def test_pages_of_pages_end_with_the_objects_that_an_answer_may_have(runs: Runs, limit: Limiting) -> None:
    limit(limits.ANSWER_OBJECTS, 300)
    tasks = "tasks(first: 5) { nodes { parent { "
    query = "{ runs { nodes { " + tasks * 3 + "name" + " } } }" * 3 + " } } }"
    with opened(runs.root) as gateway:
        answer = gateway.answer(query)
    assert answer["data"]["runs"]["nodes"][0]
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"LIMIT_EXCEEDED"}
    assert "answerObjects in serverInfo.limits" in answer["errors"][0]["message"]
