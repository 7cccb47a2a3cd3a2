"""Values of artifacts over GraphQL: of real objects, of objects made by hand, and of those that are too large."""

import datetime as dt
import gzip
import hashlib
import ipaddress
import json
import pickle
import re
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from gateways import Gateway
from in_process import errors_of, opened
from json_view import json_view
from local_trees import EPOCH_MS, put, put_object, put_run
from metaflow_graphql.decoding import Limits
from running import FLOWS, Runs

Found = dict[str, Any]
SCENARIOS = ("values", "arrays", "parameters", "parameters_given")
ARTIFACTS = """query($run: String!) { run(pathspec: $run) { artifacts(first: 500) { totalCount nodes {
  pathspec name type size contentType attempt sha createdAt finishedAt data preview(length: 40)
} } } }"""


@pytest.fixture(scope="module")
def over(runs: Runs) -> Generator[Gateway]:
    with opened(runs.root) as gateway:
        yield gateway


def artifacts_of(gateway: Gateway, runs: Runs, scenario: str) -> list[Found]:
    page = gateway.data(ARTIFACTS, run=runs[scenario].pathspec)["run"]["artifacts"]
    assert page["totalCount"] == len(page["nodes"])
    return page["nodes"]


def client_of(oracle: Found, pathspec: str) -> Found:
    """What the client says of an artifact; if it could import the classes of the flow's own file."""
    found = oracle["objects"][pathspec]
    return found | {"data": found.get("own_data", found["data"])}


