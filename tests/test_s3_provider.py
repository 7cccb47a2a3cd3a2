"""A datastore without metadata: what it tells, and the requests that it takes."""

import json
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest
from moto.backends import get_backend

import s3
from s3_trees import MICROSECONDS, PRE, errors_of, modified, numbered, put_attempt, put_bare_runs, put_done, put_run

RUNS = """query ($first: Int, $after: String, $last: Int, $before: String) {
    runs(first: $first, after: $after, last: $last, before: $before) {
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        nodes { pathspec }
    }
}"""


@pytest.fixture
def server() -> Generator[s3.Server]:
    with s3.serving() as server:
        yield server


def pathspecs(data: Any) -> list[str]:
    return [node["pathspec"] for node in data["runs"]["nodes"]]


def test_runs_whose_ids_tell_their_time_come_first_and_others_by_their_ids(server: s3.Server) -> None:
    put_bare_runs(server, ["9", "10", "argo-many-x2", "1795000000000001", "1795000000000002"])
    put_bare_runs(server, ["1795000000000001", "7"], "Other")
    query = "{ runs(first: 20) { nodes { pathspec createdAt startedAt } } }"
    found, requests = server.cost(query)
    told = "2026-11-18T11:06:40.000Z"
    assert [tuple(node.values()) for node in found["runs"]["nodes"]] == [
        ("Many/1795000000000002", told, told),
        ("Other/1795000000000001", told, told),
        ("Many/1795000000000001", told, told),
        *(
            (run, at, at)
            for run in ("Other/7", "Many/argo-many-x2", "Many/10", "Many/9")
            for at in [modified(server, f"{run}/_parameters/0/0.attempt.json")]
        ),
    ]
    assert requests == {"s3 ListObjectsV2": 1 + 2 + 4}


def test_pages_lead_through_all_runs_in_either_direction(server: s3.Server) -> None:
    put_bare_runs(server, ["9", "10", "argo-x", *numbered(4)])
    every = pathspecs(server.cost(RUNS, first=20)[0])
    provider = server.provider()
    for first, cursor in (("first", "after"), ("last", "before")):
        found, place = list[str](), None
        while True:
            page = server.cost(RUNS, provider, **{first: 2, cursor: place})[0]["runs"]
            nodes = [node["pathspec"] for node in page["nodes"]]
            found = found + nodes if first == "first" else nodes + found
            info = page["pageInfo"]
            if not info["hasNextPage" if first == "first" else "hasPreviousPage"]:
                break
            place = info["endCursor" if first == "first" else "startCursor"]
        assert found == every
        assert len(every) == 7


def test_a_flow_of_more_runs_than_a_listing_has_is_listed_once_in_some_seconds(server: s3.Server) -> None:
    ids = numbered(1100)
    put_bare_runs(server, ids)
    provider = server.provider()
    query = '{ flow(name: "Many") { createdAt runs(first: 100) { totalCount nodes { runId createdAt } } } }'
    found, requests = server.cost(query, provider)
    assert [node["runId"] for node in found["flow"]["runs"]["nodes"]] == ids[:-101:-1]
    assert (found["flow"]["runs"]["totalCount"], found["flow"]["createdAt"]) == (1100, "2026-11-18T11:06:40.000Z")
    # Whether there is such a flow, the first page of its folder tells.
    assert requests == {"s3 ListObjectsV2": 1 + 2}
    assert server.cost(query, provider) == (found, {"s3 ListObjectsV2": 1})


def test_a_step_of_more_tasks_than_a_listing_has_is_told_whole(server: s3.Server) -> None:
    for task in range(1, 1101):
        server.put(f"{PRE}/Made/1/work/{task}/0.attempt.json", b"{}")
    query = '{ step(pathspec: "Made/1/work") { tasks(first: 2) { totalCount nodes { taskId } } } }'
    found, requests = server.cost(query)
    assert found["step"]["tasks"] == {"totalCount": 1100, "nodes": [{"taskId": "1100"}, {"taskId": "1099"}]}
    assert requests == {"s3 ListObjectsV2": 1 + 2}


def test_of_what_only_metadata_know_nothing_is_told(server: s3.Server) -> None:
    run = put_run(server, f"Made/{MICROSECONDS}")
    of_all = "tags userTags systemTags originPathspec"
    query = f"""{{ run(pathspec: "{run}") {{
        {of_all} user trigger {{ id }} code {{ path }}
        step(name: "end") {{ {of_all} environmentInfo controlTasks {{ pathspec }} task {{
            {of_all} runtimeName code {{ path }} cards {{ hash }} metadata {{ name value attempt createdAt }}
        }} }}
    }} }}"""
    nothing: dict[str, Any] = {"tags": [], "userTags": [], "systemTags": [], "originPathspec": None}
    at = modified(server, f"{run}/end/2/0.DONE.lock")
    told = {"attempt": "0", "ds-type": "s3", "ds-root": s3.ROOT, "attempt-done": "0"}
    task = {
        **nothing,
        "runtimeName": None,
        "code": None,
        "cards": [],
        "metadata": [{"name": name, "value": told[name], "attempt": 0, "createdAt": at} for name in told],
    }
    step: dict[str, Any] = {**nothing, "environmentInfo": None, "controlTasks": [], "task": task}
    assert server.cost(query)[0] == {"run": {**nothing, "user": None, "trigger": None, "code": None, "step": step}}


