"""What the local provider lists of real runs, and in which order: as Metaflow's own client does."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from local_trees import (
    EPOCH_MS,
    ask,
    ids,
    key,
    names,
    one,
    page_of,
    provider,
    put,
    put_object,
    put_run,
    runs_key,
    set_modified,
    settle,
)
from metaflow_graphql.providers import records
from metaflow_graphql.providers.base import Activity, FlowKey, RunFilter
from metaflow_graphql.providers.errors import CorruptMetadata, NamespaceMismatch
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.providers.natural import natural
from metaflow_graphql.providers.times import rfc3339
from running import Runs

Oracle = dict[str, Any]


@pytest.fixture(scope="module")
def local(runs: Runs) -> LocalProvider:
    return provider(runs.root)


def flow_names(local: LocalProvider, namespace: str | None = None) -> list[str]:
    found = one(lambda: local.flows_in([FlowKey("default", None, namespace)]))
    assert isinstance(found, list)
    return [flow.name for flow in found if isinstance(flow, records.Flow)]


def in_order(pathspecs: list[str], created_at: dict[str, Any]) -> list[str]:
    return [created_at[pathspec]["created_at"] for pathspec in pathspecs]


def test_flows_are_listed_by_name(local: LocalProvider, oracle: Oracle) -> None:
    assert flow_names(local) == sorted(oracle["flows"])


@pytest.mark.parametrize("namespace", ["user:tester", "user:alice", "production:token-1", "nightly", "user:nobody"])
def test_a_namespace_shows_the_flows_and_runs_with_its_tag(
    local: LocalProvider, oracle: Oracle, namespace: str
) -> None:
    seen = oracle["namespaces"][namespace]
    assert flow_names(local, namespace) == seen["flows"]
    assert {flow: ids(page_of(local, flow=flow, namespace=namespace)) for flow in seen["flows"]} == seen["runs"]


def test_a_flow_without_a_run_in_the_namespace_is_outside_of_it(local: LocalProvider) -> None:
    key_of = {name: FlowKey("default", name, "user:alice") for name in ("LinearFlow", "BranchFlow", "NoFlow")}
    found = ask(lambda: local.flows(list(key_of.values())))
    assert [type(flow) for flow in found] == [records.Flow, NamespaceMismatch, type(None)]


def test_the_empty_namespace_has_nothing(local: LocalProvider) -> None:
    assert flow_names(local, "") == []


def test_a_flow_without_runs_is_listed_outside_of_namespaces_only(tmp_path: Path) -> None:
    put_object(tmp_path, "Empty", EPOCH_MS)
    assert flow_names(provider(tmp_path)) == ["Empty"]
    assert flow_names(provider(tmp_path), "user:tester") == []


def test_runs_are_listed_newest_first(local: LocalProvider, oracle: Oracle) -> None:
    assert {flow: ids(page_of(local, flow=flow)) for flow in oracle["flows"]} == {
        flow: oracle["objects"][flow]["runs"] for flow in oracle["flows"]
    }


def test_a_run_is_as_the_client_has_it(local: LocalProvider, runs: Runs, oracle: Oracle) -> None:
    found = ask(lambda: local.runs([key(run.pathspec) for run in runs]))
    for run in found:
        assert isinstance(run, records.Run)
        expected = oracle["objects"][run.pathspec]
        names = ("tags", "user_tags", "system_tags", "created_at", "pathspec", "path_components")
        assert {name: getattr(run, name) for name in names} == {name: expected[name] for name in names}


def test_the_user_of_a_run_is_known_without_a_tag(local: LocalProvider, runs: Runs) -> None:
    asked = [key(runs[name].pathspec) for name in ("linear", "linear_of_alice", "linear_in_production")]
    found = ask(lambda: local.runs(asked))
    assert [run.user for run in found if isinstance(run, records.Run)] == ["tester", "alice", "tester"]


def test_steps_and_tasks_are_listed_newest_first(local: LocalProvider, runs: Runs, oracle: Oracle) -> None:
    objects = oracle["objects"]
    for run in runs:
        listed = names(one(lambda run=run: local.steps_of([key(run.pathspec)])))
        shown = [name for name in listed if not name.startswith("_")]
        assert "_parameters" in listed
        assert sorted(shown) == sorted(objects[run.pathspec]["steps"])
        for step in shown:
            pathspec = f"{run.pathspec}/{step}"
            tasks = names(one(lambda pathspec=pathspec: local.tasks_of([key(pathspec)])))
            assert sorted(tasks) == sorted(objects[pathspec]["tasks"])
            # Of tasks of the same millisecond the client's order is the file system's.
            created = in_order([f"{pathspec}/{task}" for task in tasks], objects)
            assert created == sorted(created, reverse=True)


def test_what_is_no_object_is_not_there(local: LocalProvider, runs: Runs) -> None:
    run = runs["linear"].pathspec
    assert ask(lambda: local.runs([key("LinearFlow/data"), key("LinearFlow/9"), key("data/x")])) == [None] * 3
    assert ask(lambda: local.steps([key(f"{run}/nowhere"), key("LinearFlow/9/start")])) == [None] * 2
    assert ask(lambda: local.tasks([key(f"{run}/start/99"), key("LinearFlow/9/start/1")])) == [None] * 2
    assert ask(lambda: local.steps_of([key("LinearFlow/9"), key("LinearFlow/data")])) == [[], []]
    assert ask(lambda: local.tasks_of([key(f"{run}/nowhere")])) == [[]]
    assert ask(lambda: local.created_at([key("NoFlow"), key(f"{run}/nowhere")])) == [None] * 2


def test_a_task_is_seen_at_the_attempt_that_was_asked_for(local: LocalProvider, runs: Runs) -> None:
    pathspec = f"{runs['linear'].pathspec}/start/1"
    found = ask(lambda: local.tasks([key(pathspec), key(pathspec, 5)]))
    assert [(task.id, task.asked) for task in found if isinstance(task, records.Task)] == [
        (f"Task:default/{pathspec}", None),
        (f"Task:default/{pathspec}?attempt=5", 5),
    ]


def test_objects_of_one_moment_are_ordered_by_id_as_numbers_go(tmp_path: Path) -> None:
    put_run(tmp_path, "1")
    put_object(tmp_path, "Made/1/start", EPOCH_MS)
    for task in ("9", "10", "2_node_1", "2", "x"):
        put_object(tmp_path, f"Made/1/start/{task}", EPOCH_MS)
    put_object(tmp_path, "Made/1/start/11", EPOCH_MS - 1)
    listed = names(one(lambda: provider(tmp_path).tasks_of([key("Made/1/start")])))
    assert listed == ["x", "10", "9", "2_node_1", "2", "11"]


def test_ids_of_any_length_have_an_order() -> None:
    assert natural("9" * 255) > natural("1" * 255)
    assert natural("1") != natural("01")


def test_names_that_metaflow_skips_are_skipped(tmp_path: Path) -> None:
    put_run(tmp_path, "1")
    for name in (".hidden", "data"):
        (tmp_path / ".metaflow" / "Made" / name).mkdir()
    put_object(tmp_path, "Made/.old", EPOCH_MS)
    (tmp_path / ".metaflow" / "Made" / "tmpabcdefgh").write_text("{")
    (tmp_path / ".metaflow" / "Made" / os.fsdecode(b"\xff")).mkdir()
    local = provider(tmp_path)
    assert ids(page_of(local)) == ["1"]
    assert one(lambda: local.run_counts([runs_key()])) == 1


def test_no_root_has_no_flows() -> None:
    local = provider(None)
    assert (local.info, flow_names(local), page_of(local).runs) == (None, [], [])


def test_a_root_may_come_later(tmp_path: Path) -> None:
    local = provider(tmp_path / "later")
    assert flow_names(local) == []
    put_run(tmp_path / "later", "1")
    assert (flow_names(local), ask(local.can_mutate_tags)) == (["Made"], True)


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (RunFilter(tags=frozenset({"a", "user:tester"})), ["2", "1"]),
        (RunFilter(any_tags=frozenset({"b", "c"})), ["3", "2"]),
        (RunFilter(any_tags=frozenset()), []),
        (RunFilter(users=frozenset({"tester"})), ["3", "2", "1"]),
        (RunFilter(users=frozenset({"alice"})), []),
        (RunFilter(run_id_prefix="2"), ["2"]),
        (RunFilter(flows=frozenset({"Other"})), []),
        (RunFilter(created_from_ms=EPOCH_MS + 2), ["3", "2"]),
        (RunFilter(created_before_ms=EPOCH_MS + 2), ["1"]),
    ],
)
def test_all_conditions_of_a_filter_hold(tmp_path: Path, filter: RunFilter, expected: list[str]) -> None:
    for number, tags in enumerate((("a",), ("a", "b"), ("c",)), 1):
        put_run(tmp_path, str(number), EPOCH_MS + number, tags)
    local = provider(tmp_path)
    assert ids(page_of(local, filter=filter)) == expected
    assert one(lambda: local.run_counts([runs_key(None, filter)])) == len(expected)


def test_a_run_of_an_orchestrator_has_all_its_steps(tmp_path: Path) -> None:
    put_run(tmp_path, "argo-x2b")
    for step in ("_parameters", "start"):
        put_object(tmp_path, f"Made/argo-x2b/{step}", EPOCH_MS)
    local = provider(tmp_path)
    for _ in range(2):
        assert ids(page_of(local)) == ["argo-x2b"]
        assert names(one(lambda: local.steps_of([key("Made/argo-x2b")]))) == ["start", "_parameters"]


def test_a_killed_run_is_listed_with_what_it_left(local: LocalProvider, runs: Runs) -> None:
    run = runs["vanished"].pathspec
    assert names(one(lambda: local.steps_of([key(run)])))[-1] == "_parameters"
    assert isinstance(one(lambda: local.runs([key(run)])), records.Run)


def test_a_removed_run_is_gone_at_once(tmp_path: Path) -> None:
    first, second = put_run(tmp_path, "1"), put_run(tmp_path, "2")
    settle()
    local = provider(tmp_path)
    assert ids(page_of(local)) == ["2", "1"]
    second.rename(tmp_path / "elsewhere")
    assert ids(page_of(local)) == ["1"]
    (first / "_meta" / "_self.json").unlink()
    assert (ids(page_of(local)), one(lambda: local.runs([key("Made/1")]))) == ([], None)


def test_the_last_activity_is_the_newest_event_below_the_run(tmp_path: Path) -> None:
    put_run(tmp_path, "1")
    put_object(tmp_path, "Made/1/start", EPOCH_MS)
    for task, at in (("1", 2), ("2", 3), ("3", 10**12)):  # the last one's clock is wrong
        meta = put_object(tmp_path, f"Made/1/start/{task}", EPOCH_MS) / "_meta"
        put(meta / f"sysmeta_attempt_{EPOCH_MS + at}.json", {})
    found = ask(lambda: provider(tmp_path).last_activity([key("Made/1"), key("Made/2"), key("Made/data")]))
    assert found == [Activity(EPOCH_MS + 3), None, None]


def test_a_task_without_events_was_registered_when_its_folder_was_made(tmp_path: Path) -> None:
    put_run(tmp_path, "1")
    put_object(tmp_path, "Made/1/start", EPOCH_MS)
    set_modified(put_object(tmp_path, "Made/1/start/1", EPOCH_MS) / "_meta", EPOCH_MS + 1)
    assert one(lambda: provider(tmp_path).last_activity([key("Made/1")])) == Activity(EPOCH_MS + 1)


def test_times_of_flows_steps_and_tasks(local: LocalProvider, runs: Runs, oracle: Oracle) -> None:
    run = runs["linear"].pathspec
    pathspecs = ["LinearFlow", f"{run}/start", f"{run}/start/1", f"{run}/_parameters"]
    found = ask(lambda: local.created_at([key(pathspec) for pathspec in pathspecs]))
    assert not any(isinstance(at, CorruptMetadata) for at in found)
    assert [rfc3339(at) for at in found if isinstance(at, int)] == in_order(pathspecs, oracle["objects"])


def test_tasks_that_were_replaced_and_that_come_late_are_seen(tmp_path: Path) -> None:
    put_run(tmp_path, "1")
    put_object(tmp_path, "Made/1/start", EPOCH_MS)
    for number in (1, 2, 3):
        put_object(tmp_path, f"Made/1/start/{number}", EPOCH_MS + number)
    (tmp_path / ".metaflow/Made/1/start/4/_meta").mkdir(parents=True)
    settle()
    local = provider(tmp_path)

    def listed() -> list[str]:
        return names(one(lambda: local.tasks_of([key("Made/1/start")])))

    assert [listed(), listed()] == [["3", "2", "1"]] * 2
    put_object(tmp_path, "Made/1/start/4", EPOCH_MS + 4)
    assert [listed(), listed()] == [["4", "3", "2", "1"]] * 2
    shutil.rmtree(tmp_path / ".metaflow/Made/1/start/1")
    put_object(tmp_path, "Made/1/start/1", EPOCH_MS + 9)
    assert [listed(), listed()] == [["1", "4", "3", "2"]] * 2
