"""What is damaged, strange or hostile in a tree costs no more than itself."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_trees import EPOCH_MS, ask, ids, key, names, one, page_of, provider, put_object, put_run, runs_key
from metaflow_graphql.providers import records
from metaflow_graphql.providers.base import FlowKey
from metaflow_graphql.providers.errors import CorruptMetadata, GatewayError, ProviderUnavailable
from metaflow_graphql.providers.local.files import LARGEST

DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_text(""),
    "half": lambda path: path.write_text('{"ts_epoch": 17'),
    "binary": lambda path: path.write_bytes(b"\x80\x05\xff" * 9),
    "another form": lambda path: path.write_text("[1]"),
    "no time": lambda path: path.write_text("{}"),
    "time of another kind": lambda path: path.write_text('{"ts_epoch": "now"}'),
    "time beyond all years": lambda path: path.write_text('{"ts_epoch": 99999999999999999}'),
    "deep": lambda path: path.write_text("[" * 100_000),
    "huge": lambda path: path.write_text(" " * LARGEST + "{}"),
    "tags of another kind": lambda path: path.write_text('{"ts_epoch": 1, "tags": [1], "system_tags": 2}'),
}


def self_file(root: Path, pathspec: str) -> Path:
    return root / ".metaflow" / pathspec / "_meta" / "_self.json"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for run in ("1", "2"):
        put_run(tmp_path, run)
        for below in ("start", "start/1", "start/2", "end"):
            put_object(tmp_path, f"Made/{run}/{below}", EPOCH_MS)
    return tmp_path


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_run_costs_itself(tree: Path, damage: Callable[[Path], object]) -> None:
    damage(self_file(tree, "Made/2"))
    local = provider(tree)
    page = page_of(local)
    assert (ids(page), [type(run) for run in page.runs].count(CorruptMetadata)) == (["1"], 1)
    error = one(lambda: local.runs([key("Made/2")]))
    assert isinstance(error, CorruptMetadata)
    assert "Made/2" in str(error)
    assert str(tree) not in str(error)
    assert names(one(lambda: local.steps_of([key("Made/2")]))) == ["start", "end"]


@pytest.mark.parametrize("damage", [damage for name, damage in DAMAGE.items() if name != "tags of another kind"])
def test_a_damaged_step_or_task_costs_its_time(tree: Path, damage: Callable[[Path], object]) -> None:
    damage(self_file(tree, "Made/1/end"))
    damage(self_file(tree, "Made/1/start/2"))
    damage(self_file(tree, "Made"))
    local = provider(tree)
    # Of those whose time is not known, the ids tell the order; they come last.
    assert names(one(lambda: local.steps_of([key("Made/1")]))) == ["start", "end"]
    assert names(one(lambda: local.tasks_of([key("Made/1/start")]))) == ["1", "2"]
    assert isinstance(one(lambda: local.tasks([key("Made/1/start/2")])), records.Task)
    assert isinstance(one(lambda: local.flows([FlowKey("default", "Made", None)])), records.Flow)
    times = ask(
        lambda: local.created_at([key(path) for path in ("Made", "Made/1/end", "Made/1/start/2", "Made/1/start")])
    )
    assert [type(at) for at in times] == [CorruptMetadata] * 3 + [int]


def test_a_repaired_file_is_read_again(tree: Path) -> None:
    file = self_file(tree, "Made/1")
    good = file.read_text()
    file.write_text(good[:20])
    local = provider(tree)
    assert isinstance(one(lambda: local.runs([key("Made/1")])), CorruptMetadata)
    file.write_text(good)
    assert isinstance(one(lambda: local.runs([key("Made/1")])), records.Run)


def test_what_may_not_be_read_costs_itself(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever runs the tests may be root, who may read everything.
    opens, refused = os.open, str(self_file(tree, "Made/2"))

    def as_another_user(path: str, *arguments: Any, **more: Any) -> int:
        if path == refused:
            raise PermissionError(errno.EACCES, "refused", path)
        return opens(path, *arguments, **more)

    monkeypatch.setattr(os, "open", as_another_user)
    assert [type(run) for run in page_of(provider(tree)).runs] == [records.Run, CorruptMetadata]


def test_a_disk_that_fails_is_unavailable(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "scandir", failing)
    error = one(lambda: provider(tree).steps_of([key("Made/1")]))
    assert isinstance(error, ProviderUnavailable)
    assert error.retryable


def special_files(folder: Path) -> list[Path]:
    """Files that are none, named as Metaflow names files."""
    made = [folder / name for name in ("sysmeta_attempt_1.json", "sysmeta_a_1.json", "0_artifact_x.json", "_self.json")]
    os.mkfifo(made[0])
    made[1].mkdir()
    made[2].symlink_to("/dev/zero")
    listening = socket.socket(socket.AF_UNIX)
    working = Path.cwd()
    os.chdir(folder)  # the path of a socket is short
    try:
        listening.bind(made[3].name)
    finally:
        os.chdir(working)
        listening.close()
    return made


def test_pipes_devices_and_folders_named_like_files_are_no_files(tree: Path) -> None:
    meta = tree / ".metaflow" / "Made/1/start/3/_meta"
    meta.mkdir(parents=True)
    assert len(special_files(meta)) == 4
    os.mkfifo(meta.parent / "0.runtime")
    local, task = provider(tree), key("Made/1/start/3", 0)
    assert one(lambda: local.tasks([task])) is None
    assert one(lambda: local.metadata_of([task])) == []
    assert one(lambda: local.attempts_of([task])) == []
    assert one(lambda: local.artifacts_of([task])) == []
    assert one(lambda: local.artifacts([key("Made/1/start/3/x", 0)])) is None
    assert one(lambda: local.created_at([task])) is None
    assert names(one(lambda: local.tasks_of([key("Made/1/start")]))) == ["2", "1"]


def test_a_pipe_in_the_place_of_a_runs_record_is_no_run(tree: Path) -> None:
    self_file(tree, "Made/2").unlink()
    os.mkfifo(self_file(tree, "Made/2"))
    assert ids(page_of(provider(tree))) == ["1"]


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another tree, with the same objects."""
    root = tmp_path_factory.mktemp("outside")
    put_run(root, "1")
    for pathspec in ("Made/1/start", "Made/1/start/1"):
        put_object(root, pathspec, EPOCH_MS)
    return root


