"""Answers that clients may keep without asking again: those that nothing can change any more, and no others."""

import asyncio
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_composite_type,
    is_required_argument,
)

from cached import read, try_again
from in_process import Calls
from local_trees import put_run
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.app import application
from metaflow_graphql.server.caching.fields import LASTING, OF_ONE_ATTEMPT
from metaflow_graphql.server.caching.lasting import Asked, lasts
from metaflow_graphql.server.documents.kept import operation_of
from metaflow_graphql.server.documents.validity import valid
from running import Runs

SDL = build_schema(schema.as_str())
KEPT = "private, max-age=60, must-revalidate"
CHECKED = "private, no-cache"


@contextmanager
def opened(root: Path, **settings: Any) -> Generator[httpx.Client]:
    """A client without a cache."""
    app = application(schema, Gateway({"default": LocalProvider("default", root)}, "default", **settings))
    with httpx.Client(transport=Calls(app), base_url="http://gateway") as client:
        yield client


@pytest.fixture(scope="module")
def client(runs: Runs) -> Generator[httpx.Client]:
    with opened(runs.root) as client:
        yield client


# Type: where an object of it is, which is about a run that succeeded. LINEAR, ARRAYS: such runs.
OF_LINEAR = 'task(pathspec: "LINEAR/start/1", attempt: 0) { parent { parent { status } } '
OF_ARRAYS = 'artifact(pathspec: "ARRAYS/only/1/matrix", attempt: 0) { parent { parent { parent { status } } } '
OBJECTS = {
    "Run": '{ run(pathspec: "LINEAR") { status FIELD } }',
    "Step": '{ step(pathspec: "LINEAR/start") { parent { status } FIELD } }',
    "Task": f"{{ {OF_LINEAR} FIELD }} }}",
    "MetaflowData": f"{{ {OF_LINEAR} data {{ FIELD }} }} }}",
    "DataArtifact": f"{{ {OF_ARRAYS} FIELD }} }}",
    "TablePreview": f"{{ {OF_ARRAYS} table {{ FIELD }} }} }}",
    "TableColumn": f"{{ {OF_ARRAYS} table {{ columns {{ FIELD }} }} }} }}",
}
ARGUMENTS = {"name": '"message"', "stream": "STDOUT"}


def selected(name: str, field: GraphQLField) -> str:
    """The field, with the arguments that it needs."""
    arguments = [f"{of}: {ARGUMENTS[of]}" for of, argument in field.args.items() if is_required_argument(argument)]
    inner = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - graphql-core leaves out parameters of generic types
    return name + (f"({', '.join(arguments)})" if arguments else "") + inner


def about(runs: Runs, query: str) -> str:
    """The query with the pathspecs of runs in the places for them."""
    for scenario in ("linear", "arrays", "failed"):
        query = query.replace(scenario.upper(), runs[scenario].pathspec)
    return query


def fields(of: str) -> dict[str, GraphQLField]:
    found = SDL.type_map[of]
    assert isinstance(found, GraphQLObjectType)
    return found.fields


def queries(runs: Runs) -> dict[str, str]:
    """A query for each field of these types, by its schema coordinate."""
    return {
        f"{of}.{name}": about(runs, query.replace("FIELD", selected(name, field)))
        for of, query in OBJECTS.items()
        for name, field in fields(of).items()
    }


def test_answers_with_the_named_fields_alone_are_kept(client: httpx.Client, runs: Runs) -> None:
    """A field that is added is among these, and not kept unless it is named."""
    told = {field: read(client, query).headers["cache-control"] for field, query in queries(runs).items()}
    kept = {field for field, control in told.items() if control == KEPT}
    named = {field for field in LASTING | OF_ONE_ATTEMPT if not field.startswith("Query.")}
    assert (kept, set(told.values())) == (named, {KEPT, CHECKED})


