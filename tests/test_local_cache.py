"""What is remembered between requests: what cannot change; and for a moment, what was left alone for long."""

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from local_trees import (
    EPOCH_MS,
    ask,
    ids,
    key,
    names,
    one,
    opened,
    page_of,
    provider,
    put,
    put_object,
    put_run,
    set_modified,
    settle,
)
from metaflow_graphql.providers import records, usage
from metaflow_graphql.providers.base import Key, RunPageKey, RunsKey
from metaflow_graphql.providers.local import folder as folders
from metaflow_graphql.providers.local import threads
from metaflow_graphql.providers.local.provider import LocalProvider
from running import Runs

TASK = "Made/1/start/1"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    put_run(tmp_path, "1")
    put_object(tmp_path, "Made/1/start", EPOCH_MS)
    put_object(tmp_path, TASK, EPOCH_MS)
    event(tmp_path, "first", 1)
    return tmp_path


def event(root: Path, name: str, ms: int, task: str = TASK) -> Path:
    path = root / ".metaflow" / task / "_meta" / f"sysmeta_{name}_{EPOCH_MS + ms}.json"
    put(path, {"field_name": name, "value": name, "tags": [], "ts_epoch": EPOCH_MS + ms})
    return path


def event_names(local: LocalProvider) -> list[str]:
    found = one(lambda: local.metadata_of([key(TASK)]))
    assert isinstance(found, list)
    return [entry.name for entry in found if isinstance(entry, records.Metadata)]


async def everything(local: LocalProvider) -> None:
    """All objects down to the artifacts, with all that belongs to them."""
    (page,) = await local.run_pages([RunPageKey(RunsKey("default", None), 1000)])
    assert not isinstance(page, Exception)
    runs = [run_key for run in page.runs if (run_key := key_of(run))]
    steps = [step_key for found in await local.steps_of(runs) for step_key in keys_of(found)]
    tasks = [task_key for found in await local.tasks_of(steps) for task_key in keys_of(found)]
    for method in (local.metadata_of, local.attempts_of, local.artifacts_of, local.created_at):
        await method(tasks)
    await local.last_activity(runs)


def key_of(found: object) -> Key | None:
    return key(found.pathspec) if isinstance(found, records.Record) else None


def keys_of(found: object) -> list[Key]:
    assert isinstance(found, list)
    return [found_key for one in cast("list[object]", found) if (found_key := key_of(one))]


def test_each_file_is_opened_once(runs: Runs, tmp_path: Path) -> None:
    own = runs.copy(tmp_path, "LinearFlow", "RetryFlow")
    local = provider(own.root)
    files = [path for path in own.datastore.rglob("*") if path.parent.name == "_meta" or path.suffix == ".runtime"]
    not_needed = [path for path in files if path.parent.parent.name in ("LinearFlow", "RetryFlow") or is_left_out(path)]
    settle()
    assert opened(lambda: everything(local)) == len(files) - len(not_needed)
    assert opened(lambda: everything(local)) == 0


def is_left_out(path: Path) -> bool:
    """Whether it is an artifact that starts with `_`, or of an attempt that is not the latest."""
    older = "_artifact_" in path.name and bool(list(path.parent.glob(f"{int(path.name[0]) + 1}_artifact_*")))
    return older or "_artifact__" in path.name


def test_a_walk_costs_a_batch_for_each_level(runs: Runs) -> None:
    used = usage.Usage()
    token = usage.current.set(used)
    ask(lambda: everything(provider(runs.root)))
    usage.current.reset(token)
    assert set(used.calls.values()) == {1}
    assert len(used.calls) == 8


def test_a_running_task_is_never_stale(tree: Path) -> None:
    local = provider(tree)
    expected = ["first"]
    for number in range(2, 40):
        assert event_names(local) == expected
        event(tree, f"event{number}", number)
        expected.append(f"event{number}")
    assert event_names(local) == expected


def test_of_a_running_task_only_what_is_new_is_opened(tree: Path) -> None:
    local = provider(tree)
    assert opened(lambda: local.metadata_of([key(TASK)])) == 1
    event(tree, "second", 2)
    assert opened(lambda: local.metadata_of([key(TASK)])) == 1
    assert opened(lambda: local.metadata_of([key(TASK)])) == 0


def test_a_task_that_ran_on_after_a_long_time_is_not_stale(tree: Path) -> None:
    settle()
    local = provider(tree)
    assert event_names(local) == ["first"]
    event(tree, "second", 2)
    assert event_names(local) == ["first", "second"]


def test_tags_that_others_change_are_seen_at_once(tree: Path) -> None:
    local = provider(tree)
    for number in range(30):
        put_run(tree, "1", tags=(f"{number:02}",))
        (run,) = page_of(local).runs
        assert isinstance(run, records.Run)
        assert run.user_tags == [f"{number:02}"]


def test_a_record_that_was_replaced_by_one_of_the_same_size_and_time_is_seen(tree: Path) -> None:
    local = provider(tree)
    for tag in ("aa", "bb"):
        put_run(tree, "1", tags=(tag,))
        set_modified(tree / ".metaflow/Made/1/_meta/_self.json", EPOCH_MS)
        run = one(lambda: local.runs([key("Made/1")]))
        assert isinstance(run, records.Run)
        assert run.user_tags == [tag]


