"""The code of tasks and runs: what Metaflow's client tells of it, and no token."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import lockstep
from archives import entry, hand_made, package
from conftest import Limiting
from gateways import Gateway
from in_process import errors_of, opened
from local_trees import EPOCH_MS, put, put_object, put_run
from metaflow_graphql.providers import usage
from metaflow_graphql.providers.base import BlobKey, Key
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers import code, context
from metaflow_graphql.server import limits
from running import FLOWS, Runs

ALL = "{ path info scriptName flowspec tarball { size files { path size text } } }"
TASK = "Made/1/start/1"
INFO = {"script": "flow.py", "environment_type": "local", "production_token": "s3cret", "use_r": False}
SAFE = {"script": "flow.py", "environment_type": "local", "use_r": False}
V0 = {"INFO": json.dumps(INFO).encode(), "flow.py": b"class Made: ...\n", "logo.bin": b"\xff"}
V1 = {".mf_install": b"{}", ".mf_meta/INFO": V0["INFO"], "flow.py": V0["flow.py"], ".mf_code/metaflow/x.py": b"x = 1\n"}


def put_task(root: Path, task: str = TASK, **metadata: object) -> None:
    put_run(root, task.split("/")[1])
    put_object(root, task.rpartition("/")[0], EPOCH_MS)
    put_object(root, task, EPOCH_MS)
    for name, value in metadata.items():
        put_event(root, task, name, value)


def put_event(root: Path, task: str, name: str, value: object, attempt: int = 0) -> None:
    name, at = name if name.startswith("conda") else name.replace("_", "-"), EPOCH_MS + attempt
    tags = [f"attempt_id:{attempt}"]
    record: dict[str, object] = {"field_name": name, "value": value, "type": name, "ts_epoch": at, "tags": tags}
    put(root / ".metaflow" / task / "_meta" / f"sysmeta_{name}_{at}.json", record)


def put_package(root: Path, content: bytes | Mapping[str, bytes], flow: str = "Made") -> str:
    """The metadata `code-package` of a package that is stored now."""
    archive = content if isinstance(content, bytes) else package(content)
    sha = hashlib.sha1(archive, usedforsecurity=False).hexdigest()
    path = root / ".metaflow" / flow / "data" / sha[:2] / sha
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(archive)
    path.with_name(f"{sha}_meta").write_text('{"cas_raw": true, "cas_version": 1}')
    return recorded(sha, flow)


def recorded(sha: str, flow: str = "Made") -> str:
    return json.dumps({"ds_type": "local", "sha": sha, "location": f"/was/.metaflow/{flow}/data/{sha[:2]}/{sha}"})


def asked(root: Path, fields: str = ALL, task: str = TASK, attempt: int | None = None) -> Any:
    query = f"query ($t: String!, $a: Int) {{ task(pathspec: $t, attempt: $a) {{ code {fields} }} }}"
    with opened(root) as gateway:
        return gateway.data(query, t=task, a=attempt)["task"]["code"]


def refused(root: Path, fields: str = ALL) -> tuple[Any, list[tuple[str, list[str | int]]]]:
    with opened(root) as gateway:
        answer = gateway.answer(f'{{ task(pathspec: "{TASK}") {{ code {fields} }} }}')
    return answer["data"]["task"]["code"], errors_of(answer)


def of_run(runs: Runs, step: str = "end") -> str:
    run = runs["linear_with_code"].pathspec
    (task,) = [path.name for path in (runs.datastore / run / step).iterdir() if path.name != "_meta"]
    return f"{run}/{step}/{task}"


def test_the_source_of_a_real_run_is_that_of_its_file(gateway: Gateway, runs: Runs) -> None:
    query = 'file(path: "linear.py") { path size text } none: file(path: "../linear.py") { path }'
    query = f'{{ {query} files(prefix: "li") {{ path }} }}'
    found = gateway.data(
        f"query ($t: String!) {{ task(pathspec: $t) {{ code {{ flowspec tarball {query} }} }} }}", t=of_run(runs)
    )
    source = (FLOWS / "linear.py").read_text()
    assert found["task"]["code"] == {
        "flowspec": source,
        "tarball": {
            "file": {"path": "linear.py", "size": len(source.encode()), "text": source},
            "none": None,
            "files": [{"path": "linear.py"}],
        },
    }


def test_size_is_that_of_the_stored_package(gateway: Gateway, runs: Runs) -> None:
    found = gateway.data(
        "query ($t: String!) { task(pathspec: $t) { code { path tarball { size } } } }", t=of_run(runs)
    )
    stored = Path(found["task"]["code"]["path"])
    assert found["task"]["code"]["tarball"]["size"] == stored.stat().st_size


def test_a_run_without_stored_code_has_none(gateway: Gateway, runs: Runs) -> None:
    query = "query ($r: String!) { run(pathspec: $r) { code { id } steps { environmentInfo task { code { id } } } } }"
    none = {"environmentInfo": None, "task": {"code": None}}
    assert gateway.data(query, r=runs["linear"].pathspec) == {"run": {"code": None, "steps": [none] * 3}}


@pytest.mark.parametrize(("files", "info"), [(V0, "INFO"), (V1, ".mf_meta/INFO")])
def test_both_layouts_are_read_and_tell_no_token(tmp_path: Path, files: dict[str, bytes], info: str) -> None:
    put_task(tmp_path, script_name="flow.py", code_package=put_package(tmp_path, files))
    (stored,) = (tmp_path / ".metaflow/Made/data").glob("*/" + "[0-9a-f]" * 40)
    texts = {path: content.decode() for path, content in files.items() if content != b"\xff"}
    texts[info] = json.dumps(SAFE, separators=(",", ":"))
    found = asked(tmp_path)
    assert found == {
        "path": f"/was/.metaflow/Made/data/{stored.name[:2]}/{stored.name}",
        "info": SAFE,
        "scriptName": "flow.py",
        "flowspec": "class Made: ...\n",
        "tarball": {
            "size": stored.stat().st_size,
            "files": [{"path": path, "size": len(files[path]), "text": texts.get(path)} for path in sorted(files)],
        },
    }
    assert "s3cret" not in json.dumps(found)


def test_the_script_is_named_by_info_where_metadata_do_not(tmp_path: Path) -> None:
    put_task(tmp_path, code_package=put_package(tmp_path, V0))
    assert asked(tmp_path, "{ scriptName flowspec }") == {"scriptName": "flow.py", "flowspec": "class Made: ...\n"}


def test_a_package_without_info_still_has_its_files(tmp_path: Path) -> None:
    put_task(tmp_path, code_package=put_package(tmp_path, {"a.py": b"1"}))
    assert asked(tmp_path, "{ info scriptName flowspec tarball { files { path } } }") == {
        "info": None,
        "scriptName": None,
        "flowspec": None,
        "tarball": {"files": [{"path": "a.py"}]},
    }


def test_path_and_script_cost_no_download(tmp_path: Path) -> None:
    put_task(tmp_path, script_name="flow.py", code_package=put_package(tmp_path, V0))
    query = f'{{ task(pathspec: "{TASK}") {{ code {{ path scriptName tarball {{ size }} }} }} }}'
    calls = lockstep.calls(tmp_path, query)
    assert calls.get("blobs", 0) == 0


def test_many_tasks_of_one_package_cost_one_download(tmp_path: Path) -> None:
    stored = put_package(tmp_path, V0)
    for number in range(20):
        put_task(tmp_path, f"Made/1/start/{number}", script_name="flow.py", code_package=stored)
    fields = 'code { info flowspec tarball { size file(path: "flow.py") { size } } }'
    query = f'{{ step(pathspec: "Made/1/start") {{ tasks {{ nodes {{ {fields} }} }} }} }}'
    assert lockstep.calls(tmp_path, query)["blobs"] == 1


def test_an_info_counts_as_a_value_of_the_answer(tmp_path: Path) -> None:
    put_task(tmp_path, code_package=put_package(tmp_path, V0))
    gateway = context.Gateway({"default": LocalProvider("default", tmp_path)}, "default")

    async def infos(left: int) -> list[object]:
        usage.current.set(usage.Usage(values_left=left))
        of_one = context.context_for(gateway, None)
        found = await of_one.derived(code.code_of).load(Key("default", TASK))
        assert found is not None
        return [*await code.info([found, found], cast("context.Info", SimpleNamespace(context=of_one)))]

    first, second = lockstep.run(infos(1))
    assert (first, str(second)) == (
        SAFE,
        f"The code package of {TASK}: The values of this answer are too large together (valuesBytes in "
        "serverInfo.limits): ask for fewer.",
    )


def test_files_count_before_they_are_made(tmp_path: Path, limit: Limiting) -> None:
    put_task(tmp_path, code_package=put_package(tmp_path, {f"{number}.py": b"" for number in range(5)}))
    # root, task, code, tarball; five files
    limit(limits.ANSWER_OBJECTS, 4 + 5)
    assert len(asked(tmp_path, "{ tarball { files { path } } }")["tarball"]["files"]) == 5
    limit(limits.ANSWER_OBJECTS, 4)
    with opened(tmp_path) as gateway:
        answer = gateway.answer(f'{{ task(pathspec: "{TASK}") {{ code {{ tarball {{ files {{ path }} }} }} }} }}')
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["task", "code", "tarball", "files"], "LIMIT_EXCEEDED")


def test_each_attempt_has_its_own_code(tmp_path: Path) -> None:
    put_task(tmp_path, attempt="0", code_package=put_package(tmp_path, {"first.py": b"1"}))
    put_event(tmp_path, TASK, "attempt", "1", 1)
    put_event(tmp_path, TASK, "code_package", put_package(tmp_path, {"second.py": b"2"}), 1)
    found = [asked(tmp_path, "{ id tarball { files { path } } }", attempt=attempt) for attempt in (0, 1, None)]
    assert [one["tarball"]["files"][0]["path"] for one in found] == ["first.py", "second.py", "second.py"]
    assert len({one["id"] for one in found}) == 3


def test_a_clone_has_the_code_of_its_origin(tmp_path: Path) -> None:
    put_task(tmp_path, code_package=put_package(tmp_path, V0))
    put_task(tmp_path, "Made/2/start/1", origin_run_id="1", origin_task_id="1")
    assert asked(tmp_path, "{ scriptName }", "Made/2/start/1") == {"scriptName": "flow.py"}


def test_the_code_of_a_run_is_that_of_the_newest_step_whose_newest_task_has_it(tmp_path: Path) -> None:
    with_code = put_package(tmp_path, V0)
    for at, (task, stored) in enumerate({"a/1": True, "b/2": True, "b/3": False, "c/4": False}.items()):
        step = task.partition("/")[0]
        put_run(tmp_path, "1")
        put_object(tmp_path, f"Made/1/{step}", EPOCH_MS + at)
        put_object(tmp_path, f"Made/1/{task}", EPOCH_MS + at)
        if stored:
            put_event(tmp_path, f"Made/1/{task}", "code_package", with_code)
    with opened(tmp_path) as gateway:
        query = '{ run(pathspec: "Made/1") { code { id } step(name: "a") { task { code { id } } } } }'
        found = gateway.data(query)["run"]
    assert found["code"] == found["step"]["task"]["code"]
    assert found["code"] is not None


@pytest.mark.parametrize("written", ["{", "[]", '{"sha": "../../../etc/passwd"}', '"text"'])
def test_metadata_that_name_no_package_are_corrupt(tmp_path: Path, written: str) -> None:
    put_task(tmp_path, code_package=written)
    assert refused(tmp_path) == (None, [("CORRUPT_METADATA", ["task", "code"])])


def test_a_package_that_is_gone_or_damaged_leaves_what_metadata_tell(tmp_path: Path) -> None:
    put_task(tmp_path, script_name="flow.py", code_package=recorded("0" * 40))
    fields = "{ scriptName info flowspec tarball { size } }"
    nothing = {"scriptName": "flow.py", "info": None, "flowspec": None, "tarball": None}
    unreadable = [("ARTIFACT_UNREADABLE", ["task", "code", name]) for name in ("flowspec", "info", "tarball")]
    assert refused(tmp_path, fields) == (nothing, unreadable)


def test_an_archive_that_is_none_costs_what_is_read_of_it(tmp_path: Path) -> None:
    put_task(tmp_path, script_name="flow.py", code_package=put_package(tmp_path, b"no archive"))
    found, errors = refused(tmp_path, "{ info tarball { size } }")
    assert found == {"info": None, "tarball": {"size": 10}}
    assert errors == [("ARTIFACT_UNREADABLE", ["task", "code", "info"])]
    found, errors = refused(tmp_path, "{ scriptName tarball { size files { path } } }")
    assert found == {"scriptName": "flow.py", "tarball": None}
    assert errors == [("ARTIFACT_UNREADABLE", ["task", "code", "tarball", "files"])]


def test_a_hostile_archive_is_listed_and_never_unpacked(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    names = [b"../../../outside", str(outside).encode()]
    hostile = hand_made([*(entry(name, content=b"1") for name in names), entry(b"link", b"2"), entry(b"null", b"3")])
    put_task(root, code_package=put_package(root, hostile))
    before = sorted(tmp_path.rglob("*"))
    listed = sorted([{"path": name.decode(), "text": "1"} for name in names], key=lambda file: file["path"])
    assert asked(root, "{ tarball { files { path text } } }") == {"tarball": {"files": listed}}
    assert sorted(tmp_path.rglob("*")) == before


def test_a_text_beyond_the_limit_is_refused_and_names_it(tmp_path: Path) -> None:
    put_task(tmp_path, code_package=put_package(tmp_path, {"a": b" " * (4 * 2**20 + 1), "b": b"1"}))
    found, errors = refused(tmp_path, "{ tarball { files { path text } } }")
    assert found == {"tarball": {"files": [{"path": "a", "text": None}, {"path": "b", "text": "1"}]}}
    assert errors == [("LIMIT_EXCEEDED", ["task", "code", "tarball", "files", 0, "text"])]


def test_a_package_of_another_datastore_or_flow_is_not_looked_for_there(tmp_path: Path) -> None:
    stored = json.loads(put_package(tmp_path, V0, "Other"))
    put_task(tmp_path, code_package=json.dumps(stored))
    assert refused(tmp_path, "{ info }") == ({"info": None}, [("ARTIFACT_UNREADABLE", ["task", "code", "info"])])
    elsewhere = stored | {"location": f"s3://bucket/Made/data/{stored['sha'][:2]}/{stored['sha']}"}
    put_event(tmp_path, TASK, "code_package", json.dumps(elsewhere), 1)
    assert refused(tmp_path, "{ tarball { size } }") == (
        {"tarball": None},
        [("ARTIFACT_UNREADABLE", ["task", "code", "tarball"])],
    )


MANIFEST = {"linux-64": {"abc": {"packages": ["numpy"]}}}


@pytest.mark.parametrize(
    ("kind", "prefix", "expected"),
    [
        *(("local", None, "Local environment"), ("uv", None, "Local environment"), ("other", None, None)),
        *((None, None, None), ("conda", None, {}), ("pypi", None, {})),
        ("conda", "metaflow/abc/linux-64", {"packages": ["numpy"]}),
        ("pypi", "metaflow/abc/linux-64", {"packages": ["numpy"]}),
        *(("conda", prefix, None) for prefix in ("metaflow/abc/other", "metaflow/x/linux-64", "", "a/b")),
    ],
)
@pytest.mark.parametrize("folder", ["", ".mf_meta/"])
def test_an_environment_is_told_as_the_client_tells_it(
    tmp_path: Path, kind: str | None, prefix: str | None, expected: object, folder: str
) -> None:
    info = json.dumps({"script": "a.py", "environment_type": kind}).encode()
    marker = {".mf_install": b"{}"} if folder else {}
    files = marker | {f"{folder}INFO": info, f"{folder}conda.manifest": json.dumps(MANIFEST).encode()}
    more = {} if prefix is None else {"conda_env_prefix": prefix}
    put_task(tmp_path, code_package=put_package(tmp_path, files), **more)
    query = f'{{ task(pathspec: "{TASK}") {{ environmentInfo parent {{ ... on Step {{ environmentInfo }} }} }} }}'
    with opened(tmp_path) as gateway:
        found = gateway.data(query)["task"]
    assert found == {"environmentInfo": expected, "parent": {"environmentInfo": expected}}


def test_a_manifest_that_is_damaged_costs_the_environment(tmp_path: Path) -> None:
    info = json.dumps({"environment_type": "conda"}).encode()
    files = {"INFO": info, "conda.manifest": b"{"}
    put_task(tmp_path, conda_env_prefix="a/b/c", code_package=put_package(tmp_path, files))
    with opened(tmp_path) as gateway:
        answer = gateway.answer(f'{{ task(pathspec: "{TASK}") {{ environmentInfo }} }}')
    assert answer["data"] == {"task": {"environmentInfo": None}}
    assert errors_of(answer) == [("ARTIFACT_UNREADABLE", ["task", "environmentInfo"])]


def test_a_package_is_found_for_a_download(tmp_path: Path) -> None:
    stored = json.loads(put_package(tmp_path, V0))
    put_task(tmp_path, attempt="0", code_package=json.dumps(stored))
    put_task(tmp_path, "Made/1/start/2")
    gateway = context.Gateway({"default": LocalProvider("default", tmp_path)}, "default")

    async def found(task: str, attempt: int | None = None) -> BlobKey | None:
        return await code.package_of(context.context_for(gateway, None), Key("default", task, attempt))

    expected = BlobKey("/was/.metaflow", "Made", stored["sha"], raw=True)
    assert [lockstep.run(found(TASK, attempt)) for attempt in (None, 0, 1)] == [expected, expected, None]
    assert lockstep.run(found("Made/1/start/2")) is None
    assert lockstep.run(found("Made/1/start/9")) is None
