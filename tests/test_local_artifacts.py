"""Artifact records: which attempt they are of, and that they are what the client has."""

from pathlib import Path
from typing import Any

import pytest

from local_trees import EPOCH_MS, ask, key, one, opened, provider, put, put_object, put_run
from metaflow_graphql.providers import records
from metaflow_graphql.providers.errors import CorruptMetadata
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.providers.times import rfc3339
from running import Runs

Oracle = dict[str, Any]
TASK = "Made/1/start/1"
SHA = "4028827530eb6c63f2c9d431d7496a6614ea98d7"


@pytest.fixture(scope="module")
def local(runs: Runs) -> LocalProvider:
    return provider(runs.root)


@pytest.fixture
def meta(tmp_path: Path) -> Path:
    """The metadata folder of a task made by hand."""
    put_run(tmp_path, "1")
    put_object(tmp_path, "Made/1/start", EPOCH_MS)
    return put_object(tmp_path, TASK, EPOCH_MS) / "_meta"


def artifact(meta: Path, name: str, attempt: int = 0, **more: object) -> None:
    content = {"name": name, "sha": SHA, "ts_epoch": EPOCH_MS, "content_type": "pickle-v4", "ds_type": "local"}
    put(meta / f"{attempt}_artifact_{name}.json", content | {"location": ":root:/old/.metaflow"} | more)


def done(meta: Path, attempt: int, ms: int) -> None:
    content = {"field_name": "attempt-done", "value": str(attempt), "ts_epoch": EPOCH_MS + ms}
    put(meta / f"sysmeta_attempt-done_{EPOCH_MS + ms}.json", content)


def names(local: LocalProvider, pathspec: str, attempt: int | None = None) -> list[str]:
    found = one(lambda: local.artifact_names_of([key(pathspec, attempt)]))
    assert isinstance(found, list)
    return found


def test_artifacts_are_those_of_the_client(local: LocalProvider, oracle: Oracle) -> None:
    tasks = [path for path in oracle["objects"] if path.count("/") == 3]
    for path in tasks:
        pathspec, _, attempt = path.partition("@")
        asked = key(pathspec, int(attempt) if attempt else None)
        all_names = names(local, asked.pathspec, asked.attempt)
        keys = [key(f"{pathspec}/{name}", asked.attempt) for name in all_names]
        ours = [one for one in ask(lambda keys=keys: local.artifacts(keys)) if isinstance(one, records.DataArtifact)]
        assert [one.name for one in ours] == all_names == sorted(all_names)
        shown = [one for one in ours if not one.name.startswith("_")]
        assert [one.name for one in shown] == oracle["objects"][path]["artifacts"]
        assert one(lambda asked=asked: local.artifacts_of([asked])) == shown
        for record in ours:
            told = oracle["objects"].get(record.pathspec + (f"@{attempt}" if attempt else ""))
            if told:
                assert (record.sha, record.created_at) == (told["sha"], told["created_at"])


def test_a_record_says_all_of_the_artifact(meta: Path, tmp_path: Path) -> None:
    artifact(meta, "x", attempt=1)
    done(meta, 1, 0)
    at = rfc3339(EPOCH_MS)
    assert one(lambda: provider(tmp_path).artifacts([key(f"{TASK}/x")])) == records.DataArtifact(
        id=f"DataArtifact:default/{TASK}/x",
        provider="default",
        pathspec=f"{TASK}/x",
        path_components=["Made", "1", "start", "1", "x"],
        name="x",
        asked=None,
        attempt=1,
        sha=SHA,
        ts_epoch=EPOCH_MS,
        created_at=at,
        finished_at=at,
        content_type="pickle-v4",
        location=f"{tmp_path}/.metaflow/Made/data/{SHA[:2]}/{SHA}",
        root="/old/.metaflow",
    )


def test_without_a_done_attempt_there_are_no_artifacts(meta: Path, tmp_path: Path) -> None:
    artifact(meta, "x")
    local = provider(tmp_path)
    assert (names(local, TASK), one(lambda: local.artifacts([key(f"{TASK}/x")]))) == ([], None)
    assert names(local, TASK, 0) == ["x"]


