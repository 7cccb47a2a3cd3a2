"""The walk of test_access_walk.py again, over a metadata service."""

import pytest

import two_teams
from conftest import BUILDS
from test_access_walk import (
    Walks,
    test_nothing_of_another_team_appears,
    test_the_walk_sees_every_type_and_every_object_of_both_teams,
    test_what_another_team_has_answers_as_what_does_not_exist,
    test_what_the_gateway_has_read_for_others_changes_nothing,
    test_whatever_is_guessed_of_another_team_does_not_exist,
    walks_over,
)

__all__ = [
    "test_nothing_of_another_team_appears",
    "test_the_walk_sees_every_type_and_every_object_of_both_teams",
    "test_what_another_team_has_answers_as_what_does_not_exist",
    "test_what_the_gateway_has_read_for_others_changes_nothing",
    "test_whatever_is_guessed_of_another_team_does_not_exist",
]


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> Walks:
    with two_teams.over_service(BUILDS, tmp_path_factory.mktemp("walked") / "runs") as teams:
        return walks_over(teams)
