"""Mutations of tags: Metaflow's rules, seen by everybody at once, and none lost."""

import json
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateways import Gateway, serving
from in_process import errors_of, opened
from local_trees import EPOCH_MS, put_run
from running import Runs

Found = dict[str, Any]
RUN = "Made/1"
SYSTEM = ["runtime:dev", "user:tester"]
PAYLOAD = "{ run { pathspec tags userTags systemTags createdAt user } }"
MUTATIONS = {
    "addTags": f"mutation($run: String!, $tags: [String!]!) {{ addTags(pathspec: $run, tags: $tags) {PAYLOAD} }}",
    "removeTags": f"mutation($run: String!, $tags: [String!]!) {{ removeTags(pathspec: $run, tags: $tags) {PAYLOAD} }}",
    "replaceTags": "mutation($run: String!, $remove: [String!]!, $add: [String!]!) {"
    f" replaceTags(pathspec: $run, remove: $remove, add: $add) {PAYLOAD} }}",
}
FIELDS = tuple(MUTATIONS)


@pytest.fixture
def gateway(tmp_path: Path) -> Generator[Gateway]:
    """Of one run with the tags `old` and `other`."""
    put_run(tmp_path, "1", tags=("old", "other"))
    with opened(tmp_path) as over:
        yield over


def mutated(gateway: Gateway, field: str, **variables: Any) -> Found:
    """The run after a mutation."""
    return gateway.data(MUTATIONS[field], **{"run": RUN} | variables)[field]["run"]


def user_tags(gateway: Gateway) -> list[str]:
    return gateway.data(f'{{ run(pathspec: "{RUN}") {{ userTags }} }}')["run"]["userTags"]


def refused(gateway: Gateway, field: str, code: str, **variables: Any) -> str:
    """The message of a mutation that is refused, and changes nothing."""
    before = user_tags(gateway)
    answer = gateway.answer(MUTATIONS[field], variables={"run": RUN} | variables)
    assert (errors_of(answer), answer["data"]) == ([(code, [field])], {field: None})
    assert user_tags(gateway) == before
    return answer["errors"][0]["message"]


def test_a_mutation_answers_with_the_run_as_it_is_then(gateway: Gateway) -> None:
    assert mutated(gateway, "addTags", tags=["new", "ä🎉"]) == {
        "pathspec": RUN,
        "tags": sorted([*SYSTEM, "old", "other", "new", "ä🎉"]),
        "userTags": ["new", "old", "other", "ä🎉"],
        "systemTags": SYSTEM,
        "createdAt": "2026-11-18T11:06:40.000Z",
        "user": "tester",
    }
    assert mutated(gateway, "removeTags", tags=["new", "old"])["userTags"] == ["other", "ä🎉"]
    assert mutated(gateway, "replaceTags", remove=["other"], add=["next"])["userTags"] == ["next", "ä🎉"]


def test_removal_comes_first(gateway: Gateway) -> None:
    assert mutated(gateway, "replaceTags", remove=["old", "x"], add=["x", "old"])["userTags"] == ["old", "other", "x"]


def test_what_is_there_or_gone_already_changes_nothing(gateway: Gateway) -> None:
    before = mutated(gateway, "addTags", tags=["old"])
    assert before["userTags"] == ["old", "other"]
    assert mutated(gateway, "removeTags", tags=["absent"]) == before
    assert mutated(gateway, "replaceTags", remove=["absent"], add=["old", "old"]) == before


def test_a_system_tag_is_there_already_and_can_not_be_removed(gateway: Gateway) -> None:
    assert mutated(gateway, "addTags", tags=["user:tester"])["userTags"] == ["old", "other"]
    assert mutated(gateway, "addTags", tags=["user:tester", "new"])["userTags"] == ["new", "old", "other"]
    refused(gateway, "removeTags", "SYSTEM_TAG", tags=["runtime:dev"])
    message = refused(gateway, "removeTags", "SYSTEM_TAG", tags=["old", "user:tester"])
    assert "user:tester" in message
    refused(gateway, "replaceTags", "SYSTEM_TAG", remove=["user:tester"], add=["newer", "user:tester"])


def test_a_user_tag_may_look_like_a_system_tag(gateway: Gateway) -> None:
    assert mutated(gateway, "addTags", tags=["user:nobody"])["userTags"] == ["old", "other", "user:nobody"]
    assert mutated(gateway, "removeTags", tags=["user:nobody"])["userTags"] == ["old", "other"]