def test_no_run_is_in_any_namespace(server: s3.Server) -> None:
    run = put_run(server, f"Made/{MICROSECONDS}")
    listed, requests = server.cost(
        '{ flows(namespace: "user:me") { totalCount } runs(namespace: "user:me") { totalCount nodes { pathspec } } }'
    )
    assert listed == {"flows": {"totalCount": 0}, "runs": {"totalCount": 0, "nodes": []}}
    assert requests == {}
    told = server.answer(
        f'{{ flow(name: "Made", namespace: "x") {{ name }} run(pathspec: "{run}", namespace: "x") {{ runId }} }}'
    )
    assert sorted((path, code) for path, _, code, _ in errors_of(told)) == [
        (["flow"], "NAMESPACE_MISMATCH"),
        (["run"], "NAMESPACE_MISMATCH"),
    ]


# a filter: the runs that pass
FILTERS = {
    '{tags: ["nightly"]}': [],
    '{anyTags: ["nightly"]}': [],
    '{users: ["me"]}': [],
    '{flows: ["Made"], runIdPrefix: "17"}': ["Made/1795000000000002", "Made/1795000000000001"],
    '{flows: ["Made", "data", "No-Flow", "Absent"], createdBefore: "2026-11-18T12:00:00Z"}': [
        "Made/1795000000000002",
        "Made/1795000000000001",
    ],
    '{flows: ["Made"], runIdPrefix: "5/_para"}': [],
    '{createdAfter: "2026-11-18T12:00:00Z"}': ["Made/5"],
    "{statuses: [SUCCEEDED]}": ["Made/1795000000000002"],
}


@pytest.fixture(scope="module")
def three_runs() -> Generator[s3.Server]:
    with s3.serving() as server:
        put_run(server, "Made/1795000000000002")
        put_bare_runs(server, ["1795000000000001", "5"], "Made")
        yield server


@pytest.mark.parametrize("given", FILTERS)
def test_runs_are_filtered_by_what_is_known_of_them(three_runs: s3.Server, given: str) -> None:
    found, _ = three_runs.cost(f"{{ runs(filter: {given}) {{ nodes {{ pathspec }} }} }}")
    assert pathspecs(found) == FILTERS[given]


def test_runs_are_counted_where_none_must_be_read_for_it(three_runs: s3.Server) -> None:
    count = '{ runs(filter: {createdBefore: "2026-11-18T12:00:00Z", runIdPrefix: "%s"}) { totalCount } }'
    assert three_runs.cost(count % "17")[0] == {"runs": {"totalCount": 2}}
    assert three_runs.cost(count % "")[0] == {"runs": {"totalCount": None}}


def test_what_is_none_of_metaflows_is_left_out(server: s3.Server) -> None:
    run = put_run(server, f"Made/{MICROSECONDS}", {"start": ["1"], "end": ["2"]})
    for key in (
        "README.md",
        "data/Made/aa",
        "mf.cards/Made/runs/1/x",
        "some-logs/2026/x",
        "Made/data/aa/aaaa",
        "Made/",
        "Made/notes.txt",
        "Made/notes/2026.txt",
        "Made/a*b/_parameters/0/0.attempt.json",
        f"{run}/notes.txt",
        f"{run}/",
        f"{run}/some-step/1/0.attempt.json",
        f"{run}/end/",
        f"{run}/end/notes.txt",
        f"{run}/end/a?b/0.attempt.json",
        f"{run}/end/2/",
        f"{run}/end/2/9.attempt.json",
        f"{run}/end/2/1",
        f"{run}/end/2/x.attempt.json",
        f"{run}/end/2/sub/1.attempt.json",
    ):
        server.put(f"{PRE}/{key}", b"")
    query = """{
        flows(first: 9) { nodes { name runs(first: 9) { nodes { runId steps {
            name tasks { nodes { taskId attempts { attempt } } }
        } } } } }
        run(pathspec: "Made/data") { runId } flow(name: "data") { name } step(pathspec: "Made/data/aa") { name }
        task(pathspec: "Made/1/end/1") { taskId }
    }"""
    (flow,) = server.cost(query)[0]["flows"]["nodes"]
    runs = [node for node in flow["runs"]["nodes"] if node["runId"] != "a*b"]
    assert (flow["name"], runs) == (
        "Made",
        [
            {
                "runId": str(MICROSECONDS),
                "steps": [
                    {"name": name, "tasks": {"nodes": [{"taskId": task, "attempts": [{"attempt": 0}]}]}}
                    for name, task in (("end", "2"), ("start", "1"))
                ],
            }
        ],
    )
    assert {name: found for name, found in server.cost(query)[0].items() if name != "flows"} == {
        "run": None,
        "flow": None,
        "step": None,
        "task": None,
    }


