"""Tags: Metaflow's rules, and what happens when many change them at once."""

import asyncio
import errno
import fcntl
import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from local_trees import EPOCH_MS, ask, key, put_run
from metaflow_graphql.providers import records
from metaflow_graphql.providers.errors import (
    CorruptMetadata,
    InvalidTag,
    NotFound,
    ReadOnlyProvider,
    SystemTag,
    TagConflict,
)
from metaflow_graphql.providers.local import tags
from metaflow_graphql.providers.local.provider import LocalProvider
from running import Runs

RUN = "Made/1"
NONE: frozenset[str] = frozenset()


@pytest.fixture
def local(tmp_path: Path) -> LocalProvider:
    put_run(tmp_path, "1", tags=("old",))
    return LocalProvider("default", tmp_path)


def self_file(root: Path) -> Path:
    return root / ".metaflow" / RUN / "_meta" / "_self.json"


def stored(root: Path) -> dict[str, Any]:
    return json.loads(self_file(root).read_text())


def mutate(local: LocalProvider, add: set[str] | None = None, remove: set[str] | None = None) -> records.Run:
    return ask(lambda: local.mutate_tags(key(RUN), frozenset(add or ()), frozenset(remove or ())))


def test_tags_are_removed_and_then_added(local: LocalProvider, tmp_path: Path) -> None:
    before = stored(tmp_path)
    changed = mutate(local, {"new", "both"}, {"old", "both", "absent"})
    assert changed.user_tags == ["both", "new"]
    assert changed.tags == ["both", "new", "runtime:dev", "user:tester"]
    assert changed == ask(lambda: local.runs([key(RUN)]))[0]
    assert stored(tmp_path) == before | {"tags": ["both", "new"]}


def test_all_else_in_the_record_stays(local: LocalProvider, tmp_path: Path) -> None:
    self_file(tmp_path).write_text(json.dumps(stored(tmp_path) | {"unknown": [1, None], "user_name": None}))
    self_file(tmp_path).chmod(0o640)
    mutate(local, {"ä"})
    assert (stored(tmp_path)["unknown"], stored(tmp_path)["user_name"]) == ([1, None], None)
    assert (stored(tmp_path)["ts_epoch"], self_file(tmp_path).stat().st_mode & 0o777) == (EPOCH_MS, 0o640)
    assert os.listdir(self_file(tmp_path).parent) == ["_self.json"]


def test_nothing_is_written_where_nothing_changes(local: LocalProvider, tmp_path: Path) -> None:
    before = self_file(tmp_path).stat().st_ino
    assert mutate(local, {"old", "runtime:dev"}, {"absent"}).user_tags == ["old"]
    assert self_file(tmp_path).stat().st_ino == before


def test_system_tags_are_not_removed(local: LocalProvider, tmp_path: Path) -> None:
    with pytest.raises(SystemTag, match="user:tester"):
        mutate(local, {"new"}, {"user:tester"})
    assert stored(tmp_path)["tags"] == ["old"]


def test_a_run_has_fifty_tags_at_most(local: LocalProvider) -> None:
    assert len(mutate(local, {str(number) for number in range(49)}).user_tags) == 50
    with pytest.raises(InvalidTag, match="51"):
        mutate(local, {"one too many"})
    assert len(mutate(local, {"another"}, {"old"}).user_tags) == 50


def test_a_run_with_too_many_tags_may_lose_some(local: LocalProvider, tmp_path: Path) -> None:
    self_file(tmp_path).write_text(json.dumps(stored(tmp_path) | {"tags": [str(number) for number in range(60)]}))
    assert len(mutate(local, {"new"}, {"1"}).user_tags) == 60
    assert len(mutate(local, None, {"2"}).user_tags) == 59


@pytest.mark.parametrize("pathspec", ["Made/2", "Other/1", "Made/data"])
def test_a_run_that_is_not_there_has_no_tags(local: LocalProvider, pathspec: str) -> None:
    with pytest.raises(NotFound):
        ask(lambda: local.mutate_tags(key(pathspec), frozenset({"x"}), NONE))


def test_no_root_has_no_run() -> None:
    with pytest.raises(NotFound):
        mutate(LocalProvider("default", None), {"x"})


def test_a_damaged_run_keeps_its_bytes(local: LocalProvider, tmp_path: Path) -> None:
    self_file(tmp_path).write_text('{"ts_ep')
    with pytest.raises(CorruptMetadata):
        mutate(local, {"x"})
    assert self_file(tmp_path).read_text() == '{"ts_ep'


def test_a_provider_may_be_configured_to_change_nothing(tmp_path: Path) -> None:
    put_run(tmp_path, "1")
    local = LocalProvider("default", tmp_path, read_only=True)
    assert not asyncio.run(local.can_mutate_tags())
    with pytest.raises(ReadOnlyProvider):
        mutate(local, {"x"})