def test_a_single_tag_may_stand_for_a_list(gateway: Gateway) -> None:
    in_document = f'mutation {{ addTags(pathspec: "{RUN}", tags: "one") {{ run {{ userTags }} }} }}'
    assert gateway.data(in_document) == {"addTags": {"run": {"userTags": ["old", "one", "other"]}}}
    assert mutated(gateway, "removeTags", tags="one")["userTags"] == ["old", "other"]
    assert mutated(gateway, "replaceTags", remove="old", add="two")["userTags"] == ["other", "two"]


def test_nothing_to_add_or_remove_is_invalid(gateway: Gateway) -> None:
    of_one: dict[str, list[str]] = {"tags": []}
    of_two: dict[str, list[str]] = {"remove": [], "add": []}
    nothings = {"addTags": of_one, "removeTags": of_one, "replaceTags": of_two}
    for field, nothing in nothings.items():
        refused(gateway, field, "INVALID_TAG", **nothing)
    assert mutated(gateway, "replaceTags", remove=[], add=["x"])["userTags"] == ["old", "other", "x"]
    assert mutated(gateway, "replaceTags", remove=["x"], add=[])["userTags"] == ["old", "other"]


@pytest.mark.parametrize("tag", ["", "x" * 501, "🎉" * 501, "\0", "a\0b"])
def test_a_tag_that_metaflow_would_reject_is_invalid(gateway: Gateway, tag: str) -> None:
    for field in ("addTags", "removeTags"):
        assert len(refused(gateway, field, "INVALID_TAG", tags=["fine", tag])) < 200
    refused(gateway, "replaceTags", "INVALID_TAG", remove=[tag], add=["fine"])
    refused(gateway, "replaceTags", "INVALID_TAG", remove=["old"], add=[tag])


@pytest.mark.parametrize("tag", [" ", "\n", "\x01", "x" * 500, "🎉" * 500, "a/b\\c", "*", '"', "{}", "user:", "\u2028"])
def test_any_other_text_is_a_tag(gateway: Gateway, tag: str) -> None:
    assert mutated(gateway, "addTags", tags=[tag])["userTags"] == sorted(["old", "other", tag])
    query = "query($tag: String!) { runs(filter: {tags: [$tag]}) { nodes { userTags } } tags(prefix: $tag) { tag } }"
    found = gateway.data(query, tag=tag)
    assert found["runs"]["nodes"] == [{"userTags": sorted(["old", "other", tag])}]
    assert tag in [counted["tag"] for counted in found["tags"]]
    assert mutated(gateway, "removeTags", tags=[tag])["userTags"] == ["old", "other"]


def test_fifty_tags_are_the_most(gateway: Gateway) -> None:
    fifty = [f"tag {number:02}" for number in range(50)]
    refused(gateway, "addTags", "INVALID_TAG", tags=fifty)
    assert mutated(gateway, "replaceTags", remove=["old", "other"], add=fifty)["userTags"] == fifty
    assert "50" in refused(gateway, "addTags", "INVALID_TAG", tags=["one more"])
    assert mutated(gateway, "replaceTags", remove=["tag 07"], add=["one more"])["userTags"][0] == "one more"
    assert mutated(gateway, "addTags", tags=["tag 08", "user:tester"])["userTags"][0] == "one more"


def test_a_run_with_more_than_fifty_may_not_get_more_of_them(tmp_path: Path) -> None:
    # So a flow can be started, with a version of Metaflow that had no limit.
    put_run(tmp_path, "1", tags=tuple(f"tag {number:02}" for number in range(60)))
    with opened(tmp_path) as gateway:
        refused(gateway, "addTags", "INVALID_TAG", tags=["one more"])
        assert len(mutated(gateway, "replaceTags", remove=["tag 00"], add=["another"])["userTags"]) == 60
        assert len(mutated(gateway, "removeTags", tags=["tag 01"])["userTags"]) == 59


@pytest.mark.parametrize("field", FIELDS)
def test_a_run_that_is_not_there_is_not_found(gateway: Gateway, field: str) -> None:
    tags = {"tags": ["x"], "remove": ["x"], "add": ["y"]}
    variables: dict[str, Any] = {name: some for name, some in tags.items() if f"${name}:" in MUTATIONS[field]}
    for run in ("Made/2", "Nowhere/1", "Made/1 "):
        assert run in refused(gateway, field, "NOT_FOUND", **variables | {"run": run})


def test_a_run_is_mutated_in_a_namespace_or_not_at_all(gateway: Gateway) -> None:
    query = """mutation($n: String) { addTags(pathspec: "Made/1", tags: "new", namespace: $n) { run { userTags } } }"""
    for namespace in ("user:alice", "", "new"):
        answer = gateway.answer(query, variables={"n": namespace})
        assert errors_of(answer) == [("NAMESPACE_MISMATCH", ["addTags"])]
    assert user_tags(gateway) == ["old", "other"]
    for namespace in ("user:tester", "old", "new", None):
        assert gateway.data(query, n=namespace) == {"addTags": {"run": {"userTags": ["new", "old", "other"]}}}
    absent = 'mutation { addTags(pathspec: "Made/2", tags: "x", namespace: "no") { run { id } } }'
    assert errors_of(gateway.answer(absent)) == [("NOT_FOUND", ["addTags"])]


