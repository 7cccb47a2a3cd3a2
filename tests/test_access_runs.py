"""Which runs a principal sees: pages, counts, flows, look-ups and errors, over runs made by hand."""

from pathlib import Path
from typing import Any

import pytest

from conftest import Limiting
from gateways import Gateway
from in_process import errors_of
from local_trees import EPOCH_MS, put_object
from metaflow_graphql.providers.grants import Grant, Right
from metaflow_graphql.providers.guarded import pages
from metaflow_graphql.server import limits
from principals import granted, of_team, opened, put_run_of

PAGE = """query ($first: Int, $after: String, $last: Int, $before: String, $filter: RunFilter) {
    runs(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        nodes { runId } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }"""


def run_ids(gateway: Gateway, **variables: Any) -> list[str]:
    return [run["runId"] for run in gateway.data(PAGE, **variables)["runs"]["nodes"]]


@pytest.fixture
def mixed(tmp_path: Path) -> list[str]:
    """Of alice every fifth of 60 runs, the newest first; the others are of bob, who gives them her tag."""
    for number in range(60):
        user, tags = ("bob", ["user:alice"]) if number % 5 else ("alice", [])
        put_run_of(tmp_path, number, user, tags=tags)
    return [str(EPOCH_MS * 1000 + number * 1_000_000) for number in range(55, -1, -5)]


@pytest.mark.parametrize("pattern", ["user:alice", "user:ali*", "user:[a]lice"])
@pytest.mark.parametrize("size", [1, 2, 5, 12, 50])
def test_pages_are_full_and_end_where_ones_own_runs_do(
    tmp_path: Path, mixed: list[str], pattern: str, size: int
) -> None:
    found: list[str] = []
    cursor: dict[str, str] = {}
    with opened(tmp_path, granted(Grant(None, (pattern,)))) as gateway:
        for at in range(0, len(mixed), size):
            page = gateway.data(PAGE, first=size, **cursor)["runs"]
            assert page["totalCount"] == 12
            assert len(page["nodes"]) == min(size, len(mixed) - at)
            assert page["pageInfo"]["hasNextPage"] is (at + size < len(mixed))
            found += [run["runId"] for run in page["nodes"]]
            cursor = {"after": page["pageInfo"]["endCursor"]}
        assert found == mixed
        assert run_ids(gateway, first=size, **cursor) == []


@pytest.mark.parametrize("size", [1, 5, 50])
def test_pages_backwards_are_full_too(tmp_path: Path, mixed: list[str], size: int) -> None:
    found: list[str] = []
    cursor: dict[str, str] = {}
    with opened(tmp_path, of_team("alice")) as gateway:
        for at in range(0, len(mixed), size):
            page = gateway.data(PAGE, last=size, **cursor)["runs"]
            assert page["pageInfo"]["hasPreviousPage"] is (at + size < len(mixed))
            found = [*(run["runId"] for run in page["nodes"]), *found]
            cursor = {"before": page["pageInfo"]["startCursor"]}
    assert found == mixed


def test_a_cursor_of_a_run_of_others_tells_nothing_of_it(tmp_path: Path, mixed: list[str]) -> None:
    with opened(tmp_path, of_team("bob")) as gateway:
        cursor = gateway.data(PAGE, first=1)["runs"]["pageInfo"]["endCursor"]
    with opened(tmp_path, of_team("alice")) as gateway:
        assert run_ids(gateway, first=50, after=cursor) == mixed
        assert run_ids(gateway, last=50, before=cursor) == []


def test_prefixes_tags_and_statuses_find_ones_own_alone(tmp_path: Path, mixed: list[str]) -> None:
    with opened(tmp_path, of_team("alice")) as gateway:
        assert run_ids(gateway, filter={"runIdPrefix": mixed[0][:4]}) == mixed
        assert run_ids(gateway, filter={"users": ["bob"]}) == []
        assert run_ids(gateway, filter={"anyTags": ["user:bob", "user:alice"]}) == mixed
        assert run_ids(gateway, filter={"tags": ["user:bob"]}) == []
        assert run_ids(gateway, filter={"statuses": ["PENDING", "FAILED", "RUNNING"]}) == mixed