def test_an_empty_datastore_has_no_flows(server: s3.Server) -> None:
    assert server.cost('{ flows { totalCount } runs { totalCount } flow(name: "Made") { name } }')[0] == {
        "flows": {"totalCount": 0},
        "runs": {"totalCount": 0},
        "flow": None,
    }


def test_steps_between_the_ends_are_told_apart_by_the_numbers_of_their_tasks(server: s3.Server) -> None:
    run = put_run(
        server, f"Made/{MICROSECONDS}", {"start": ["1"], "b": ["2"], "a": ["10", "9"], "c": ["3"], "end": ["11"]}
    )
    found, requests = server.cost(f'{{ run(pathspec: "{run}") {{ steps {{ name }} }} }}')
    assert [step["name"] for step in found["run"]["steps"]] == ["end", "a", "c", "b", "start"]
    assert requests == {"s3 ListObjectsV2": 1 + 3}


def test_steps_whose_tasks_have_names_are_told_apart_by_when_they_were_stored(server: s3.Server) -> None:
    run = put_run(server, "Made/argo-made-x", {"start": ["t-f"]})
    for step, second in (("b", 1), ("a", 3), ("c", 2)):
        put_done(server, f"{run}/{step}/t-1")
        _age(f"{PRE}/{run}/{step}/t-1/0.attempt.json", 100 - second)
    found, requests = server.cost(f'{{ run(pathspec: "{run}") {{ steps {{ name createdAt }} }} }}')
    assert [step["name"] for step in found["run"]["steps"]] == ["a", "c", "b", "start"]
    assert found["run"]["steps"][2]["createdAt"] == modified(server, f"{run}/b/t-1/0.attempt.json")
    # When the run began; its steps; the tasks of those between, and when they began; when `start` did.
    assert requests == {"s3 ListObjectsV2": 1 + 1 + 3 + 3 + 1}


def _age(key: str, seconds: int) -> None:
    """Make an object so old: moto runs in this process."""
    stored: Any = get_backend("s3")["123456789012"]["aws"].buckets[s3.BUCKET].keys[key]
    stored.last_modified -= timedelta(seconds=seconds)


# the files of an attempt: the status of the task, the number of its attempts
COURSES: dict[tuple[str, ...], tuple[str, int]] = {
    ("attempt.json",): ("PENDING", 0),
    ("attempt.json", "task_begin"): ("RUNNING", 1),
    ("attempt.json", "task_begin", "data.json", "DONE.lock"): ("RUNNING", 1),
}


@pytest.mark.parametrize("names", COURSES)
def test_how_far_a_task_has_come_its_files_tell(server: s3.Server, names: tuple[str, ...]) -> None:
    task = f"Made/{MICROSECONDS}/start/1"
    put_attempt(server, task, names=names)
    found, _ = server.cost(f'{{ task(pathspec: "{task}") {{ status attempts {{ attempt }} }} }}')
    assert (found["task"]["status"], len(found["task"]["attempts"])) == COURSES[names]


def test_how_a_process_ended_is_read_where_nothing_else_tells(server: s3.Server) -> None:
    task = f"Made/{MICROSECONDS}/start/1"
    put_attempt(server, task, runtime=b'{"return_code": -9, "killed": true, "success": false}')
    query = f'{{ task(pathspec: "{task}") {{ status finishedAt }} }}'
    found, requests = server.cost(query)
    assert found["task"] == {"status": "FAILED", "finishedAt": modified(server, f"{task}/0.runtime")}
    # What files there are, and the one that tells; what is not there is not asked for.
    assert requests == {"s3 ListObjectsV2": 1, "s3 GetObject": 1}