@pytest.mark.parametrize("scenario", [scenario for scenario in SCENARIOS if scenario != "arrays"])
def test_every_value_is_the_view_of_the_real_object(over: Gateway, runs: Runs, oracle: Found, scenario: str) -> None:
    found = {artifact["pathspec"]: artifact["data"] for artifact in artifacts_of(over, runs, scenario)}
    client = {pathspec: client_of(oracle, pathspec)["data"]["json"] for pathspec in found}
    # The pickle of a class that extends set is that of any call.
    client |= {
        pathspec: {"__class__": "shapes.Tags", "args": [value]}
        for pathspec, value in client.items()
        if pathspec.endswith("/tags")
    }
    assert found == client
    assert len(found) >= 20
    # Strict JSON, without NaN and the like.
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_sizes_hashes_and_times_are_the_clients(over: Gateway, runs: Runs, oracle: Found, scenario: str) -> None:
    for artifact in artifacts_of(over, runs, scenario):
        client = client_of(oracle, artifact["pathspec"])
        told = {name: client[name] for name in ("size", "sha")}
        told |= {"finishedAt": client["finished_at"], "createdAt": client["created_at"]}
        assert {name: artifact[name] for name in told} == told
        assert (artifact["attempt"], artifact["contentType"]) == (0, "pickle-v4")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_types_are_the_names_of_the_classes(over: Gateway, runs: Runs, oracle: Found, scenario: str) -> None:
    for artifact in artifacts_of(over, runs, scenario):
        name = re.fullmatch(r"<(class|enum|flag) '(.+)'>", client_of(oracle, artifact["pathspec"])["data"]["type"])
        assert name
        if artifact["type"] == "metaflow.includefile.IncludedFile":
            # The client gives the content in its place.
            assert artifact["name"] in ("notes", "picture")
        else:
            assert artifact["type"] == name[2] or artifact["type"].endswith(f".{name[2]}"), artifact["pathspec"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_previews_are_cut_to_their_length(over: Gateway, runs: Runs, scenario: str) -> None:
    for artifact in artifacts_of(over, runs, scenario):
        assert 0 < len(artifact["preview"]) <= 40
        assert "\n" not in artifact["preview"]


LENGTHS = """query($it: String!, $length: Int) { artifact(pathspec: $it) {
  preview(length: $length) default: preview none: preview(length: 0) one: preview(length: 1)
  most: preview(length: 10000)
} }"""


def test_a_preview_is_as_long_as_it_is_asked_to_be(over: Gateway, runs: Runs) -> None:
    it = next(one["pathspec"] for one in artifacts_of(over, runs, "values") if one["name"] == "text_long")
    found = over.data(LENGTHS, it=it, length=None)["artifact"]
    assert [len(found[name]) for name in ("preview", "default", "none", "one", "most")] == [200, 200, 0, 1, 10_000]
    assert found["default"][:199] == "'" + ("0123456789" * 20)[:198]


@pytest.mark.parametrize("length", [-1, 10_001])
def test_a_preview_of_another_length_is_refused(over: Gateway, runs: Runs, length: int) -> None:
    it = artifacts_of(over, runs, "values")[0]["pathspec"]
    query = "query($it: String!, $length: Int) { artifact(pathspec: $it) { name preview(length: $length) } }"
    answer = over.answer(query, variables={"it": it, "length": length})
    assert errors_of(answer) == [("LIMIT_EXCEEDED", ["artifact", "preview"])]
    assert answer["data"]["artifact"]["preview"] is None


def test_previews_of_plain_values_are_what_python_shows(over: Gateway, runs: Runs) -> None:
    previews = {one["name"]: one["preview"] for one in artifacts_of(over, runs, "values")}
    shown = {"none": "None", "true": "True", "zero": "0", "text": "'plain text'", "tuple_one": "(1,)", "nan": "nan"}
    shown |= {
        "bytes_empty": "b''",
        "set_empty": "set()",
        "dict_numbers": "{1: 'one', 2: 'two'}",
        "cycle_list": "[1, ...]",
    }
    assert {name: previews[name] for name in shown} == shown


# The artifacts of a task by name.

DATA = """query($task: String!) { task(pathspec: $task) { data {
  names values some: values(names: ["x", "absent", "_task_ok", "x"]) none: values(names: [])
  has(name: "x") hidden: has(name: "_task_ok") hasNot: has(name: "absent")
  value(name: "x") hiddenValue: value(name: "_task_ok") absent: value(name: "absent")
  entries { name value artifact { name sha } } few: entries(names: ["numbers", "absent", "_success"]) { name value }
} } }"""


def test_the_data_of_a_task_by_name(over: Gateway, runs: Runs, oracle: Found) -> None:
    task = f"{runs['linear'].pathspec}/middle/2"
    found = over.data(DATA, task=task)["task"]["data"]
    values = {"message": "from start", "name": "LinearFlow", "numbers": list(range(10)), "x": 2}
    entries = found.pop("entries")
    few = [{"name": "numbers", "value": list(range(10))}, {"name": "_success", "value": True}]
    known = {"has": True, "hidden": True, "hasNot": False, "value": 2, "hiddenValue": True, "absent": None}
    parts = {"names": list(values), "values": values, "some": {"x": 2, "_task_ok": True}, "none": {}, "few": few}
    assert found == known | parts
    shas = {name: oracle["objects"][f"{task}/{name}"]["sha"] for name in values}
    assert entries == [
        {"name": name, "value": value, "artifact": {"name": name, "sha": shas[name]}} for name, value in values.items()
    ]


def test_the_data_of_a_run_is_that_of_its_end(over: Gateway, runs: Runs) -> None:
    query = """query($run: String!) { run(pathspec: $run) {
      data { names values(names: "x") } endTask { data { names } }
    } }"""
    found = over.data(query, run=runs["linear"].pathspec)["run"]
    assert found["data"] == {"names": found["endTask"]["data"]["names"], "values": {"x": 3}}
    failed = over.data(query, run=runs["failed"].pathspec)["run"]
    assert failed == {"data": None, "endTask": None}


def test_the_data_of_an_attempt_is_its_own(over: Gateway, runs: Runs) -> None:
    query = """query($task: String!) { task(pathspec: $task) {
      data { value(name: "of_attempt") } attempts { attempt data { value(name: "of_attempt") } }
      artifact(name: "of_attempt") { attempt data }
    } }"""
    found = over.data(query, task=f"{runs['retry_succeeds'].pathspec}/flaky/2")["task"]
    assert found == {
        "data": {"value": 1},
        "attempts": [{"attempt": number, "data": {"value": number}} for number in (0, 1)],
        "artifact": {"attempt": 1, "data": 1},
    }


def test_what_a_run_was_started_with(over: Gateway, runs: Runs) -> None:
    query = "query($run: String!) { run(pathspec: $run) { parameters { name value } } }"
    found = {
        scenario: {
            one["name"]: one["value"] for one in over.data(query, run=runs[scenario].pathspec)["run"]["parameters"]
        }
        for scenario in ("parameters", "parameters_given")
    }
    default, given = found["parameters"], found["parameters_given"]
    plain = {"text": "a text", "number": 7, "ratio": 0.25, "enabled": True, "absent": None, "listed": ["a", "b", "c"]}
    other = {"text": "ä given text", "number": -3, "ratio": 1e-9, "enabled": False, "absent": "set", "listed": ["x"]}
    same = {"hyphened": "by its attribute's name", "late": "made for ParametersFlow", "notes": default["notes"]}
    same |= {"settings": {"model": {"depth": 3, "names": ["x", "y"]}, "rate": 0.1}, "picture": default["picture"]}
    assert default == plain | same | {"tree": {"a": [1, None, {"b": 2.5}]}}
    assert given == other | same | {"tree": []}
    assert list(default) == sorted(default)
    assert over.data(query, run=runs["single"].pathspec) == {"run": {"parameters": []}}


def test_included_files_are_their_content(over: Gateway, runs: Runs) -> None:
    files = {one["name"]: one for one in artifacts_of(over, runs, "parameters") if one["name"] in ("notes", "picture")}
    notes, picture = (FLOWS / "notes.txt").read_bytes(), (FLOWS / "picture.bin").read_bytes()
    assert {name: one["size"] for name, one in files.items()} == {"notes": len(notes), "picture": len(picture)}
    assert {name: one["data"] for name, one in files.items()} == {
        "notes": notes.decode(),
        "picture": json_view(picture),
    }
    assert files["notes"]["preview"].startswith("'The first line.\\n")


def test_a_config_is_shown_as_what_it_holds(over: Gateway, runs: Runs) -> None:
    values = {one["name"]: one["data"] for one in artifacts_of(over, runs, "parameters")}
    assert values["whole_settings"] == values["settings"] == {"model": {"depth": 3, "names": ["x", "y"]}, "rate": 0.1}


def test_the_exception_that_ended_a_task(over: Gateway, runs: Runs, oracle: Found) -> None:
    query = """query($task: String!) { task(pathspec: $task) {
      exception { type message stacktrace caught } artifact(name: "_exception") { data }
    } }"""
    task = f"{runs['failed'].pathspec}/fails/3"
    client = oracle["objects"][task]["exception"]
    found = over.data(query, task=task)["task"]
    message = "-5 degrees are too cold"
    expected = {"type": "__main__.TooCold", "message": message, "stacktrace": client["stacktrace"], "caught": False}
    assert found["exception"] == expected
    assert "KeyError: 'heating'" in found["exception"]["stacktrace"]
    assert found["artifact"]["data"]["exception"] == message
    assert over.data(query, task=f"{runs['linear'].pathspec}/end/3")["task"]["exception"] is None


# Objects made by hand.


def put_artifact(root: Path, name: str, value: object, **more: object) -> None:
    """An artifact of Made/1/start/1, as Metaflow stores it."""
    data = value if isinstance(value, bytes) else pickle.dumps(value, 4)
    sha = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    blob = root / ".metaflow" / "Made" / "data" / sha[:2] / sha
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(gzip.compress(data, 3))
    put(Path(f"{blob}_meta"), {"cas_raw": False, "cas_version": 1})
    record = {"sha": sha, "ts_epoch": EPOCH_MS, "content_type": "pickle-v4", "ds_type": "local"}
    meta = root / ".metaflow" / "Made/1/start/1/_meta"
    put(meta / f"0_artifact_{name}.json", record | {"location": f":root:{root}/.metaflow"} | more)


def put_task(root: Path, **values: object) -> None:
    put_run(root, "1")
    put_object(root, "Made/1/start", EPOCH_MS)
    folder = put_object(root, "Made/1/start/1", EPOCH_MS)
    event = {"field_name": "attempt-done", "value": "0", "tags": ["attempt_id:0"], "ts_epoch": EPOCH_MS}
    put(folder / "_meta" / f"sysmeta_attempt-done_{EPOCH_MS}.json", event)
    infos = {name: {"type": str(type(value)), "size": len(pickle.dumps(value, 4))} for name, value in values.items()}
    put(folder / "0.data.json", {"info": infos})
    for name, value in values.items():
        put_artifact(root, name, value)


MADE = """{ task(pathspec: "Made/1/start/1") {
  artifacts { name type size data preview(length: 30) } data { values entries { name value } }
} }"""

KEYS = {
    "dates": {dt.date(2024, 2, 29): 1, dt.date(2024, 3, 1): 2},
    "datetimes": {dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.UTC): 1},
    "times": {dt.time(12, 30): 1, dt.timedelta(days=1, seconds=1): 2},
    "apart": {dt.date(2024, 2, 29): 1, "2024-03-01": 2},
    "not_apart": {dt.date(2024, 2, 29): 1, "2024-02-29": 2},
    "others": {Decimal("1.10"): 1, 1 + 2j: 2, PurePosixPath("/a"): 3, ipaddress.IPv4Address("192.0.2.1"): 4, True: 5},
    "tuples": {(1, "a"): 1, (1, ("b",)): 2},
    "several_sets": {"mixed": {1, "a", None, (2,)}, "numbers": {3, 1.5, 2}, "texts": frozenset("cab")},
}


