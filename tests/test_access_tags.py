"""Who may change which tags."""

from pathlib import Path

from in_process import errors_of
from metaflow_graphql.providers.grants import Grant, Principal, Right
from metaflow_graphql.providers.local.provider import LocalProvider
from principals import asked_by, of_team, opened, put_run_of

REPLACE = """mutation ($run: String!, $remove: [String!]!, $add: [String!]!) {
    replaceTags(pathspec: $run, remove: $remove, add: $add) { run { userTags } } }"""


def test_tags_of_a_run_that_may_not_be_seen_are_of_none(tmp_path: Path) -> None:
    run = f"Made/{put_run_of(tmp_path, 1, 'bob')}"
    absent = f"{run[:-1]}5"
    with opened(tmp_path, of_team("alice")) as gateway:
        answers = [gateway.answer(REPLACE, variables={"run": one, "remove": [], "add": ["x"]}) for one in (run, absent)]
    assert [errors_of(answer) for answer in answers] == [[("NOT_FOUND", ["replaceTags"])]] * 2
    assert str(answers[0]).replace(run, absent) == str(answers[1])
    with opened(tmp_path, None) as gateway:
        assert gateway.data("{ runs { nodes { userTags } } }") == {"runs": {"nodes": [{"userTags": []}]}}


def test_tags_that_grants_are_about_are_for_administrators(tmp_path: Path) -> None:
    run = f"Made/{put_run_of(tmp_path, 1, 'alice', tags=['for:bob'])}"
    grants = (Grant(None, ("user:alice",), rights=frozenset({Right.TAGS})),)
    asked: list[list[list[str]]] = [[[], ["for:bob"]], [["for:bob"], []], [[], ["free", "for:carol"]], [[], ["free"]]]
    somebody = Principal("alice", grants, guarded_tags=("for:*",))
    with asked_by(somebody, {"default": LocalProvider("default", tmp_path)}) as gateway:
        answers = [gateway.answer(REPLACE, variables={"run": run, "remove": out, "add": new}) for out, new in asked]
    forbidden = [("FORBIDDEN", ["replaceTags"])]
    assert [errors_of(answer) for answer in answers] == [forbidden, forbidden, forbidden, []]
    assert answers[3]["data"] == {"replaceTags": {"run": {"userTags": ["for:bob", "free"]}}}
    administrator = Principal("alice", grants, guarded_tags=("for:*",), administrator=True)
    with asked_by(administrator, {"default": LocalProvider("default", tmp_path)}) as gateway:
        changed = gateway.data(REPLACE, run=run, remove=["for:bob"], add=["for:carol"])
    assert changed == {"replaceTags": {"run": {"userTags": ["for:carol", "free"]}}}


def test_whoever_loses_a_run_by_its_tags_sees_it_no_more(tmp_path: Path) -> None:
    run = f"Made/{put_run_of(tmp_path, 1, 'alice', tags=['for:bob'])}"
    grant = Grant(None, (), ("for:bob",), rights=frozenset({Right.TAGS}))
    query = """mutation ($run: String!) { removeTags(pathspec: $run, tags: ["for:bob"]) {
        run { steps { id } parent { id } } } }"""
    with opened(tmp_path, Principal("bob", (grant,), ("for:*",), administrator=True)) as gateway:
        assert gateway.data(query, run=run) == {"removeTags": {"run": {"steps": [], "parent": None}}}
        assert gateway.data("{ runs { totalCount } }") == {"runs": {"totalCount": 0}}