def test_tags_in_use_are_counted_over_ones_own_runs(tmp_path: Path, mixed: list[str]) -> None:
    with opened(tmp_path, of_team("alice")) as gateway:
        assert gateway.data("{ tags { tag runs isSystem } }")["tags"] == [
            {"tag": "runtime:dev", "runs": 12, "isSystem": True},
            {"tag": "user:alice", "runs": 12, "isSystem": True},
        ]


def test_a_flow_without_a_run_that_may_be_seen_does_not_exist(tmp_path: Path) -> None:
    put_run_of(tmp_path, 1, "alice", "Ours")
    put_run_of(tmp_path, 2, "bob", "Theirs")
    put_object(tmp_path, "Nobodys", EPOCH_MS)
    query = """{ flows { nodes { name } totalCount } ours: flow(name: "Ours") { name }
        theirs: flow(name: "Theirs") { name } nobodys: flow(name: "Nobodys") { name } }"""
    with opened(tmp_path, of_team("alice")) as gateway:
        assert gateway.data(query) == {
            "flows": {"nodes": [{"name": "Ours"}], "totalCount": 1},
            "ours": {"name": "Ours"},
            "theirs": None,
            "nobodys": None,
        }


def test_a_namespace_mismatch_is_told_of_what_may_be_seen_alone(tmp_path: Path) -> None:
    ours, theirs = put_run_of(tmp_path, 1, "alice"), put_run_of(tmp_path, 2, "bob")
    query = """query ($ours: String!, $theirs: String!) {
        ours: run(pathspec: $ours, namespace: "nightly") { id }
        theirs: run(pathspec: $theirs, namespace: "nightly") { id }
        flow(name: "Made", namespace: "user:bob") { id } unknown: flow(name: "Other", namespace: "user:bob") { id } }"""
    with opened(tmp_path, of_team("alice")) as gateway:
        answer = gateway.answer(query, variables={"ours": f"Made/{ours}", "theirs": f"Made/{theirs}"})
    assert answer["data"] == {"ours": None, "theirs": None, "flow": None, "unknown": None}
    assert errors_of(answer) == [("NAMESPACE_MISMATCH", ["flow"]), ("NAMESPACE_MISMATCH", ["ours"])]


def test_a_flow_that_others_began_was_created_with_ones_own_first_run(tmp_path: Path) -> None:
    put_run_of(tmp_path, 1, "bob")
    put_run_of(tmp_path, 7, "alice")
    query = '{ flow(name: "Made") { createdAt } }'
    with opened(tmp_path, None) as gateway:
        assert gateway.data(query) == {"flow": {"createdAt": "2026-11-18T11:06:41.000Z"}}
    with opened(tmp_path, of_team("alice")) as gateway:
        assert gateway.data(query) == {"flow": {"createdAt": "2026-11-18T11:06:47.000Z"}}


def test_system_tags_let_in_and_user_tags_where_a_grant_says_so(tmp_path: Path) -> None:
    own, lent = put_run_of(tmp_path, 1, "alice"), put_run_of(tmp_path, 2, "bob", tags=["for:alice"])
    put_run_of(tmp_path, 3, "bob", system=["for:alice"])
    put_run_of(tmp_path, 4, "bob", tags=["user:alice"])
    with opened(tmp_path, granted(Grant(None, ("user:alice",), ("for:*",)))) as gateway:
        assert run_ids(gateway) == [lent, own]


def test_of_a_run_that_several_grants_are_about_all_their_rights_are_granted(tmp_path: Path) -> None:
    run = put_run_of(tmp_path, 1, "alice", system=["production:p"])
    other = put_run_of(tmp_path, 2, "alice")
    grants = (
        Grant(None, ("user:alice",)),
        Grant(None, ("production:*",), rights=frozenset({Right.TAGS})),
    )
    query = 'mutation ($run: String!) { addTags(pathspec: $run, tags: ["seen"]) { run { userTags } } }'
    with opened(tmp_path, granted(*grants)) as gateway:
        assert gateway.data(query, run=f"Made/{run}") == {"addTags": {"run": {"userTags": ["seen"]}}}
        refused = gateway.answer(query, variables={"run": f"Made/{other}"})
    assert errors_of(refused) == [("FORBIDDEN", ["addTags"])]


