"""Real runs, of which only the datastore is left: what it tells is what the metadata of the same runs tell."""

import json
from collections.abc import Generator
from operator import itemgetter
from typing import Any

import pytest

import s3
from local_trees import provider
from running import SCENARIOS, Runs

OF_TASK = """
    pathspec status successful finished attempt attempts { attempt status } index foreachStack { step index }
    exception { type message stacktrace caught } artifacts { pathspec attempt sha contentType size type data }
    data { names } parentTasks(first: 100) { nodes { pathspec } } childTasks(first: 100) { nodes { pathspec } }
    stdout stderr cards { type cardId hash html }
    code { path flowspec tarball { files { path size } } }
"""
OF_RUN = f"""
    pathspec status successful finished endTask {{ pathspec }} failedTask {{ pathspec }}
    parameters {{ name value }} data {{ names }} artifactNames
    taskCounts {{ total pending running succeeded failed unknown }}
    graph {{ doc file startStep endStep nodes {{ name type next decorators {{ name attributes }} step {{ name }} }} }}
    steps {{
        name status parentSteps {{ name }} childSteps {{ name }} taskCounts {{ total succeeded failed }}
        tasks(first: 500) {{ totalCount nodes {{ {OF_TASK} }} }}
    }}
    step(name: "_parameters") {{ name status task {{ {OF_TASK} }} }}
"""
QUERY = f"query ($run: String!) {{ run(pathspec: $run) {{ {OF_RUN} }} }}"


@pytest.fixture(scope="module")
def server(runs: Runs) -> Generator[s3.Server]:
    with s3.serving() as server:
        server.upload(runs.datastore, "pre/fix")
        server.upload(runs.root / "data", "pre/fix/data")
        yield server


def answers(server: s3.Server, runs: Runs, query: str, **variables: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Those over S3 and over the folder, with their errors, and without what they cost."""
    both = (
        server.answer(query, server.provider(local=runs.root), **variables),
        server.answer(query, provider(runs.root), **variables),
    )
    of_s3, of_folder = (told | {"extensions": None, "errors": _told(told)} for told in both)
    return of_s3, of_folder


def _told(answer: dict[str, Any]) -> list[tuple[list[str | int], str, str]]:
    errors = answer.get("errors", [])
    return sorted((error["path"], error["message"], error["extensions"]["code"]) for error in errors)


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != "cards"])
def test_a_run_is_told_as_its_metadata_tell_it(server: s3.Server, runs: Runs, scenario: str) -> None:
    of_s3, of_folder = answers(server, runs, QUERY, run=runs[scenario].pathspec)
    if SCENARIOS[scenario].resumes:
        # A resume clones steps and tasks side by side: which of them comes first is chance.
        of_s3, of_folder = in_order(of_s3), in_order(of_folder)
    assert of_s3 == of_folder


def in_order(told: Any) -> Any:
    """The same, each list of objects by their texts."""
    if isinstance(told, dict):
        return {name: in_order(value) for name, value in told.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - any JSON
    if isinstance(told, list):
        return sorted(map(in_order, told), key=json.dumps)  # pyright: ignore[reportUnknownArgumentType] - any JSON
    return told


def test_cards_are_those_of_all_attempts_for_only_metadata_know_of_which(server: s3.Server, runs: Runs) -> None:
    of_s3, of_folder = answers(server, runs, QUERY, run=runs["cards"].pathspec)
    (end,) = of_s3["data"]["run"]["steps"][0]["tasks"]["nodes"]
    query = f'{{ task(pathspec: "{end["pathspec"]}", attempt: 0) {{ cards {{ type cardId hash html }} }} }}'
    first = server.answer(query, provider(runs.root))["data"]["task"]["cards"]
    (latest,) = of_folder["data"]["run"]["steps"][0]["tasks"]["nodes"]
    latest["cards"] = sorted([*first, *latest["cards"]], key=itemgetter("hash"))
    assert of_s3 == of_folder
    assert len(end["cards"]) == 2


def test_flows_and_runs_are_those_of_the_folder_in_its_order(server: s3.Server, runs: Runs) -> None:
    query = "{ flows { totalCount nodes { name } } runs(first: 100) { totalCount nodes { pathspec startedAt } } }"
    of_s3, of_folder = answers(server, runs, query)
    assert of_s3 == of_folder
    assert of_s3["data"]["runs"]["totalCount"] == len(SCENARIOS)