@pytest.mark.parametrize("fault", [errno.EROFS, errno.EACCES])
def test_a_tree_that_cannot_be_written_is_read_only(
    local: LocalProvider, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    opens = os.open

    def refused(path: Any, flags: int, *arguments: Any, **more: Any) -> int:
        if flags & os.O_CREAT:
            raise OSError(fault, "refused")
        return opens(path, flags, *arguments, **more)

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(ReadOnlyProvider):
        mutate(local, {"x"})


def test_a_run_is_not_written_through_a_symlink(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    written = put_run(outside, "1") / "_meta" / "_self.json"
    put_run(tmp_path, "2")
    (tmp_path / ".metaflow" / RUN).symlink_to(outside / ".metaflow" / RUN)
    before = written.read_bytes()
    with pytest.raises(NotFound):
        mutate(LocalProvider("default", tmp_path), {"x"})
    assert written.read_bytes() == before


def test_who_waits_for_a_lock_too_long_is_told(
    local: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tags, "_LOCK_SECONDS", 0.05)
    folder = os.open(self_file(tmp_path).parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with pytest.raises(TagConflict):
        mutate(local, {"x"})
    os.close(folder)
    assert mutate(local, {"x"}).user_tags == ["old", "x"]


def test_where_folders_cannot_be_locked_a_hidden_file_is(
    local: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks = fcntl.flock

    def as_on_nfs(descriptor: int, operation: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EBADF, "not open for writing")
        locks(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", as_on_nfs)
    assert mutate(local, {"x"}).user_tags == ["old", "x"]
    assert sorted(os.listdir(tmp_path / ".metaflow")) == [".metaflow-graphql.lock", "Made"]


def test_what_metaflow_overwrites_is_applied_again(
    local: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Metaflow process that has read before our change puts back what it read, once."""
    overwritten: list[dict[str, Any]] = [stored(tmp_path) | {"tags": ["old", "theirs"], "ts_epoch": EPOCH_MS + 7}]
    sleeps = time.sleep

    def then(seconds: float) -> None:
        if overwritten:
            self_file(tmp_path).write_text(json.dumps(overwritten.pop()))
        sleeps(seconds)

    monkeypatch.setattr(tags.time, "sleep", then)
    changed = mutate(local, {"ours"}, {"old"})
    assert (changed.user_tags, changed.ts_epoch) == (["ours", "theirs"], EPOCH_MS + 7)


def test_a_change_is_seen_by_metaflows_client(runs: Runs, tmp_path: Path) -> None:
    own = runs.copy(tmp_path, "LinearFlow")
    pathspec = own["linear_tagged"].pathspec
    local = LocalProvider("default", own.root)
    changed = ask(lambda: local.mutate_tags(key(pathspec), frozenset({"from the gateway ä"}), frozenset({"nightly"})))
    code = (
        "import json; from metaflow import Run, namespace; namespace(None); "
        f"run = Run('{pathspec}'); told = [sorted(run.user_tags), sorted(run.tags), run._object['ts_epoch']]; "
        "print(json.dumps(told))"
    )
    seen = subprocess.run([sys.executable, "-c", code], env=own.environment(), capture_output=True, check=True)
    assert json.loads(seen.stdout) == [changed.user_tags, changed.tags, changed.ts_epoch]


def toggling(root: Path, tag: str, times: int, answers: "multiprocessing.Queue[int]") -> None:
    """A gateway process that adds and removes its tag in turns, and counts how often it is then not so."""
    local = LocalProvider("default", root)

    async def toggle() -> int:
        lost = 0
        for turn in range(times):
            add, remove = (frozenset({tag}), NONE) if turn % 2 == 0 else (NONE, frozenset({tag}))
            await local.mutate_tags(key(RUN), add, remove)
            lost += (tag in stored(root)["tags"]) != (turn % 2 == 0)
        return lost

    answers.put(asyncio.run(toggle()))


def toggled(root: Path, processes: int, times: int) -> list[int]:
    """How many changes each of several gateway processes lost."""
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[int] = context.Queue()
    started = [
        context.Process(target=toggling, args=(root, f"tag {number}", times, answers)) for number in range(processes)
    ]
    for process in started:
        process.start()
    found = [answers.get(timeout=100) for _ in started]
    for process in started:
        process.join()
    return found


def test_of_a_thousand_changes_by_several_gateways_none_is_lost(local: LocalProvider, tmp_path: Path) -> None:
    assert toggled(tmp_path, 4, 250) == [0, 0, 0, 0]
    assert (stored(tmp_path)["tags"], stored(tmp_path)["ts_epoch"]) == (["old"], EPOCH_MS)
    assert os.listdir(self_file(tmp_path).parent) == ["_self.json"]


def test_of_many_changes_at_once_none_is_lost(local: LocalProvider) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(
            *(
                local.mutate_tags(key(RUN), frozenset({f"tag {number % 25}"}), frozenset({f"tag {number % 25 + 25}"}))
                for number in range(200)
            )
        )

    asyncio.run(all_at_once())
    assert ask(lambda: local.runs([key(RUN)]))[0] == mutate(local, {f"tag {number}" for number in range(25)})


METAFLOW_TAGGING = """
import sys
from metaflow import Run, namespace
namespace(None)
run = Run("Made/1")
while True:
    run.add_tag("theirs")
    run.remove_tag("theirs")
"""


def test_what_metaflow_overwrites_after_success_is_rare(local: LocalProvider, tmp_path: Path, runs: Runs) -> None:
    environment = runs.environment(METAFLOW_DATASTORE_SYSROOT_LOCAL=str(tmp_path))
    tagging = subprocess.Popen([sys.executable, "-c", METAFLOW_TAGGING], env=environment, stderr=subprocess.DEVNULL)
    lost, times = 0, 300
    try:
        until = time.monotonic() + 30
        while stored(tmp_path)["ts_epoch"] == EPOCH_MS and time.monotonic() < until:
            time.sleep(0.05)
        for turn in range(times):
            mutate(local, {"ours"} if turn % 2 == 0 else None, None if turn % 2 == 0 else {"ours"})
            time.sleep(0.0005)
            lost += ("ours" in stored(tmp_path)["tags"]) != (turn % 2 == 0)
        assert tagging.poll() is None, "Metaflow stopped tagging"
    finally:
        tagging.kill()
        tagging.wait()
    print(f"\n{lost} of {times} changes were overwritten by Metaflow half a millisecond after they were answered")
    assert lost <= times // 10
