"""Rules whose namespaces say who asks: whatever somebody is called, it stands for that text and no other."""

from pathlib import Path
from typing import Any

import pytest

from guarded import rule
from metaflow_graphql.providers.grants import Grant, Principal
from metaflow_graphql.server.access.identities import Identity
from metaflow_graphql.server.access.reading import read
from metaflow_graphql.server.access.rules import Rules
from metaflow_graphql.server.settings.metaflow_config import SettingsError
from principals import opened, put_run_of

OWN = rule("everyone = true", 'namespaces = ["user:{name}"]')
TEAMS = rule("everyone = true", 'namespaces = ["project:{claims.team}", "project:open"]')
# fmt: off
USERS = [
    "alice", "bob", "al", "alice bob", "*", "?", "al*", "[a]lice", "[!b]*", "a]b[", "alice,user:bob", "user:alice",
    "{name}", "{claims.team}", "ALICE", "alicé", "\uff41lice", "alice@example.org", "..", "a/b", "-", "!", "%2a", "\\*",
]
MISTAKEN = [
    "{name}", "user{name}", "{name}:x", "user:{name}*", "user:*{name}", "u?er:{name}", "user:[a]{name}", "user:{sub}",
    "user:{name}{name}", "user:{", "user:}", "user:{}", "user:{name", "user:{claims.}", "user:{claims}",
    "user:{{name}}",
]
# fmt: on


def by_rules(text: str, name: str = "carol", **claims: Any) -> Principal:
    return Rules(read(text.encode())).principal(Identity("jwt", name, frozenset(), claims))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of each user, who is the project's name too."""
    folder = tmp_path_factory.mktemp("users")
    for number, user in enumerate(USERS):
        put_run_of(folder, number, user, system=[f"project:{user}"])
    return folder


def users(root: Path, principal: Principal) -> list[str]:
    """Whose runs are seen."""
    with opened(root, principal) as gateway:
        found = gateway.data("{ runs(first: 100) { nodes { user } totalCount } }")["runs"]
    assert found["totalCount"] == len(found["nodes"])
    return sorted(run["user"] for run in found["nodes"])


@pytest.mark.parametrize("name", USERS)
def test_everyone_sees_their_own_runs_whatever_they_are_called(root: Path, name: str) -> None:
    assert users(root, by_rules(OWN, name)) == [name]


@pytest.mark.parametrize("team", USERS)
def test_a_claim_stands_for_its_text_alone(root: Path, team: str) -> None:
    assert users(root, by_rules(TEAMS, team=team)) == [team]


def test_each_text_of_a_claim_that_is_a_list_is_granted(root: Path) -> None:
    assert users(root, by_rules(TEAMS, team=["bob", 7, None, "*", ["al"], {"alice": 1}, ""])) == ["*", "bob"]


@pytest.mark.parametrize("team", [None, "", 7, True, {"a": "alice"}, [], [["alice"]], "alice\n", "a" * 501])
def test_a_claim_that_is_no_text_grants_nothing(team: Any) -> None:
    assert by_rules(TEAMS, team=team).grants == (Grant(None, ("project:open",)),)
    assert by_rules(rule("everyone = true", 'namespaces = ["project:{claims.team}"]'), team=team).grants == ()


def test_a_claim_may_have_any_name() -> None:
    text = rule("everyone = true", 'namespaces = ["project:x-{claims.https://example.org/team}-y"]')
    principal = by_rules(text, **{"https://example.org/team": "ml"})
    assert principal.grants == (Grant(None, ("project:x-ml-y",)),)


@pytest.mark.parametrize("by", ["token", "jwt", "proxy"])
def test_a_name_is_what_the_credential_calls_them(by: Any) -> None:
    principal = Rules(read(OWN.encode())).principal(Identity(by, "alice"))
    assert principal == Principal("alice", (Grant(None, ("user:alice",)),))


def test_user_tags_are_granted_beside_a_claim_that_is_not_there() -> None:
    text = rule("everyone = true", 'namespaces = ["project:{claims.team}"]', 'user_tags = ["open"]')
    assert by_rules(text).grants == (Grant(None, (), ("open",)),)


def test_a_viewer_is_told_their_own_namespace(root: Path) -> None:
    with opened(root, by_rules(OWN + TEAMS, "alice", team="al*")) as gateway:
        viewer = gateway.data("{ viewer { name namespaces access { namespaces } } }")["viewer"]
    assert viewer == {
        "name": "alice",
        "namespaces": ["project:al[*]", "project:open", "user:alice"],
        "access": [{"namespaces": ["user:alice"]}, {"namespaces": ["project:open", "project:al[*]"]}],
    }


@pytest.mark.parametrize("pattern", MISTAKEN)
def test_who_asks_stands_behind_a_kind_of_tag_and_beside_no_wildcard(pattern: str) -> None:
    with pytest.raises(SettingsError, match=r"^rules\[0\]: .* must be a kind of tag, a colon and \{name\} or"):
        by_rules(rule("everyone = true", f'namespaces = ["{pattern}"]'))