def test_a_damaged_run_is_nobodys_but_of_who_may_see_every_run(tmp_path: Path) -> None:
    put_run_of(tmp_path, 1, "alice")
    damaged = put_run_of(tmp_path, 2, "alice")
    (tmp_path / ".metaflow" / "Made" / damaged / "_meta" / "_self.json").write_text("{")
    query = "query ($run: String!) { run(pathspec: $run) { id } runs { nodes { id } totalCount } }"
    with opened(tmp_path, of_team("alice")) as gateway:
        answer = gateway.answer(query, variables={"run": f"Made/{damaged}"})
        assert damaged not in str(answer)
        assert answer["data"]["runs"]["totalCount"] == 1
    with opened(tmp_path, granted(Grant(None, None))) as gateway:
        answer = gateway.answer(query, variables={"run": f"Made/{damaged}"})
        assert errors_of(answer) == [("CORRUPT_METADATA", ["run"]), ("CORRUPT_METADATA", ["runs"])]


def test_no_more_runs_are_looked_at_than_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_MOST_LOOKED_AT", 30)
    for number in range(1, 60):
        put_run_of(tmp_path, number, "bob", "Theirs")
    put_run_of(tmp_path, 0, "alice", "Ours")
    with opened(tmp_path, granted(Grant(None, ("user:al*",)))) as gateway:
        answer = gateway.answer(PAGE, variables={"first": 1})
        assert errors_of(answer) == [("LIMIT_EXCEEDED", ["runs"])]
        assert "Theirs" not in str(answer)
        assert gateway.data('{ flow(name: "Ours") { runs { nodes { user } totalCount } } }') == {
            "flow": {"runs": {"nodes": [{"user": "alice"}], "totalCount": 1}}
        }


def test_a_provider_that_is_not_granted_is_not_there(tmp_path: Path) -> None:
    other = tmp_path / "other"
    own = put_run_of(other, 1, "alice")
    theirs = put_run_of(tmp_path, 1, "alice")
    principal = granted(Grant(frozenset({"other1"}), ("user:alice",)))
    query = """query ($id: ID!) { runs { nodes { runId } } metadataProviders { name isDefault }
        metadataProvider { name } viewer { access { provider { name } } } node(id: $id) { id }
        named: runs(metadata: "default") { totalCount } }"""
    with opened(tmp_path, principal, other) as gateway:
        answer = gateway.answer(query, variables={"id": f"Run:default/Made/{theirs}"})
        unknown = gateway.answer(
            query.replace('"default"', '"nowhere"'), variables={"id": f"Run:nowhere/Made/{theirs}"}
        )
        files = gateway.client.get(f"/files/code/default/Made/{theirs}/start/1")
        no_files = gateway.client.get(f"/files/code/nowhere/Made/{theirs}/start/1")
    assert answer["data"] == {
        "runs": {"nodes": [{"runId": own}]},
        "metadataProviders": [{"name": "other1", "isDefault": True}],
        "metadataProvider": {"name": "other1"},
        "viewer": {"access": [{"provider": {"name": "other1"}}]},
        "node": None,
        "named": None,
    }
    assert str(answer).replace("default", "nowhere") == str(unknown)
    assert (files.status_code, files.text.replace("default", "nowhere")) == (no_files.status_code, no_files.text)


def test_nobody_is_granted_anything_by_a_grant_of_what_is_not_there(tmp_path: Path) -> None:
    put_run_of(tmp_path, 1, "alice")
    with opened(tmp_path, granted(Grant(frozenset({"elsewhere"}), None))) as gateway:
        answer = gateway.answer("{ runs { nodes { id } } flows { nodes { id } } metadataProviders { name } }")
    assert answer["data"] == {"runs": None, "flows": None, "metadataProviders": []}
    assert errors_of(answer) == [("UNKNOWN_METADATA_PROVIDER", ["flows"]), ("UNKNOWN_METADATA_PROVIDER", ["runs"])]


def test_runs_that_are_passed_over_count_for_the_whole_operation(tmp_path: Path, limit: Limiting) -> None:
    limit(limits.ANSWER_OBJECTS, 100)
    for number in range(1, 60):
        put_run_of(tmp_path, number, "bob", "Theirs")
    put_run_of(tmp_path, 0, "alice", "Ours")
    with opened(tmp_path, granted(Grant(None, ("user:al*",)))) as gateway:
        once = gateway.answer("{ a: runs { nodes { id } } }")
        twice = gateway.answer("{ a: runs(first: 10) { nodes { id } } b: runs(first: 11) { nodes { id } } }")
    assert errors_of(once) == []
    assert {code for code, _ in errors_of(twice)} == {"LIMIT_EXCEEDED"}