def test_keys_are_their_text_where_that_keeps_them_apart(tmp_path: Path) -> None:
    put_task(tmp_path, **KEYS)
    with opened(tmp_path) as gateway:
        values = gateway.data(MADE)["task"]["data"]["values"]
    assert values == {name: json_view(value) for name, value in KEYS.items()}
    assert values["dates"] == {"2024-02-29": 1, "2024-03-01": 2}
    assert values["times"] == {"12:30:00": 1, "1 day, 0:00:01": 2}
    assert values["apart"] == {"2024-02-29": 1, "2024-03-01": 2}
    assert values["not_apart"] == [["2024-02-29", 1], ["2024-02-29", 2]]


LARGE = {"large": "x" * 5_000, "long": list(range(1_000)), "small": 1}


def test_a_value_that_is_too_large_still_has_a_preview_a_size_and_a_type(tmp_path: Path) -> None:
    put_task(tmp_path, **LARGE)
    with opened(tmp_path, limits=Limits(bytes=1_000)) as gateway:
        answer = gateway.answer(MADE)
    task = answer["data"]["task"]
    assert [one["data"] for one in task["artifacts"]] == [None, None, 1]
    assert [one["type"] for one in task["artifacts"]] == ["str", "list", "int"]
    assert [one["size"] for one in task["artifacts"]] == [len(pickle.dumps(value, 4)) for value in LARGE.values()]
    assert all(0 < len(one["preview"]) <= 30 for one in task["artifacts"])
    values = [{"name": name, "value": 1 if name == "small" else None} for name in LARGE]
    assert task["data"] == {"values": None, "entries": values}
    places = [["artifacts", 0, "data"], ["artifacts", 1, "data"], ["data", "values"]]
    places += [["data", "entries", 0, "value"], ["data", "entries", 1, "value"]]
    assert sorted(errors_of(answer), key=str) == sorted(
        (("ARTIFACT_TOO_LARGE", ["task", *at]) for at in places), key=str
    )