def test_the_latest_done_attempt_is_the_one_recorded_last(meta: Path, tmp_path: Path) -> None:
    artifact(meta, "first", attempt=0)
    artifact(meta, "second", attempt=1)
    local = provider(tmp_path)
    done(meta, 1, 1)
    assert names(local, TASK) == ["second"]
    done(meta, 0, 2)
    assert names(local, TASK) == ["first"]
    assert names(local, TASK, 1) == ["second"]
    assert names(local, TASK, 5) == []


def test_an_artifact_that_was_asked_for_at_an_attempt_says_so(meta: Path, tmp_path: Path) -> None:
    artifact(meta, "x")
    done(meta, 0, 0)
    local = provider(tmp_path)
    found = ask(lambda: local.artifacts([key(f"{TASK}/x", 0), key(f"{TASK}/x"), key(f"{TASK}/x", 1)]))
    assert [(one.id, one.asked) if isinstance(one, records.DataArtifact) else one for one in found] == [
        (f"DataArtifact:default/{TASK}/x?attempt=0", 0),
        (f"DataArtifact:default/{TASK}/x", None),
        None,
    ]


def test_names_are_taken_to_the_letter(meta: Path, tmp_path: Path) -> None:
    for name in ("xy", "x", "_artifact_", "ä"):
        artifact(meta, name)
    done(meta, 0, 0)
    local = provider(tmp_path)
    assert names(local, TASK) == ["_artifact_", "x", "xy", "ä"]
    assert one(lambda: local.artifacts([key(f"{TASK}/x*")])) is None


@pytest.mark.parametrize(
    ("location", "root"),
    [
        (":root:s3://bucket/pre/fix", "s3://bucket/pre/fix"),
        (f"/s/.metaflow/Made/data/40/{SHA}", "/s/.metaflow"),
        ("elsewhere", ""),
        (None, ""),
    ],
)
def test_the_root_is_what_the_location_says(meta: Path, tmp_path: Path, location: str | None, root: str) -> None:
    artifact(meta, "x", location=location)
    found = one(lambda: provider(tmp_path).artifacts([key(f"{TASK}/x", 0)]))
    assert isinstance(found, records.DataArtifact)
    where = root if "://" in root else f"{tmp_path}/.metaflow"
    assert (found.root, found.location) == (root, f"{where}/Made/data/{SHA[:2]}/{SHA}")


def test_an_artifact_of_long_ago_is_of_the_first_encoding(meta: Path, tmp_path: Path) -> None:
    artifact(meta, "x", content_type=None)
    found = one(lambda: provider(tmp_path).artifacts([key(f"{TASK}/x", 0)]))
    assert isinstance(found, records.DataArtifact)
    assert found.content_type == "gzip+pickle-v2"


def test_a_damaged_artifact_costs_itself(meta: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        artifact(meta, name)
    (meta / "0_artifact_a.json").write_text('{"sha": "40')
    local = provider(tmp_path)
    found = one(lambda: local.artifacts_of([key(TASK, 0)]))
    message = f"The record of {TASK}/a can't be read: it is half-written, damaged or not of Metaflow's form."
    assert isinstance(found, list)
    assert [one.name if isinstance(one, records.DataArtifact) else str(one) for one in found] == [message, "b"]
    assert names(local, TASK, 0) == ["a", "b"]
    assert isinstance(one(lambda: local.artifacts([key(f"{TASK}/a", 0)])), CorruptMetadata)


@pytest.mark.parametrize("value", ["", "x", "1" * 5000, None, -1])
def test_an_attempt_that_is_none_costs_the_artifacts(meta: Path, tmp_path: Path, value: object) -> None:
    put(meta / f"sysmeta_attempt-done_{EPOCH_MS}.json", {"field_name": "x", "value": value, "ts_epoch": EPOCH_MS})
    artifact(meta, "x")
    assert isinstance(one(lambda: provider(tmp_path).artifacts_of([key(TASK)])), CorruptMetadata)


def test_names_are_listed_without_opening_the_artifacts(meta: Path, tmp_path: Path) -> None:
    for number in range(20):
        artifact(meta, f"x{number}")
    done(meta, 0, 0)
    assert opened(lambda: provider(tmp_path).artifact_names_of([key(TASK)])) == 1
