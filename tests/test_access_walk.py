"""What a principal can reach of runs of two teams: a walk over every field of the schema, of every object.

`tests/walking.py` takes fields and arguments from the schema: what is added later is held to this without being named.
"""

import base64
import re
from collections.abc import Generator
from typing import Any, NamedTuple

import pytest

import two_teams
from conftest import BUILDS
from gateways import Gateway
from metaflow_graphql.providers.grants import Principal
from principals import asked_by, of_team, shared
from running import Runs
from two_teams import Teams
from walking import SCHEMA, Pool, Walk, difference, read, text_of, walk

OTTER = of_team("otter")
OWN = Pool(strings=("start", "secret", "_graph_info", "otter-tag", "user:otter"))
_ATTACKED = 12  # objects of each type that are asked for all there is to guess


class Walks(NamedTuple):
    """Over the runs of both teams: by nobody in particular, and by team otter. `attacked`: with what the first one saw.
    `seen_after`: by a gateway that has answered that one before.

    `…_alone`: the same over the runs of team otter alone.
    """

    runs: Runs
    everything: Walk
    seen_after: Walk
    seen: Walk
    seen_alone: Walk
    attacked: Walk
    attacked_alone: Walk


@pytest.fixture(scope="module")
def teams(tmp_path_factory: pytest.TempPathFactory) -> Generator[Teams]:
    with two_teams.local(BUILDS, tmp_path_factory.mktemp("walked") / "runs") as teams:
        yield teams


@pytest.fixture(scope="module")
def walks(teams: Teams) -> Walks:
    return walks_over(teams)


def walks_over(teams: Teams) -> Walks:
    with shared({"default": teams.provider()}) as asked:
        everything, seen_after = walk_by(asked(None)), walk_by(asked(OTTER))
    attack = Attack(attacks(everything, teams.runs), of_zebra(everything, teams.runs), everything.urls[::5])
    seen, attacked = walked(teams, OTTER), walked(teams, OTTER, attack)
    # In place: paths stand in answers.
    teams.remove(run for run in two_teams.SCENARIOS if run.startswith("zebra"))
    seen_alone, attacked_alone = walked(teams, OTTER), walked(teams, OTTER, attack)
    return Walks(teams.runs, everything, seen_after, seen, seen_alone, attacked, attacked_alone)


class Attack(NamedTuple):
    """What arguments are given, and the objects and files that are asked for."""

    pool: Pool
    ids: dict[str, str]
    urls: list[str]


def walked(teams: Teams, principal: Principal | None, attack: Attack | None = None) -> Walk:
    with asked_by(principal, {"default": teams.provider()}) as gateway:
        return walk_by(gateway, attack)


def walk_by(gateway: Gateway, attack: Attack | None = None) -> Walk:
    def ask(query: str, variables: dict[str, Any]) -> dict[str, Any]:
        answer = gateway.answer(query, variables=variables)
        # graphql-core's executor tells errors in the order in which they were met, which is chance.
        answer.get("errors", []).sort(key=str)
        return answer

    found = walk(ask, attack.pool, attack.ids, _ATTACKED) if attack else walk(ask, OWN)
    read(found, gateway.client, attack.urls if attack else ())
    return found


def attacks(everything: Walk, runs: Runs) -> Pool:
    """What somebody may guess, or have been told, of either team: names, pathspecs, tags, cursors, ids, times."""
    texts = ["start", "zebra_step", "secret", "zebra_artifact", "_graph_info", "SharedFlow", "ZebraFlow", "zebra-tag"]
    texts += ["user:otter", "user:zebra", "nightly", "origin-run-id", "execution-triggers", "zebra", "shown", "default"]
    for name in ("zebra", "zebra_alone", "otter"):
        run = runs[name]
        texts += [run.run_id, run.run_id[:13], run.pathspec, f"{run.pathspec}/start", f"{run.pathspec}/start/1"]
        texts += [f"{run.pathspec}/start/1/secret"]
        texts += [cursor for cursor in everything.values("cursor") if run.run_id in decoded(cursor)][:3]
    ids = [*{type_: id for id, type_ in of_zebra(everything, runs).items()}.values(), "Flow:default/ZebraFlow"]
    return Pool(texts, ids, ["2026-11-01T00:00:00Z"])


def of_zebra(everything: Walk, runs: Runs) -> dict[str, str]:
    """Some ids of each type, of objects of team zebra."""
    theirs = [runs[name].run_id for name in ("zebra", "zebra_failed", "zebra_alone")]
    of_type: dict[str, list[str]] = {}
    for id, type_ in everything.ids.items():
        if any(run_id in id for run_id in theirs):
            of_type.setdefault(type_, []).append(id)
    return {id: type_ for type_, ids in of_type.items() for id in ids[: _ATTACKED // 2]}


def decoded(cursor: str) -> str:
    return base64.urlsafe_b64decode(cursor).decode()


def test_the_walk_sees_every_type_and_every_object_of_both_teams(walks: Walks) -> None:
    text = text_of(walks.everything)
    objects = [name for name, of in SCHEMA.type_map.items() if hasattr(of, "interfaces") and not name.startswith("__")]
    unseen = {name for name in objects if f'"__typename": "{name}"' not in text}
    assert unseen == {"Query", "Mutation", "RunTagsPayload", "Node", "MetaflowObject"}
    assert [run.scenario for run in walks.runs if run.run_id not in text] == []


def test_nothing_of_another_team_appears(walks: Walks) -> None:
    text = text_of(walks.seen)
    assert [mark for mark in ("zebra", "Zebra") if mark in text] == []
    # The ids of a service are small numbers.
    named = {run.scenario for run in walks.runs if re.search(rf"{run.pathspec}(?![0-9])", text)}
    assert named == {name for name in two_teams.SCENARIOS if name.startswith("otter")}


def test_what_another_team_has_answers_as_what_does_not_exist(walks: Walks) -> None:
    assert difference(walks.seen.answers, walks.seen_alone.answers) is None
    assert difference(walks.seen.files, walks.seen_alone.files) is None


def test_what_the_gateway_has_read_for_others_changes_nothing(walks: Walks) -> None:
    assert difference(walks.seen.answers, walks.seen_after.answers) is None
    assert difference(walks.seen.files, walks.seen_after.files) is None


def test_whatever_is_guessed_of_another_team_does_not_exist(walks: Walks) -> None:
    assert difference(walks.attacked.answers, walks.attacked_alone.answers) is None
    assert difference(walks.attacked.files, walks.attacked_alone.files) is None


@pytest.mark.usefixtures("walks")  # which removes the runs of the other team first
def test_all_of_ones_own_is_as_without_access_control(teams: Teams) -> None:
    teams.remove(two_teams.CROSSED)
    one, other = without_viewer(walked(teams, OTTER)), without_viewer(walked(teams, None))
    assert difference(one.answers, other.answers) is None
    assert difference(one.files, other.files) is None


def without_viewer(found: Walk) -> Walk:
    for answer in found.answers.values():
        answer["data"].pop("viewer_0", None)
    return found