@pytest.mark.parametrize("level", range(4))
def test_symlinks_out_of_the_root_are_not_followed(tree: Path, outside: Path, level: int) -> None:
    theirs = ["Made", "1", "start", "1"][: level + 1]
    linked = "/".join([*theirs[:-1], "linked"])
    (tree / ".metaflow" / linked).symlink_to(outside / ".metaflow" / "/".join(theirs))
    local = provider(tree)
    if level == 0:
        assert page_of(local, flow="linked").runs == []
        assert one(lambda: local.flows([FlowKey("default", "linked", None)])) is None
        assert one(lambda: local.runs([key("linked/1")])) is None
    elif level == 1:
        assert ids(page_of(local)) == ["2", "1"]
        assert one(lambda: local.run_counts([runs_key()])) == 2
        assert one(lambda: local.runs([key(linked)])) is None
    elif level == 2:
        assert names(one(lambda: local.steps_of([key("Made/1")]))) == ["start", "end"]
        assert one(lambda: local.steps([key(linked)])) is None
    else:
        assert names(one(lambda: local.tasks_of([key("Made/1/start")]))) == ["2", "1"]
        assert one(lambda: local.tasks([key(linked)])) is None


def test_files_that_are_symlinks_out_of_the_root_are_not_read(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("outside") / "secret.json"
    secret.write_text('{"ts_epoch": 1, "field_name": "a", "value": "secret"}')
    meta = tree / ".metaflow" / "Made/1/start/1/_meta"
    (meta / "sysmeta_a_1.json").symlink_to(secret)
    self_file(tree, "Made/2").unlink()
    self_file(tree, "Made/2").symlink_to(secret)
    local = provider(tree)
    assert one(lambda: local.metadata_of([key("Made/1/start/1")])) == []
    assert one(lambda: local.runs([key("Made/2")])) is None


def test_symlinks_within_the_root_are_followed(tree: Path) -> None:
    (tree / ".metaflow" / "Alias").symlink_to("Made")
    meta = tree / ".metaflow" / "Made/1/start/1/_meta"
    (meta / "event.json").write_text('{"ts_epoch": 1, "field_name": "a", "value": "x"}')
    (meta / "sysmeta_a_1.json").symlink_to("event.json")
    local = provider(tree)
    assert ids(page_of(local, flow="Alias")) == ["2", "1"]
    found = one(lambda: local.metadata_of([key("Alias/1/start/1")]))
    assert isinstance(found, list)
    assert [entry.value for entry in found if isinstance(entry, records.Metadata)] == ["x"]


def test_a_root_that_is_a_symlink_is_a_root(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").mkdir()
    (tmp_path / "alias" / ".metaflow").symlink_to(tree / ".metaflow")
    assert ids(page_of(provider(tmp_path / "alias"))) == ["2", "1"]


def test_names_too_long_for_the_disk_are_not_there(tree: Path) -> None:
    local, long = provider(tree), "\U0001f389" * 255
    assert ask(lambda: local.runs([key(f"Made/{long}"), key(f"{long}/1")])) == [None, None]
    assert one(lambda: local.artifacts([key(f"Made/1/start/1/{long}", 0)])) is None


def test_no_message_tells_where_files_lie(tree: Path) -> None:
    meta = tree / ".metaflow" / "Made/1/start/1/_meta"
    for name in ("sysmeta_attempt_1.json", "sysmeta_attempt-done_1.json", "0_artifact_x.json"):
        (meta / name).write_text("{")
    self_file(tree, "Made/1").write_text("{")
    local, task = provider(tree), key("Made/1/start/1")
    answers = [
        one(lambda: local.runs([key("Made/1")])),
        one(lambda: local.attempts_of([task])),
        one(lambda: local.artifacts_of([task])),
        one(lambda: local.artifacts([key("Made/1/start/1/x", 0)])),
    ]
    assert all(isinstance(error, GatewayError) for error in answers)
    assert [error for error in answers if "Made/1" not in str(error) or "_meta" in str(error)] == []
    assert not any(".metaflow" in str(error) for error in answers)
