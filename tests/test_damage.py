"""What is damaged costs its own fields, each with an error at its path, and nothing around them."""

import gzip
import hashlib
import json
import os
import pickle
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateways import Gateway
from in_process import Errors, errors_of, opened
from running import RunOf, Runs

Found = dict[str, Any]
Place = list[str | int]


class Tree(NamedTuple):
    """A copy of runs of LinearFlow with its gateway, and the run that is damaged in it.

    `kept`: what the files held that a test asked for; they are put back after it.
    """

    gateway: Gateway
    root: Path
    run: RunOf
    other: RunOf
    kept: dict[Path, bytes]
    sound: str

    def before(self) -> Found:
        """The answer without any damage."""
        return json.loads(self.sound)

    @property
    def folder(self) -> Path:
        return self.root / ".metaflow" / self.run.flow

    def files(self, pattern: str) -> list[Path]:
        found = sorted(self.folder.glob(pattern.replace("RUN", self.run.run_id)))
        self.kept.update((file, file.read_bytes()) for file in found if file not in self.kept)
        return found

    def file(self, pattern: str) -> Path:
        (found,) = self.files(pattern)
        return found

    def blob(self, artifact: str, suffix: str = "") -> Path:
        (record,) = self.folder.glob(f"{self.run.run_id}/middle/2/_meta/0_artifact_{artifact}.json")
        return self.blob_of(record, suffix)

    def blob_of(self, record: Path, suffix: str = "") -> Path:
        sha = json.loads(record.read_text())["sha"]
        return self.file(f"data/{sha[:2]}/{sha}{suffix}")


def newest_first(runs: Runs) -> tuple[RunOf, RunOf]:
    """Two runs alike, which were started side by side."""
    one, other = runs["linear"], runs["linear_tagged"]
    return (one, other) if one.run_id > other.run_id else (other, one)