def test_the_default_namespace_holds_for_mutations_too(tmp_path: Path) -> None:
    put_run(tmp_path, "1", tags=("old",))
    with opened(tmp_path, default_namespace="user:alice") as gateway:
        answer = gateway.answer(MUTATIONS["addTags"], variables={"run": RUN, "tags": ["new"]})
        assert errors_of(answer) == [("NAMESPACE_MISMATCH", ["addTags"])]
        everywhere = 'mutation { addTags(pathspec: "Made/1", tags: "new", namespace: null) { run { userTags } } }'
        assert gateway.data(everywhere) == {"addTags": {"run": {"userTags": ["new", "old"]}}}


def test_a_run_may_leave_its_namespace_by_a_mutation(gateway: Gateway) -> None:
    query = """mutation { removeTags(pathspec: "Made/1", tags: "old", namespace: "old") {
      run { userTags parent { runs { totalCount } } }
    } }"""
    after = {"userTags": ["other"], "parent": {"runs": {"totalCount": 1}}}
    assert gateway.data(query) == {"removeTags": {"run": after}}
    assert errors_of(gateway.answer(query)) == [("NAMESPACE_MISMATCH", ["removeTags"])]


def test_a_provider_that_is_read_only_says_so(tmp_path: Path) -> None:
    put_run(tmp_path, "1", tags=("old",))
    with opened(tmp_path, read_only=True) as gateway:
        assert gateway.data("{ metadataProvider { canMutateTags } }") == {"metadataProvider": {"canMutateTags": False}}
        for field in ("addTags", "removeTags"):
            refused(gateway, field, "READ_ONLY_PROVIDER", tags=["old"])
        refused(gateway, "replaceTags", "READ_ONLY_PROVIDER", remove=["old"], add=["new"])


def test_a_provider_is_mutated_by_its_name(tmp_path: Path) -> None:
    put_run(tmp_path / "a", "1")
    put_run(tmp_path / "b", "1")
    query = 'mutation { addTags(pathspec: "Made/1", tags: "new", metadata: "other1") { run { id userTags } } }'
    with opened(tmp_path / "a", tmp_path / "b") as gateway:
        changed = gateway.data(query)["addTags"]["run"]
        refetched = "query($id: ID!) { node(id: $id) { id ... on Run { userTags } } }"
        assert gateway.data(refetched, id=changed["id"]) == {"node": changed}
        assert (changed["userTags"], user_tags(gateway)) == (["new"], [])
        unknown = gateway.answer(query.replace("other1", "other2"))
        assert errors_of(unknown) == [("UNKNOWN_METADATA_PROVIDER", ["addTags"])]


def test_mutations_of_one_request_come_one_after_the_other(gateway: Gateway) -> None:
    query = """mutation {
      first: addTags(pathspec: "Made/1", tags: ["a", "b"]) { run { userTags } }
      second: removeTags(pathspec: "Made/1", tags: ["a"]) { run { userTags } }
      wrong: removeTags(pathspec: "Made/1", tags: ["runtime:dev", "b"]) { run { userTags } }
      third: replaceTags(pathspec: "Made/1", remove: "b", add: "c") { run { userTags } }
    }"""
    answer = gateway.answer(query)
    assert answer["data"] == {
        "first": {"run": {"userTags": ["a", "b", "old", "other"]}},
        "second": {"run": {"userTags": ["b", "old", "other"]}},
        "wrong": None,
        "third": {"run": {"userTags": ["c", "old", "other"]}},
    }
    assert errors_of(answer) == [("SYSTEM_TAG", ["wrong"])]


def test_what_is_below_the_run_has_its_tags_at_once(runs: Runs, tmp_path: Path) -> None:
    runs.copy(tmp_path, "LinearFlow")
    query = """mutation($run: String!) { addTags(pathspec: $run, tags: "seen") { run {
      userTags steps { userTags tasks { nodes { userTags artifacts { userTags } } } }
    } } }"""
    with opened(tmp_path) as gateway:
        seen = gateway.data(query, run=runs["linear"].pathspec)["addTags"]["run"]
        found = gateway.data('{ runs(filter: {tags: "seen"}) { nodes { pathspec } } }')
    assert json.dumps(seen).count('"userTags": ["seen"]') == json.dumps(seen).count('"userTags"') > 10
    assert found == {"runs": {"nodes": [{"pathspec": runs["linear"].pathspec}]}}