def test_of_all_that_can_be_asked_these_lead_to_what_is_kept() -> None:
    """What is kept is among OBJECTS, all of whose fields are tried."""
    kept = {name for name in fields("Query") if f"Query.{name}" in LASTING | OF_ONE_ATTEMPT}
    assert kept == {"run", "step", "task", "artifact"}
    assert {field.partition(".")[0] for field in LASTING | OF_ONE_ATTEMPT} == {"Query", *OBJECTS}


BY_METAFLOW = """
import sys
from metaflow import Run, namespace
namespace(None)
Run(sys.argv[1]).add_tag("by metaflow")
"""


def tag_by_metaflow(runs: Runs, run: str) -> None:
    command = [sys.executable, "-c", BY_METAFLOW, run]
    subprocess.run(command, env=runs.environment(), capture_output=True, check=True, cwd=runs.root)


MOVING = (
    "query($run: String!, $task: String!) { run(pathspec: $run) { createdAt tags } task(pathspec: $task) { attempt } }"
)
TAG = 'mutation($run: String!) { addTags(pathspec: $run, tags: "new") { run { userTags } } }'


def kept_queries(runs: Runs) -> list[str]:
    """A query for each field that is kept; where it may be of any attempt, one without an attempt too."""
    of_fields = queries(runs)
    asked = [of_fields[field] for field in (LASTING | OF_ONE_ATTEMPT) & of_fields.keys()]
    assert set[str]().union(*(valid(SDL, query).selected for query in asked)) >= LASTING | OF_ONE_ATTEMPT
    return asked + [of_fields[field].replace(", attempt: 0", "") for field in LASTING & of_fields.keys()]


def test_what_is_kept_is_the_same_whatever_happens_then(runs: Runs, tmp_path: Path) -> None:
    """Tags are changed, by Metaflow too; tasks are tried again; runs are started."""
    copied = runs.copy(tmp_path, "LinearFlow", "ArraysFlow")
    asked = kept_queries(runs)
    linear, arrays = runs["linear"].pathspec, runs["arrays"].pathspec
    with opened(tmp_path) as client:

        def kept() -> list[bytes]:
            return [read(client, query).content for query in asked]

        def moving() -> list[dict[str, Any]]:
            return [
                read(client, MOVING, variables={"run": run, "task": f"{run}/{task}"}).json()["data"]
                for run, task in ((linear, "start/1"), (arrays, "only/1"))
            ]

        before, of_old = kept(), moving()
        # Of the end task Metaflow would start no other attempt.
        try_again(copied.datastore / linear / "start" / "1", done=False)
        assert kept() == before
        for run, task in ((linear, "start/1"), (arrays, "only/1")):
            try_again(copied.datastore / run / task)
            client.post("/graphql", json={"query": TAG, "variables": {"run": run}})
            tag_by_metaflow(copied, run)
            put_run(tmp_path, "1999999999000000", flow=run.split("/")[0])
        assert kept() == before
        of_new = moving()
    for old, new in zip(of_old, of_new, strict=True):
        assert all(old["run"][name] != new["run"][name] for name in ("createdAt", "tags"))
        assert (old["task"], new["task"]) == ({"attempt": 0}, {"attempt": 1})


