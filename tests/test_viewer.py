"""Query.viewer: who is asking, and what he may do."""

from pathlib import Path

import pytest

from local_trees import put_object
from metaflow_graphql.providers.grants import Grant, Principal, Right
from principals import of_team, opened

VIEWER = """{ viewer { name administrator until namespaces
    access { provider { name canMutateTags } allRuns namespaces userTags rights hiddenNames hidesLines } } }"""
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
                    "rights": ["VALUES", "CARDS", "LOGS", "CODE", "TAGS"],
                    "hiddenNames": [],
                    "hidesLines": False,
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
        "hidesLines": True,
    }
    production = {"allRuns": False, "namespaces": ["production:*"], "userTags": [], "rights": [], "hiddenNames": []}
    production["hidesLines"] = False
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


@pytest.mark.parametrize(
    ("rights", "hidden", "told"),
    [
        ({Right.VALUES}, (), ["VALUES", "CARDS"]),
        ({Right.VALUES}, ("secret",), ["VALUES"]),
        ({Right.VALUES, Right.CARDS}, ("secret",), ["VALUES", "CARDS"]),
        ({Right.LOGS}, (), ["LOGS"]),
    ],
)
def test_the_right_to_cards_is_told_where_it_comes_with_another(
    tmp_path: Path, rights: set[Right], hidden: tuple[str, ...], told: list[str]
) -> None:
    put_object(tmp_path, "Made", 1)
    with opened(tmp_path, of_team("alice", frozenset(rights), hidden_names=hidden)) as gateway:
        assert gateway.data("{ viewer { access { rights } } }") == {"viewer": {"access": [{"rights": told}]}}


def test_the_namespaces_of_who_may_see_every_run_are_all(tmp_path: Path) -> None:
    put_object(tmp_path, "Made", 1)
    with opened(tmp_path, Principal("root", (Grant(None, None), Grant(None, ("user:alice",))))) as gateway:
        viewer = gateway.data("{ viewer { namespaces access { allRuns } } }")["viewer"]
    assert viewer == {"namespaces": None, "access": [{"allRuns": True}, {"allRuns": False}]}