def test_times_and_user_of_the_run_stay(gateway: Gateway, tmp_path: Path) -> None:
    query = "query { runs { nodes { createdAt startedAt user durationMs } } }"
    before = gateway.data(query)["runs"]["nodes"][0]
    mutated(gateway, "addTags", tags=["new"])
    after = gateway.data(query)["runs"]["nodes"][0]
    assert {**after, "durationMs": None} == {**before, "durationMs": None}
    record = json.loads((tmp_path / ".metaflow" / RUN / "_meta" / "_self.json").read_text())
    assert (record["ts_epoch"], record["user_name"], record["tags"]) == (EPOCH_MS, "tester", ["new", "old", "other"])


BY_METAFLOW = """
import json, sys
from metaflow import Run, namespace
namespace(None)
run = Run(sys.argv[1])
seen = [sorted(run.user_tags), sorted(run.system_tags), run.created_at.isoformat(timespec="milliseconds")]
run.replace_tags(["nightly", "absent"], ["by metaflow", "ä🎉"])
print(json.dumps([seen, sorted(run.user_tags)]))
"""


def test_metaflows_client_and_the_gateway_see_each_others_tags_at_once(runs: Runs, tmp_path: Path) -> None:
    copied, run = runs.copy(tmp_path, "LinearFlow"), runs["linear_tagged"].pathspec
    with opened(tmp_path) as gateway:
        ours = mutated(gateway, "replaceTags", run=run, remove=["ä🎉"], add=["from the gateway", "a\nb"])
        command = [sys.executable, "-c", BY_METAFLOW, run]
        told = subprocess.run(command, env=copied.environment(), capture_output=True, check=True, cwd=tmp_path)
        seen, theirs = json.loads(told.stdout)
        found = gateway.data("query($run: String!) { run(pathspec: $run) { userTags } }", run=run)["run"]["userTags"]
    assert seen == [ours["userTags"], ours["systemTags"], ours["createdAt"].removesuffix("Z")]
    assert found == theirs == ["a\nb", "by metaflow", "experiment:a b", "from the gateway", "ä🎉"]


letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
tags = st.text(letters, min_size=1, max_size=12) | st.sampled_from(["a", "b", "old"])


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(tags, max_size=6), st.lists(tags, max_size=6))
def test_tags_are_a_set_from_which_is_removed_and_to_which_is_added(
    gateway: Gateway, remove: list[str], add: list[str]
) -> None:
    before = set(user_tags(gateway))
    expected = (before - set(remove)) | set(add)
    if remove or add:
        assert mutated(gateway, "replaceTags", remove=remove, add=add)["userTags"] == sorted(expected)
        # For the next example there is room again.
        mutated(gateway, "replaceTags", remove=sorted(expected), add=["old"])
    assert "old" in user_tags(gateway)


def toggle(gateways: list[Gateway], number: int, times: int) -> list[bool]:
    """Add and remove a tag in turns, each time by another gateway; whether each answer had it so."""
    told: list[bool] = []
    for turn in range(times):
        field = "removeTags" if turn % 2 else "addTags"
        found = mutated(gateways[(turn + number) % len(gateways)], field, tags=[f"tag {number}"])
        told.append((f"tag {number}" in found["userTags"]) == (field == "addTags"))
    return told


def test_of_a_thousand_mutations_at_once_through_two_gateways_none_is_lost(tmp_path: Path) -> None:
    put_run(tmp_path, "1", tags=("old",))
    # Half of them end with their tag added.
    times = [50 + number % 2 for number in range(20)]
    with serving(tmp_path) as one, serving(tmp_path) as another, ThreadPoolExecutor(len(times)) as pool:
        gateways = [one, another]
        told = list(pool.map(toggle, [gateways] * len(times), range(len(times)), times))
        left = [user_tags(gateway) for gateway in gateways]
    assert (sum(map(len, told)), {so for of_tag in told for so in of_tag}) == (1010, {True})
    assert left == [sorted(["old", *(f"tag {number}" for number in range(1, 20, 2))])] * 2


def test_a_person_can_not_say_what_started_a_run(runs: Runs, tmp_path: Path) -> None:
    run = runs.copy(tmp_path, "LinearFlow")["linear"].pathspec
    query = f"""mutation {{ addTags(pathspec: "{run}", tags: "runtime:aaa") {{
      run {{ userTags step(name: "start") {{ task {{ runtimeName }} }} }}
    }} }}"""
    with opened(tmp_path) as gateway:
        found = gateway.data(query)["addTags"]["run"]
    assert found == {"userTags": ["runtime:aaa"], "step": {"task": {"runtimeName": "dev"}}}