@pytest.fixture(scope="module")
def copied(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, (run, other) = tmp_path_factory.mktemp("damaged"), newest_first(runs)
    for one in ("_meta", "data", run.run_id, other.run_id):
        shutil.copytree(runs.datastore / run.flow / one, root / ".metaflow" / run.flow / one)
    return root


@pytest.fixture(scope="module")
def sound(copied: Path, runs: Runs) -> str:
    return json.dumps(answer_over(copied, newest_first(runs)[0]))


@pytest.fixture
def tree(copied: Path, sound: str, runs: Runs) -> Generator[Tree]:
    kept: dict[Path, bytes] = {}
    with opened(copied, inactive_after=10**9) as gateway:
        yield Tree(gateway, copied, *newest_first(runs), kept, sound)
    for file, content in kept.items():
        if file.is_dir():
            file.rmdir()
        file.unlink(missing_ok=True)
        file.write_bytes(content)


Damage = Callable[[Path], object]
DAMAGE: dict[str, Damage] = {
    "empty": lambda file: file.write_text(""),
    "half": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "binary": lambda file: file.write_bytes(b"\x80\x05\xff\x00" * 9),
    "null": lambda file: file.write_text("null"),
    "list": lambda file: file.write_text("[1]"),
    "text": lambda file: file.write_text('"text"'),
    "number": lambda file: file.write_text("17"),
    "deep": lambda file: file.write_text("[" * 100_000),
}
OTHER_KINDS: dict[str, dict[str, Any]] = {
    "no time": {"ts_epoch": None},
    "text for a time": {"ts_epoch": "now"},
    "fraction for a time": {"ts_epoch": 1.5},
    "time beyond all years": {"ts_epoch": 10**18},
}


def but(changes: dict[str, Any]) -> Damage:
    return lambda file: file.write_text(json.dumps(json.loads(file.read_text()) | changes))


RECORD = DAMAGE | {name: but(changes) for name, changes in OTHER_KINDS.items()}

QUERY = """query($run: String!) {
  flow(name: "LinearFlow") { name createdAt latestRun { runId } runs { nodes { runId } } }
  run(pathspec: $run) {
    runId createdAt status successful finished finishedAt user tags failedTask { taskId } parent { name }
    taskCounts { total succeeded } parameters { name value } graph { doc startStep } artifactNames
    steps { name createdAt status startedAt finishedAt tags task { taskId } childSteps { name }
      tasks { totalCount nodes {
        taskId createdAt status attempt startedAt finishedAt durationMs tags successful finished
        exception { message } attempts { attempt } metadata(names: ["attempt", "attempt_ok", "runtime"]) { name value }
        metadataDict
        artifacts { name size type sha data preview } data { names entries { name value } }
        parentTasks { nodes { taskId } }
      } }
    }
  }
}"""
# Where things stand in the answer: steps are newest first.
END, MIDDLE, START = (["run", "steps", at] for at in range(3))
TASK_OF = {"middle": [*MIDDLE, "tasks", "nodes", 0], "start": [*START, "tasks", "nodes", 0]}


def answer_over(root: Path, run: RunOf) -> Found:
    """By a gateway that has read nothing yet: one does not read again what Metaflow writes once."""
    with opened(root, inactive_after=10**9) as gateway:
        return gateway.answer(QUERY, variables={"run": run.pathspec})


def answered(tree: Tree) -> Found:
    return answer_over(tree.root, tree.run)


def check_the_other_run(tree: Tree) -> None:
    query = "query($run: String!) { run(pathspec: $run) { status steps { name status createdAt finishedAt } } }"
    found = tree.gateway.data(query, run=tree.other.pathspec)["run"]
    assert [found["status"], *(step["status"] for step in found["steps"])] == ["SUCCEEDED"] * 4


def at(found: Any, path: Place) -> Any:
    for part in path:
        found = found[part]
    return found


def without(data: Found, paths: list[Place]) -> Found:
    """The same with null at the paths."""
    for path in paths:
        at(data, path[:-1])[path[-1]] = None
    return data


def check_the_rest(tree: Tree, answer: Found, before: Found, expected: list[Place], code: str) -> None:
    """Null and an error at each of the paths, all else as it was, and no message that shows where files are."""
    assert sorted(errors_of(answer), key=str) == sorted(((code, path) for path in expected), key=str)
    assert answer["data"] == without(before["data"], expected)
    check_messages(tree, answer)
    check_the_other_run(tree)


def check_messages(tree: Tree, answer: Found) -> None:
    messages = [error["message"] for error in answer["errors"]]
    assert [text for text in messages if str(tree.root) in text or ".metaflow" in text or "_meta" in text] == []
    assert [text for text in messages if "LinearFlow" not in text or len(text) > 300] == []


TIMES: dict[str, tuple[str, Place]] = {
    "flow": ("_meta/_self.json", ["flow", "createdAt"]),
    "step": ("RUN/start/_meta/_self.json", [*START, "createdAt"]),
    "task": ("RUN/middle/2/_meta/_self.json", [*TASK_OF["middle"], "createdAt"]),
}


@pytest.mark.parametrize("damage", RECORD)
@pytest.mark.parametrize("kind", TIMES)
def test_a_damaged_flow_step_or_task_costs_its_time(tree: Tree, kind: str, damage: str) -> None:
    before, (file, path) = tree.before(), TIMES[kind]
    RECORD[damage](tree.file(file))
    check_the_rest(tree, answered(tree), before, [path], "CORRUPT_METADATA")


RUN_RECORD = RECORD | {
    "numbers for tags": but({"tags": [1]}),
    "text for tags": but({"tags": "nightly"}),
    "an object for system tags": but({"system_tags": {}}),
    "a list for the user": but({"user_name": []}),
}
LISTS = """query($run: String!, $runId: String!) {
  runs { nodes { runId } totalCount } run(pathspec: $run) { id } other: flows { nodes { name } }
  flow(name: "LinearFlow") { runs { nodes { runId } } run(runId: $runId) { id } latestRun { runId } }
  step: step(pathspec: "RUN/start") { name createdAt status parent { id } tags tasks { nodes { taskId status tags } } }
  object(pathspec: "RUN/start/1/x") { pathspec } tags(prefix: "user") { tag runs }
}"""


@pytest.mark.parametrize("damage", RUN_RECORD)
def test_a_damaged_run_is_left_out_of_lists_and_costs_what_it_alone_knows(tree: Tree, damage: str) -> None:
    RUN_RECORD[damage](tree.file("RUN/_meta/_self.json"))
    variables = {"run": tree.run.pathspec, "runId": tree.run.run_id}
    answer = tree.gateway.answer(LISTS.replace("RUN", tree.run.pathspec), variables=variables)
    other = {"runId": tree.other.run_id}
    task = {"taskId": "1", "status": "SUCCEEDED", "tags": None}
    created, unknown = answer["data"]["step"]["createdAt"], {"parent": None, "tags": None, "tasks": {"nodes": [task]}}
    assert answer["data"] == {
        "runs": {"nodes": [other], "totalCount": 2},
        "run": None,
        "other": {"nodes": [{"name": "LinearFlow"}]},
        "flow": {"runs": {"nodes": [other]}, "run": None, "latestRun": None},
        "step": {"name": "start", "createdAt": created, "status": "SUCCEEDED"} | unknown,
        "object": {"pathspec": f"{tree.run.pathspec}/start/1/x"},
        "tags": [{"tag": "user:tester", "runs": 1}],
    }
    paths: list[Place] = [
        *(["runs"], ["run"], ["flow", "runs"], ["flow", "run"], ["flow", "latestRun"], ["tags"]),
        *(["step", "parent"], ["step", "tags"], ["step", "tasks", "nodes", 0, "tags"]),
    ]
    assert sorted(errors_of(answer), key=str) == sorted((("CORRUPT_METADATA", path) for path in paths), key=str)
    check_messages(tree, answer)
    check_the_other_run(tree)


def test_a_namespace_is_not_left_by_a_damaged_record(tree: Tree) -> None:
    DAMAGE["half"](tree.file("RUN/_meta/_self.json"))
    query = """query($run: String!, $step: String!) {
      runs(namespace: "user:tester") { nodes { runId } totalCount } run(pathspec: $run, namespace: "user:tester") { id }
      step(pathspec: $step, namespace: "user:tester") { id }
    }"""
    answer = tree.gateway.answer(query, variables={"run": tree.run.pathspec, "step": f"{tree.run.pathspec}/start"})
    listed = {"nodes": [{"runId": tree.other.run_id}], "totalCount": 1}
    assert answer["data"] == {"runs": listed, "run": None, "step": None}
    assert errors_of(answer) == [("CORRUPT_METADATA", ["run"]), ("CORRUPT_METADATA", ["step"])]


# Metadata of a task.

OF_COURSE: list[Place] = [
    *(
        [*TASK_OF["middle"], name]
        for name in ("status", "attempt", "startedAt", "finishedAt", "durationMs", "attempts")
    ),
    *([*MIDDLE, name] for name in ("status", "startedAt", "finishedAt")),
    ["run", "taskCounts"],
]


@pytest.mark.parametrize("damage", RECORD)
@pytest.mark.parametrize("name", ["attempt", "attempt_ok"])
def test_damaged_metadata_of_its_course_costs_what_is_told_by_it(tree: Tree, name: str, damage: str) -> None:
    before = tree.before()
    RECORD[damage](tree.file(f"RUN/middle/2/_meta/sysmeta_{name}_[0-9]*.json"))
    answer = answered(tree)
    # The event itself is left out of the list, with an error.
    listed: Place = [*TASK_OF["middle"], "metadata"]
    events: list[Found] = at(before["data"], listed)
    events[:] = [event for event in events if event["name"] != name]
    latest: Place = [*TASK_OF["middle"], "metadataDict"]
    del at(before["data"], latest)[name]
    expected: Errors = [("CORRUPT_METADATA", path) for path in [*OF_COURSE, listed, latest]]
    assert sorted(errors_of(answer), key=str) == sorted(expected, key=str)
    assert answer["data"] == without(before["data"], OF_COURSE)
    check_messages(tree, answer)


@pytest.mark.parametrize("damage", RECORD)
def test_other_damaged_metadata_costs_itself(tree: Tree, damage: str) -> None:
    before = tree.before()
    RECORD[damage](tree.files("RUN/middle/2/_meta/sysmeta_runtime_*.json")[0])
    answer = answered(tree)
    events: list[Found] = at(before["data"], [*TASK_OF["middle"], "metadata"])
    events.remove(next(event for event in events if event["name"] == "runtime"))
    assert answer["data"] == before["data"]
    task = TASK_OF["middle"]
    assert sorted(errors_of(answer)) == [("CORRUPT_METADATA", [*task, name]) for name in ("metadata", "metadataDict")]


def test_the_end_of_a_process_is_not_asked_where_the_attempt_recorded_its_own(tree: Tree) -> None:
    before = tree.before()
    for damage in DAMAGE.values():
        damage(tree.file("RUN/middle/2/0.runtime"))
        assert answered(tree) == before


@pytest.mark.parametrize("damage", [*DAMAGE, "text for success"])
def test_a_damaged_end_of_a_process_costs_what_it_alone_tells(tree: Tree, damage: str) -> None:
    tree.file("RUN/middle/2/_meta/sysmeta_attempt_ok_*.json").unlink()
    before = answered(tree)
    (DAMAGE | {"text for success": but({"success": "no"})})[damage](tree.file("RUN/middle/2/0.runtime"))
    check_the_rest(tree, answered(tree), before, OF_COURSE, "CORRUPT_METADATA")


# Artifacts.

ARTIFACT_RECORD = RECORD | {"no sha": but({"sha": None}), "number for a sha": but({"sha": 1})}


@pytest.mark.parametrize("damage", ARTIFACT_RECORD)
def test_a_damaged_record_of_an_artifact_costs_itself(tree: Tree, damage: str) -> None:
    before = tree.before()
    ARTIFACT_RECORD[damage](tree.file("RUN/middle/2/_meta/0_artifact_x.json"))
    answer = answered(tree)
    task = TASK_OF["middle"]
    artifacts: list[Found] = at(before["data"], [*task, "artifacts"])
    artifacts[:] = [artifact for artifact in artifacts if artifact["name"] != "x"]
    place = [entry["name"] for entry in at(before["data"], [*task, "data", "entries"])].index("x")
    value: Place = [*task, "data", "entries", place, "value"]
    assert answer["data"] == without(before["data"], [value])
    expected: Errors = [("CORRUPT_METADATA", value), ("CORRUPT_METADATA", [*task, "artifacts"])]
    assert sorted(errors_of(answer), key=str) == sorted(expected, key=str)
    check_messages(tree, answer)


def test_a_damaged_record_of_an_artifact_costs_what_asks_for_it(tree: Tree) -> None:
    DAMAGE["half"](tree.file("RUN/middle/2/_meta/0_artifact_x.json"))
    task = f"{tree.run.pathspec}/middle/2"
    answer = tree.gateway.answer(f"""{{
      artifact(pathspec: "{task}/x") {{ id }} latest: artifact(pathspec: "{task}/x", attempt: 0) {{ id }}
      task(pathspec: "{task}") {{ artifact(name: "x") {{ id }} artifacts(names: ["x"]) {{ id }} data {{
        has(name: "x") value(name: "x") values(names: ["x"]) others: values(names: ["_task_ok"])
        entries(names: ["x"]) {{ name value artifact {{ id }} }}
      }} }}
      run(pathspec: "{tree.run.pathspec}") {{ artifacts(names: ["x"]) {{ nodes {{ pathspec }} }} }}
    }}""")
    nodes = [{"pathspec": f"{tree.run.pathspec}/{of}/x"} for of in ("end/3", "start/1")]
    values = {"has": True, "value": None, "values": None, "others": {"_task_ok": True}}
    entry = {"name": "x", "value": None, "artifact": None}
    assert answer["data"] == {
        "artifact": None,
        "latest": None,
        "task": {"artifact": None, "artifacts": [], "data": values | {"entries": [entry]}},
        "run": {"artifacts": {"nodes": nodes}},
    }
    data: Place = ["task", "data"]
    paths: list[Place] = [
        *(["artifact"], ["latest"], ["task", "artifact"], ["task", "artifacts"], ["run", "artifacts"]),
        *([*data, "value"], [*data, "values"], [*data, "entries", 0, "value"], [*data, "entries", 0, "artifact"]),
    ]
    assert sorted(errors_of(answer), key=str) == sorted((("CORRUPT_METADATA", path) for path in paths), key=str)


def test_a_damaged_record_of_success_costs_the_end_and_not_the_start(tree: Tree) -> None:
    query = (
        "query($s: String!) { step(pathspec: $s) { startedAt finishedAt durationMs task { startedAt finishedAt } } }"
    )
    step = f"{tree.run.pathspec}/middle"
    sound = tree.gateway.data(query, s=step)["step"]
    DAMAGE["half"](tree.file("RUN/middle/2/_meta/0_artifact__task_ok.json"))
    with opened(tree.root, inactive_after=10**9) as gateway:
        answer = gateway.answer(query, variables={"s": step})
    ends: list[Place] = [["step", "finishedAt"], ["step", "durationMs"], ["step", "task", "finishedAt"]]
    assert None not in (sound["startedAt"], sound["finishedAt"], sound["task"]["finishedAt"])
    assert answer["data"] == without({"step": sound}, ends)
    assert sorted(errors_of(answer), key=str) == sorted((("CORRUPT_METADATA", place) for place in ends), key=str)


def artifacts_of(before: Found, step: str) -> list[tuple[int, str]]:
    return list(enumerate(one["name"] for one in at(before["data"], [*TASK_OF[step], "artifacts"])))


@pytest.mark.parametrize("damage", [*DAMAGE, "text for the infos"])
def test_a_damaged_data_file_costs_sizes_and_types(tree: Tree, damage: str) -> None:
    before = tree.before()
    (DAMAGE | {"text for the infos": but({"info": "none"})})[damage](tree.file("RUN/middle/2/0.data.json"))
    found: Place = [*TASK_OF["middle"], "artifacts"]
    paths: list[Place] = [[*found, n, name] for n, _ in artifacts_of(before, "middle") for name in ("size", "type")]
    check_the_rest(tree, answered(tree), before, paths, "CORRUPT_METADATA")


def value_paths(before: Found, artifact: str) -> list[Place]:
    """Where the values of `middle`'s artifact are shown."""
    task, place = TASK_OF["middle"], {name: n for n, name in artifacts_of(before, "middle")}[artifact]
    of_artifact: Place = [*task, "artifacts", place]
    return [[*of_artifact, "data"], [*of_artifact, "preview"], [*task, "data", "entries", place, "value"]]


BLOB_DAMAGE: dict[str, Damage] = {
    **{name: DAMAGE[name] for name in ("empty", "half", "binary", "text")},
    "gone": Path.unlink,
    "a folder": lambda file: (file.unlink(), file.mkdir()),
    "a pipe": lambda file: (file.unlink(), os.mkfifo(file)),
}


@pytest.mark.parametrize("damage", BLOB_DAMAGE)
def test_a_damaged_blob_costs_the_values_that_it_holds(tree: Tree, damage: str) -> None:
    before = tree.before()
    BLOB_DAMAGE[damage](tree.blob("x"))
    check_the_rest(tree, answered(tree), before, value_paths(before, "x"), "ARTIFACT_UNREADABLE")


META_DAMAGE: dict[str, Damage] = {name: DAMAGE[name] for name in ("empty", "half", "binary", "list")} | {
    "of another version": but({"cas_version": 2}),
    "text for raw": but({"cas_raw": "no"}),
}


@pytest.mark.parametrize("damage", META_DAMAGE)
def test_a_damaged_note_on_how_a_blob_is_stored_costs_its_values(tree: Tree, damage: str) -> None:
    before = tree.before()
    META_DAMAGE[damage](tree.blob("x", "_meta"))
    check_the_rest(tree, answered(tree), before, value_paths(before, "x"), "ARTIFACT_UNREADABLE")


def test_one_unreadable_value_costs_all_values_but_no_other_entry(tree: Tree) -> None:
    tree.blob("x").unlink()
    query = "query($task: String!) { task(pathspec: $task) { data { values entries { name value } } } }"
    answer = tree.gateway.answer(query, variables={"task": f"{tree.run.pathspec}/middle/2"})
    entries = {"message": "from start", "name": "LinearFlow", "numbers": list(range(10)), "x": None}
    listed = [{"name": name, "value": value} for name, value in entries.items()]
    assert answer["data"] == {"task": {"data": {"values": None, "entries": listed}}}
    paths: list[Place] = [["task", "data", "values"], ["task", "data", "entries", 3, "value"]]
    assert sorted(errors_of(answer), key=str) == sorted((("ARTIFACT_UNREADABLE", path) for path in paths), key=str)


def test_a_graph_that_can_not_be_read_costs_what_is_told_by_it(tree: Tree) -> None:
    tree.blob_of(tree.file("RUN/_parameters/0/_meta/0_artifact__graph_info.json")).unlink()
    query = """query($run: String!) { run(pathspec: $run) {
      status endTask { taskId } graph { doc } parameters { name } steps { name status childSteps { name } task {
        status parentTasks { totalCount }
      } }
    } }"""
    answer = tree.gateway.answer(query, variables={"run": tree.run.pathspec})
    task = {"status": "SUCCEEDED", "parentTasks": None}
    steps = [
        {"name": name, "status": "SUCCEEDED", "childSteps": None, "task": task} for name in ("end", "middle", "start")
    ]
    of_run = {"status": "SUCCEEDED", "endTask": {"taskId": "3"}, "graph": None, "parameters": None}
    assert answer["data"] == {"run": of_run | {"steps": steps}}
    assert {code for code, _ in errors_of(answer)} == {"ARTIFACT_UNREADABLE"}
    assert len(answer["errors"]) == 8


def test_a_filter_leaves_out_with_an_error_what_it_can_not_tell(tree: Tree) -> None:
    DAMAGE["half"](tree.file("RUN/middle/2/_meta/_self.json"))
    DAMAGE["half"](tree.file("RUN/start/1/_meta/sysmeta_attempt_ok_*.json"))
    query = """query($run: String!) { run(pathspec: $run) {
      every: tasks { totalCount nodes { taskId } }
      recent: tasks(filter: {createdAfter: "2001-01-01T00:00:00Z"}) { totalCount nodes { taskId } }
      ended: tasks(filter: {statuses: SUCCEEDED}) { totalCount nodes { taskId } }
    } }"""
    answer = tree.gateway.answer(query, variables={"run": tree.run.pathspec})
    nodes = {name: sorted(task["taskId"] for task in of["nodes"]) for name, of in answer["data"]["run"].items()}
    assert nodes == {"every": ["1", "2", "3"], "recent": ["1", "3"], "ended": ["2", "3"]}
    assert [of["totalCount"] for of in answer["data"]["run"].values()] == [3, None, None]
    fields: list[Place] = [["run", name] for name in ("recent", "ended")]
    paths = [*fields, *([*field, "totalCount"] for field in fields)]
    assert sorted(errors_of(answer), key=str) == sorted((("CORRUPT_METADATA", path) for path in paths), key=str)


def test_runs_of_a_status_leave_out_with_an_error_one_whose_status_is_not_told(tree: Tree) -> None:
    DAMAGE["half"](tree.file("RUN/end/3/_meta/sysmeta_attempt_ok_*.json"))
    flow = 'flow(name: "LinearFlow") { latestSuccessfulRun { runId } }'
    answer = tree.gateway.answer(f"{{ runs(filter: {{statuses: SUCCEEDED}}) {{ nodes {{ runId }} }} {flow} }}")
    other = {"runId": tree.other.run_id}
    assert answer["data"] == {"runs": {"nodes": [other]}, "flow": {"latestSuccessfulRun": other}}
    assert errors_of(answer) == [("CORRUPT_METADATA", ["runs"])]


# What stands in the place of a file.

PLACES: dict[str, Damage] = {
    "a folder": lambda file: (file.unlink(), file.mkdir()),
    "a pipe": lambda file: (file.unlink(), os.mkfifo(file)),
    "nothing": Path.unlink,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("level", ["", "/start", "/start/1"])
def test_what_has_no_file_for_a_record_is_no_object(tree: Tree, level: str, place: str) -> None:
    PLACES[place](tree.file(f"RUN{level}/_meta/_self.json"))
    query = """query($it: String!, $run: String!) { object(pathspec: $it) { id } runs { nodes { runId } totalCount }
      run(pathspec: $run) { steps { name tasks { nodes { taskId } } } }
    }"""
    found = tree.gateway.data(query, it=f"{tree.run.pathspec}{level}", run=tree.run.pathspec)
    listed = {tree.other.run_id} | ({tree.run.run_id} if level else set[str]())
    assert {run["runId"] for run in found["runs"]["nodes"]} == listed
    assert (found["object"], found["runs"]["totalCount"]) == (None, len(listed))
    if level:
        steps = {step["name"]: len(step["tasks"]["nodes"]) for step in found["run"]["steps"]}
        assert steps == {"end": 1, "middle": 1} | ({} if level == "/start" else {"start": 0})
    check_the_other_run(tree)


@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_file_is_as_if_it_was_not_there(tree: Tree, place: str) -> None:
    for pattern in ("_meta/sysmeta_runtime_*.json", "_meta/0_artifact_x.json", "0.data.json", "0.runtime"):
        for file in tree.files(f"RUN/middle/2/{pattern}"):
            PLACES[place](file)
    query = """query($task: String!) { task(pathspec: $task) {
      status artifacts { name size type data } metadata(names: ["runtime"]) { name } artifact(name: "x") { id }
    } }"""
    found = tree.gateway.data(query, task=f"{tree.run.pathspec}/middle/2")["task"]
    assert found == {
        "status": "SUCCEEDED",
        "artifacts": [
            {"name": "message", "size": None, "type": "str", "data": "from start"},
            {"name": "name", "size": None, "type": "str", "data": "LinearFlow"},
            {"name": "numbers", "size": None, "type": "list", "data": list(range(10))},
        ],
        "metadata": [],
        "artifact": None,
    }


def test_a_file_that_is_mended_is_read_again(tree: Tree) -> None:
    patterns = ("_meta/_self.json", "RUN/start/_meta/_self.json", "RUN/_meta/_self.json")
    files = [tree.file(pattern) for pattern in patterns]
    contents = [file.read_bytes() for file in files]
    query = """query($run: String!) {
      flow(name: "LinearFlow") { createdAt } run(pathspec: $run) { step(name: "start") { createdAt } }
    }"""
    before = tree.gateway.data(query, run=tree.run.pathspec)
    for file in files:
        DAMAGE["half"](file)
    answer = tree.gateway.answer(query, variables={"run": tree.run.pathspec})
    assert errors_of(answer) == [("CORRUPT_METADATA", ["flow", "createdAt"]), ("CORRUPT_METADATA", ["run"])]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    assert tree.gateway.data(query, run=tree.run.pathspec) == before


def test_a_page_of_damaged_runs_alone_leads_on_to_the_next(tree: Tree) -> None:
    tree.file("RUN/_meta/_self.json").write_text("")
    query = """query($after: String) { flow(name: "LinearFlow") { runs(first: 1, after: $after) {
      nodes { runId } pageInfo { hasNextPage endCursor }
    } } }"""
    first = tree.gateway.answer(query)
    assert errors_of(first) == [("CORRUPT_METADATA", ["flow", "runs"])]
    page = first["data"]["flow"]["runs"]
    assert (page["nodes"], page["pageInfo"]["hasNextPage"]) == ([], True)
    second = tree.gateway.data(query, after=page["pageInfo"]["endCursor"])["flow"]["runs"]["nodes"]
    assert second == [{"runId": tree.other.run_id}]


def test_a_damaged_task_costs_its_own_artifacts_and_no_others(tree: Tree) -> None:
    for file in tree.files("RUN/middle/2/_meta/sysmeta_attempt-done_*.json"):
        file.write_text("")
    query = """query($run: String!) { run(pathspec: $run) {
      artifactNames artifacts(names: ["x"]) { nodes { pathspec } }
    } }"""
    answer = tree.gateway.answer(query, variables={"run": tree.run.pathspec})
    assert errors_of(answer) == [
        ("CORRUPT_METADATA", ["run", "artifactNames"]),
        ("CORRUPT_METADATA", ["run", "artifacts"]),
    ]
    steps = [artifact["pathspec"].split("/")[2] for artifact in answer["data"]["run"]["artifacts"]["nodes"]]
    assert (steps, answer["data"]["run"]["artifactNames"]) == (
        ["end", "start"],
        ["message", "name", "numbers", "x"],
    )


def test_damaged_metadata_is_an_error_of_each_field_that_needs_it(tree: Tree) -> None:
    for file in tree.files("RUN/start/1/_meta/sysmeta_origin-run-id_*.json"):
        file.write_text("")
    query = """query($run: String!) { run(pathspec: $run) {
      originPathspec status step(name: "start") { task { originPathspec index } }
    } }"""
    answer = tree.gateway.answer(query, variables={"run": tree.run.pathspec})
    assert errors_of(answer) == [
        ("CORRUPT_METADATA", ["run", "originPathspec"]),
        ("CORRUPT_METADATA", ["run", "step", "task", "originPathspec"]),
    ]
    assert answer["data"]["run"]["status"] == "SUCCEEDED"


def test_damaged_metadata_costs_nothing_where_other_names_are_asked_for(tree: Tree) -> None:
    for file in tree.files("RUN/start/1/_meta/sysmeta_user_*.json"):
        file.write_text("")
    query = f"""{{ task(pathspec: "{tree.run.pathspec}/start/1") {{
      metadata(names: ["attempt"]) {{ name value }} user: metadata(names: ["user", "attempt"]) {{ name }}
    }} }}"""
    answer = tree.gateway.answer(query)
    assert errors_of(answer) == [("CORRUPT_METADATA", ["task", "user"])] * 2
    attempt = {"name": "attempt", "value": "0"}
    assert answer["data"]["task"] == {"metadata": [attempt], "user": [{"name": "attempt"}]}


def test_a_place_in_a_foreach_that_can_not_be_read_is_left_out_with_an_error(runs: Runs, tmp_path: Path) -> None:
    copy = runs.copy(tmp_path, "ForeachFlow")
    run = copy["foreach"]
    children = sorted((copy.datastore / run.pathspec / "body").glob("*/_meta/sysmeta_foreach-execution-path_*.json"))
    children[0].write_text("")
    query = """query($run: String!) { run(pathspec: $run) {
      step(name: "start") { task { childTasks { nodes { taskId } } } }
      join: step(name: "join") { task { parentTasks { nodes { taskId } } } }
    } }"""
    with opened(tmp_path) as gateway:
        answer = gateway.answer(query, variables={"run": run.pathspec})
    assert errors_of(answer) == [
        ("CORRUPT_METADATA", ["run", "join", "task", "parentTasks"]),
        ("CORRUPT_METADATA", ["run", "step", "task", "childTasks"]),
    ]


def test_names_of_parameters_that_lead_elsewhere_are_no_names(runs: Runs, tmp_path: Path) -> None:
    copy = runs.copy(tmp_path, "LinearFlow", "ParametersFlow")
    elsewhere = f"../../../{copy['linear'].run_id}/start/1/x"
    graph: Found = {
        "steps": {},
        "parameters": [{"name": name} for name in (elsewhere, "a\0/b", "..", "", 7, None, "text")],
    }
    _put_graph(copy, "parameters", graph)
    query = "query($run: String!) { run(pathspec: $run) { parameters { name value } graph { nodes { name } } } }"
    with opened(tmp_path) as gateway:
        found = gateway.data(query, run=copy["parameters"].pathspec)["run"]
    assert [parameter["name"] for parameter in found["parameters"]] == ["text"]


def test_what_a_graph_can_not_mean_is_null(runs: Runs, tmp_path: Path) -> None:
    copy = runs.copy(tmp_path, "LinearFlow")
    start = {"line": 2**31, "next": ["end", "end", "../x", 7], "type": None, "decorators": 5, "doc": ["no text"]}
    _put_graph(copy, "linear", {"steps": {"start": start, "a/b": {}}, "start_step": "..", "end_step": 3})
    query = """query($run: String!) { run(pathspec: $run) { status graph {
      startStep endStep nodes { name type line next doc decorators { name } }
    } } }"""
    with opened(tmp_path) as gateway:
        found = gateway.data(query, run=copy["linear"].pathspec)["run"]
    node = {"name": "start", "type": "unknown", "line": None, "next": ["end"], "doc": None, "decorators": []}
    assert found["graph"] == {"startStep": "start", "endStep": "end", "nodes": [node]}
    assert found["status"] == "SUCCEEDED"


def _put_graph(copy: Runs, scenario: str, graph: Found) -> None:
    """Let the run have recorded another graph."""
    stored = pickle.dumps(graph, 4)
    sha = hashlib.sha1(stored).hexdigest()
    run = copy[scenario]
    (record,) = (copy.datastore / run.pathspec / "_parameters").glob("*/_meta/0_artifact__graph_info.json")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"sha": sha}))
    blob = copy.datastore / run.flow / "data" / sha[:2] / sha
    blob.parent.mkdir(exist_ok=True)
    blob.write_bytes(gzip.compress(stored))
    blob.with_name(f"{sha}_meta").write_text('{"cas_raw": false, "cas_version": 1}')