def test_steps_and_tasks_appear_as_they_are_written(tree: Path) -> None:
    settle()
    local = provider(tree)
    assert names(one(lambda: local.steps_of([key("Made/1")]))) == ["start"]
    folder = tree / ".metaflow" / "Made/1/end"
    folder.mkdir()
    assert names(one(lambda: local.steps_of([key("Made/1")]))) == ["start"]
    put_object(tree, "Made/1/end", EPOCH_MS + 1)
    assert names(one(lambda: local.steps_of([key("Made/1")]))) == ["end", "start"]


def test_a_folder_that_was_left_alone_for_long_is_looked_at_once_a_second(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle()
    now, local = 1_000.0, provider(tree)
    monkeypatch.setattr(folders, "monotonic", lambda: now)
    monkeypatch.setattr(folders, "time_ns", lambda: time.time_ns() + 3_601 * 10**9)
    for _ in range(2):
        assert event_names(local) == ["first"]
    event(tree, "second", 2)
    now += 0.9
    assert event_names(local) == ["first"]
    now += 0.2
    for _ in range(2):
        assert event_names(local) == ["first", "second"]


def test_what_is_known_of_such_folders_takes_no_thread(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle()
    now, local = 1_000.0, provider(tree)
    monkeypatch.setattr(folders, "monotonic", lambda: now)
    monkeypatch.setattr(folders, "time_ns", lambda: time.time_ns() + 3_601 * 10**9)
    batches: list[tuple[Callable[[list[Key]], Awaitable[object]], Key]] = [
        (local.steps_of, key("Made/1")),
        (local.tasks_of, key("Made/1/start")),
        (local.metadata_of, key(TASK)),
        (local.artifacts_of, key(TASK)),
    ]

    async def every() -> list[object]:
        return [await batch([of]) for batch, of in batches]

    methods = ["steps_of", "tasks_of", "metadata_of", "artifacts_of"]

    def asked() -> list[object]:
        return ask(every)

    read, counted = asked(), usage.current.get().calls.copy()
    ask(local.close)  # it has no threads any more
    assert (asked(), asked()) == (read, read)
    assert usage.current.get().calls - counted == dict.fromkeys(methods, 2)
    with pytest.raises(RuntimeError, match="shutdown"):
        ask(lambda: local.artifacts_of([key(TASK)._replace(attempt=0)]))
    now += 1.1
    with pytest.raises(RuntimeError, match="shutdown"):
        asked()


def test_a_folder_whose_time_was_set_back_is_not_one_that_was_left_alone(tree: Path) -> None:
    settle()
    local, folder = provider(tree), tree / ".metaflow" / TASK / "_meta"
    os.utime(folder, (1_000_000_000, 1_000_000_000))
    assert event_names(local) == event_names(local) == ["first"]
    event(tree, "second", 2)
    os.utime(folder, (1_000_000_000, 1_000_000_000))
    assert event_names(local) == ["first", "second"]


def test_the_cache_stays_within_its_bytes(tree: Path) -> None:
    for number in range(300):
        event(tree, f"event{number}", number)
    small = LocalProvider("default", tree, cache_bytes=20_000)
    assert len(event_names(small)) == len(event_names(provider(tree))) == 301


def test_no_file_is_touched_by_the_event_loops_thread(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    local, loop_thread = provider(runs.root), threading.get_ident()
    touched: list[str] = []
    for name in ("stat", "open", "scandir"):
        original = getattr(os, name)

        def noting(*arguments: object, original: object = original, name: str = name, **more: object) -> object:
            if threading.get_ident() == loop_thread:
                touched.append(f"{name} {arguments[0]}")
            assert callable(original)
            return original(*arguments, **more)

        monkeypatch.setattr(os, name, noting)
    ask(lambda: everything(local))
    assert [call for call in touched if ".metaflow" in call] == []


def test_a_run_that_is_being_copied_is_read_when_it_is_whole(tree: Path) -> None:
    """A copy writes in place: half a file at first, and the folder's time stands still as it grows."""
    path = tree / ".metaflow" / TASK / "_meta" / f"sysmeta_copied_{EPOCH_MS + 5}.json"
    content = json.dumps({"field_name": "copied", "value": "x", "ts_epoch": EPOCH_MS + 5})
    path.write_text(content[:30])
    settle()
    local = provider(tree)
    assert event_names(local) == ["first"]
    path.write_text(content)
    assert event_names(local) == ["first", "copied"]
    assert ids(page_of(local)) == ["1"]


def test_folders_that_changed_are_looked_at_no_more_often_for_more_hops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_run(tmp_path, "1")
    tasks = [f"Made/1/start/{number}" for number in range(20)]
    for task in tasks:
        put_object(tmp_path, task, EPOCH_MS)
    settle()
    local, looks, stat = provider(tmp_path), Counter[str](), os.stat

    def counted(path: Any, **more: Any) -> os.stat_result:
        looks[str(path)] += 1
        return stat(path, **more)

    async def asked() -> list[Any]:
        return await local.for_operation().metadata_of([key(task) for task in tasks])

    assert ask(asked) == [[]] * len(tasks)
    for task in tasks:
        event(tmp_path, "added", 1, task)
    monkeypatch.setattr(threads, "_A_HOP_SECONDS", 0)  # a key in each
    monkeypatch.setattr(os, "stat", counted)
    assert [[event.name for event in events] for events in ask(asked)] == [["added"]] * len(tasks)
    of_each = {looks[str(tmp_path / ".metaflow" / task / "_meta")] for task in tasks}
    assert max(of_each) <= 3  # with the others, then alone: whether it is as it was, and what it is
