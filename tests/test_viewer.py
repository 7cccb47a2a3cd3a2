"""Query.viewer: who is asking, and what he may do."""

from pathlib import Path

from local_trees import put_object
from metaflow_graphql.providers.grants import Grant, Principal, Right
from principals import opened

VIEWER = """{ viewer { name administrator until namespaces
    access { provider { name canMutateTags } allRuns namespaces userTags rights hiddenNames } } }"""
DEFAULT = {"name": "default", "canMutateTags": True}


def test_without_access_control_everybody_may_do_everything(tmp_path: Path) -> None:
    put_object(tmp_path, "Made", 1)
    with opened(tmp_path, None) as gateway:
        assert gateway.data(VIEWER)["viewer"] == {
            "name": None,
            "administrator": True,
            "until": None,
            "namespaces": None,
            "access": [
                {
                    "provider": DEFAULT,
                    "allRuns": True,
                    "namespaces": [],
                    "userTags": [],
                    "rights": ["VALUES", "LOGS", "CODE", "TAGS"],
                    "hiddenNames": [],
                }
            ],
        }


def test_a_viewer_is_told_each_grant_of_each_provider(tmp_path: Path) -> None:
    put_object(tmp_path, "Made", 1)
    put_object(tmp_path / "other", "Made", 1)
    grants = (
        Grant(None, ("user:alice",), ("for:*",), frozenset({Right.TAGS, Right.VALUES}), ("secret*",), ("password",)),
        Grant(frozenset({"default"}), ("production:*",)),
    )
    with opened(tmp_path, Principal("alice", grants, until=1_800_000_000.5), tmp_path / "other") as gateway:
        viewer = gateway.data(VIEWER)["viewer"]
    own = {
        "allRuns": False,
        "namespaces": ["user:alice"],
        "userTags": ["for:*"],
        "rights": ["VALUES", "TAGS"],
        "hiddenNames": ["secret*"],
    }
    production = {"allRuns": False, "namespaces": ["production:*"], "userTags": [], "rights": [], "hiddenNames": []}
    assert viewer == {
        "name": "alice",
        "administrator": False,
        "until": "2027-01-15T08:00:00.500Z",
        "namespaces": ["production:*", "user:alice"],
        "access": [
            {"provider": DEFAULT, **own},
            {"provider": DEFAULT, **production},
            {"provider": {"name": "other1", "canMutateTags": True}, **own},
        ],
    }


def test_the_namespaces_of_who_may_see_every_run_are_all(tmp_path: Path) -> None:
    put_object(tmp_path, "Made", 1)
    with opened(tmp_path, Principal("root", (Grant(None, None), Grant(None, ("user:alice",))))) as gateway:
        viewer = gateway.data("{ viewer { namespaces access { allRuns } } }")["viewer"]
    assert viewer == {"namespaces": None, "access": [{"allRuns": True}, {"allRuns": False}]}