# name: query
NOT_KEPT = {
    "a list of runs": "{ runs(first: 1) { nodes { status } } }",
    "a flow's latest run": '{ flow(name: "LinearFlow") { latestRun { status } } }',
    "a list of objects": '{ nodes(ids: ["Run:default/LINEAR"]) { ... on Run { status } } }',
    "an object by its id": '{ node(id: "Run:default/LINEAR") { ... on Run { status } } }',
    "an object of any level": '{ object(pathspec: "LINEAR") { ... on Run { status } } }',
    "a run that failed": '{ run(pathspec: "FAILED") { status } }',
    "a run of which is not told how far it has come": '{ run(pathspec: "LINEAR") { runId } }',
    "a run whose status is left out": '{ run(pathspec: "LINEAR") { runId status @skip(if: true) } }',
    "a run with something else called status": '{ run(pathspec: "LINEAR") { status: runId } }',
    "a run that does not exist": '{ run(pathspec: "LinearFlow/1") { status } }',
    "a run in a namespace": '{ run(pathspec: "LINEAR", namespace: "runtime:dev") { status } }',
    "a run in no namespace, which is said": '{ run(pathspec: "LINEAR", namespace: null) { status } }',
    "two runs": '{ run(pathspec: "LINEAR") { status } other: run(pathspec: "FAILED") { runId } }',
    "a run and what else there is": '{ run(pathspec: "LINEAR") { status } defaultNamespace }',
    "tags": '{ run(pathspec: "LINEAR") { status tags } }',
    "tags in a fragment": '{ run(pathspec: "LINEAR") { status ...T } } fragment T on MetaflowObject { userTags }',
    "a time that tags move": '{ run(pathspec: "LINEAR") { status createdAt } }',
    "a null": f'{{ {OF_LINEAR} artifact(name: "none") {{ name }} }} }}',
    "an error": f'{{ {OF_LINEAR} artifact(name: "a/b") {{ name }} }} }}',
    "an artifact of the latest attempt": f'{{ {OF_LINEAR} artifact(name: "x") {{ data }} }} }}'.replace(
        ", attempt: 0", ""
    ),
    "an artifact of an attempt that is null": f'{{ {OF_LINEAR} artifact(name: "x") {{ data }} }} }}'.replace(
        "attempt: 0", "attempt: null"
    ),
    "an attempt that did not start": f"{{ {OF_LINEAR} }} }}".replace("attempt: 0", "attempt: 3"),
}


@pytest.mark.parametrize("case", NOT_KEPT)
def test_other_answers_are_checked_each_time(client: httpx.Client, runs: Runs, case: str) -> None:
    answer = read(client, about(runs, NOT_KEPT[case]))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, CHECKED)


def test_what_is_kept_may_be_asked_for_by_fragments_aliases_and_variables(client: httpx.Client, runs: Runs) -> None:
    query = (
        "query($task: String!, $attempt: Int) { t: task(pathspec: $task, attempt: $attempt) { ...T "
        'of: artifact(name: "message") { data } } } '
        "fragment T on Task { __typename s: parent { r: parent { ... { how: status } } } }"
    )
    task = f"{runs['linear'].pathspec}/start/1"
    kept, latest = (read(client, query, variables={"task": task, "attempt": attempt}) for attempt in (0, None))
    assert kept.json() == {
        "data": {"t": {"__typename": "Task", "s": {"r": {"how": "SUCCEEDED"}}, "of": {"data": "from start"}}}
    }
    assert (kept.headers["cache-control"], latest.headers["cache-control"]) == (KEPT, CHECKED)


def test_an_answer_that_tells_its_cost_is_not_kept(client: httpx.Client, runs: Runs) -> None:
    query = about(runs, OBJECTS["Run"].replace("FIELD", ""))
    told = client.get("/graphql", params={"query": query, "extensions": '{"usage": true}'})
    assert (told.headers["cache-control"], read(client, query).headers["cache-control"]) == (CHECKED, KEPT)


def test_in_a_default_namespace_nothing_is_kept(runs: Runs) -> None:
    query = about(runs, OBJECTS["Run"].replace("FIELD", ""))
    with opened(runs.root, default_namespace="user:tester") as client:
        answer = read(client, query)
    assert (answer.json(), answer.headers["cache-control"]) == ({"data": {"run": {"status": "SUCCEEDED"}}}, CHECKED)


@pytest.mark.parametrize("at", [0, 1, 2**18 - 2, 2**18, 2**19 - 4])
def test_a_null_is_found_wherever_it_stands(at: int) -> None:
    """An answer is searched a part at a time."""
    document = valid(SDL, '{ run(pathspec: "HelloFlow/2") { status } }')
    asked, answer = Asked(document, operation_of(document.node, None), {}), {"data": {"run": {"status": "SUCCEEDED"}}}
    text = b"x" * 2**19
    assert asyncio.run(lasts(asked, answer, text))
    assert not asyncio.run(lasts(asked, answer, text[:at] + b"null" + text[at + 4 :]))