@pytest.mark.parametrize("limits", [Limits(items=100), Limits(text=100, items=100), Limits(memo=0, items=50)])
def test_a_view_that_is_too_large_still_has_a_preview(tmp_path: Path, limits: Limits) -> None:
    put_task(tmp_path, long=list(range(1_000)))
    with opened(tmp_path, limits=limits) as gateway:
        answer = gateway.answer('{ artifact(pathspec: "Made/1/start/1/long") { data preview(length: 12) size } }')
    size = len(pickle.dumps(list(range(1_000)), 4))
    assert answer["data"] == {"artifact": {"data": None, "preview": "[0, 1, 2, 3…", "size": size}}
    assert errors_of(answer) == [("ARTIFACT_TOO_LARGE", ["artifact", "data"])]


UNREADABLE: dict[str, tuple[object, Found]] = {
    "no pickle": (b"no pickle at all", {}),
    "cut off": (pickle.dumps("x" * 100, 4)[:50], {}),
    "of another encoding": ("text", {"content_type": "json"}),
    "of no store": ("text", {"sha": "../../etc/passwd"}),
    "in another datastore": ("text", {"location": ":root:s3://bucket/metaflow", "ds_type": "s3"}),
}


@pytest.mark.parametrize("why", UNREADABLE)
def test_what_can_not_be_decoded_costs_its_value(tmp_path: Path, why: str) -> None:
    put_task(tmp_path, fine=1)
    value, more = UNREADABLE[why]
    put_artifact(tmp_path, "wrong", value, **more)
    with opened(tmp_path) as gateway:
        answer = gateway.answer("""{ task(pathspec: "Made/1/start/1") { data { entries { name value } } } }""")
    assert answer["data"]["task"]["data"]["entries"] == [{"name": "fine", "value": 1}, {"name": "wrong", "value": None}]
    assert errors_of(answer) == [("ARTIFACT_UNREADABLE", ["task", "data", "entries", 1, "value"])]
    assert str(tmp_path) not in answer["errors"][0]["message"]
    assert "Made/1/start/1/wrong" in answer["errors"][0]["message"]