def test_damaged_files_cost_what_they_would_tell(server: s3.Server) -> None:
    task = f"Made/{MICROSECONDS}/start/1"
    put_attempt(server, task, 0, ["attempt.json", "DONE.lock"], data_json=b"{", task_begin=b"[" * 200)
    put_attempt(server, f"Made/{MICROSECONDS}/work/2", runtime=b"\xff")
    told = server.answer(
        f'{{ task(pathspec: "{task}") {{ attempt artifacts {{ name }} code {{ path }} }}'
        f' other: task(pathspec: "Made/{MICROSECONDS}/work/2") {{ taskId status }} }}'
    )
    assert told["data"] == {
        "task": {"attempt": 0, "artifacts": None, "code": None},
        "other": {"taskId": "2", "status": None},
    }
    assert sorted(errors_of(told)) == [
        (
            ["other", "status"],
            f"Made/{MICROSECONDS}/work/2: The end of attempt 0 can't be read.",
            "CORRUPT_METADATA",
            None,
        ),
        (
            ["task", "artifacts"],
            f"What attempt 0 stored of {task} can't be read: it is half-written, damaged or not of Metaflow's form.",
            "CORRUPT_METADATA",
            None,
        ),
    ]


def test_a_code_package_is_read_once_for_all_tasks_that_share_it(server: s3.Server) -> None:
    run = put_run(server, f"Made/{MICROSECONDS}", {"start": ["1"], "end": ["2", "3"]})
    url = f"{s3.ROOT}/Made/data/aa/{'a' * 40}"
    begun = {"code_package_sha": "a" * 40, "code_package_ds": "s3", "code_package_url": url, "retry_count": 0}
    for task in ("start/1", "end/2", "end/3"):
        server.put(f"{PRE}/{run}/{task}/0.task_begin", json.dumps(begun).encode())
    query = f"""{{ run(pathspec: "{run}") {{ code {{ path }} steps {{ tasks {{ nodes {{ code {{ path }}
        metadata(names: ["code-package"]) {{ value }} }} }} }} }} }}"""
    found, requests = server.cost(query)
    value = {"ds_type": "s3", "sha": "a" * 40, "location": url, "metadata": None}
    of_task = {"code": {"path": url}, "metadata": [{"value": json.dumps(value)}]}
    assert found["run"] == {
        "code": {"path": url},
        "steps": [{"tasks": {"nodes": [of_task, of_task]}}, {"tasks": {"nodes": [of_task]}}],
    }
    # Of each task its place in foreach steps may be told by what it stored.
    assert requests == {"s3 ListObjectsV2": 1 + 2 + 3, "s3 GetObject": 1 + 3}


# a question about a run of five tasks: the requests that it takes
COSTS = {
    '{ run(pathspec: "%s") { runId createdAt } }': {"s3 ListObjectsV2": 1},
    # The run, its last step, and of that its task; what that stored tells how it ended.
    '{ run(pathspec: "%s") { status } }': {"s3 ListObjectsV2": 4, "s3 GetObject": 1},
    # The same, all steps, and all tasks.
    '{ run(pathspec: "%s") { status steps { name status tasks { nodes { taskId status startedAt finishedAt } } } } }': {
        "s3 ListObjectsV2": 1 + 4 + 5,
        "s3 GetObject": 5,
    },
    '{ task(pathspec: "%s/end/5") { status } }': {"s3 ListObjectsV2": 1, "s3 GetObject": 1},
    '{ task(pathspec: "%s/end/5") { status stdout stderr } }': {"s3 ListObjectsV2": 1, "s3 GetObject": 1},
    '{ artifact(pathspec: "%s/end/5/_task_ok") { data } }': {"s3 ListObjectsV2": 1, "s3 GetObject": 1},
}


@pytest.mark.parametrize("question", COSTS)
def test_a_question_takes_as_many_requests_as_it_needs(server: s3.Server, question: str) -> None:
    run = put_run(server, f"Made/{MICROSECONDS}", {"start": ["1"], "work": ["2", "3", "4"], "end": ["5"]})
    assert server.cost(question % run)[1] == COSTS[question]


def test_a_page_of_100_runs_takes_a_listing_and_their_status_five_requests_each(server: s3.Server) -> None:
    for run_id in numbered(100):
        put_run(server, f"Made/{run_id}")
    query = '{ flow(name: "Made") { runs(first: 100) { totalCount nodes { runId createdAt %s } } } }'
    assert server.cost(query % "")[1] == {"s3 ListObjectsV2": 2}
    found, requests = server.cost(query % "status")
    assert {run["status"] for run in found["flow"]["runs"]["nodes"]} == {"SUCCEEDED"}
    assert requests == {"s3 ListObjectsV2": 2 + 4 * 100, "s3 GetObject": 100}


def test_tags_are_not_changed(server: s3.Server) -> None:
    run = put_run(server, f"Made/{MICROSECONDS}")
    told = server.answer(f'mutation {{ addTags(pathspec: "{run}", tags: ["x"]) {{ run {{ tags }} }} }}')
    assert [(path, code) for path, _, code, _ in errors_of(told)] == [(["addTags"], "READ_ONLY_PROVIDER")]
    assert server.cost("{ metadataProviders { type info canMutateTags } }")[0] == {
        "metadataProviders": [{"type": "s3", "info": s3.ROOT, "canMutateTags": False}]
    }