def test_outcomes_are_known_by_their_hashes_without_being_read(tmp_path: Path) -> None:
    put_task(tmp_path, _success=True, _task_ok=False, nothing=None)
    for blob in (tmp_path / ".metaflow" / "Made" / "data").glob("*/*"):
        blob.unlink()
    query = """{ task(pathspec: "Made/1/start/1") {
      successful finished data { values(names: ["_success", "_task_ok", "nothing"]) }
    } }"""
    with opened(tmp_path) as gateway:
        task = gateway.data(query)["task"]
    values = {"_success": True, "_task_ok": False, "nothing": None}
    assert task == {"successful": True, "finished": False, "data": {"values": values}}


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("import pathlib; pathlib.Path('executed').touch()",)


def test_nothing_of_a_value_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put_task(tmp_path, evil=Evil())
    with opened(tmp_path) as gateway:
        answer = gateway.answer(MADE)
    assert answer["data"]["task"]["data"]["values"]["evil"]["__class__"] == "builtins.exec"
    assert not (tmp_path / "executed").exists()


def test_one_object_in_several_artifacts_is_read_once(over: Gateway, tmp_path: Path) -> None:
    put_task(tmp_path, one=[1, 2], same=[1, 2], other=[3])
    with opened(tmp_path) as gateway:
        query = '{ task(pathspec: "Made/1/start/1") { data { values } } }'
        first, again = gateway.usage(query), gateway.usage(query)
    assert first["fileReads"] - again["fileReads"] >= 4


def test_a_hundred_different_values_are_one_batch(over: Gateway, runs: Runs) -> None:
    query = f'{{ run(pathspec: "{runs["values"].pathspec}") {{ artifacts(first: 500) {{ nodes {{ data }} }} }} }}'
    assert len(over.data(query)["run"]["artifacts"]["nodes"]) > 100
    assert over.usage(query)["calls"].get("blobs", 0) <= 1
