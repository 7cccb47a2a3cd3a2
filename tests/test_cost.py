"""What an operation may cost is told from its document, and what costs too much is refused with what would fit."""

import re
from collections.abc import Generator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, get_introspection_query, parse

import metaflow_graphql
from conftest import Limiting
from gateways import Gateway
from in_process import opened
from local_trees import EPOCH_MS, put_object, put_run
from metaflow_graphql.schema import schema
from metaflow_graphql.server.documents.cost import Cost
from metaflow_graphql.server.limits import COST
from metaflow_graphql.server.long_operations import LongOperations

SCHEMA: Any = schema._schema  # pyright: ignore[reportPrivateUsage] - Strawberry has no other name for it

EXAMPLES = Path(metaflow_graphql.__path__[0]) / "examples/queries"
ARTIFACTS = "{ runs(first: %d) { nodes { steps { tasks(first: %d) { nodes { artifacts { name } } } } } } }"


@pytest.fixture
def gateway(tmp_path: Path) -> Generator[Gateway]:
    put_run(tmp_path, "1")
    put_object(tmp_path, "Made/1/start", EPOCH_MS)
    with opened(tmp_path) as gateway:
        yield gateway


def told(gateway: Gateway, query: str, **variables: Any) -> dict[str, int]:
    answer = gateway.answer(query, variables=variables, extensions={"cost": True})
    return answer["extensions"]["cost"]


COSTS: dict[str, tuple[str, dict[str, Any], int]] = {
    "one field": ("{ __typename }", {}, 0),
    "one object": ("{ run(pathspec: \"Made/1\") { id } }", {}, 1),
    "a page of no length": ("{ runs { nodes { id } } }", {}, 50),
    "a page of some length": ("{ runs(first: 3) { nodes { id } totalCount pageInfo { hasNextPage } } }", {}, 4),
    "a page from its end": ("{ runs(last: 3) { nodes { id } } }", {}, 3),
    "the length of a variable": ("query($n: Int) { runs(first: $n) { nodes { id } } }", {"n": 7}, 7),
    "the default of a variable": ("query($n: Int = 9) { runs(first: $n) { nodes { id } } }", {}, 9),
    "lists without pages": ("{ run(pathspec: \"Made/1\") { steps { parentSteps { name } } } }", {}, 1 + 10 + 100),
    "names": (
        "{ task(pathspec: \"Made/1/start/1\") { artifacts(names: [\"a\", \"b\"]) { id } } }", {}, 1 + 2,
    ),
    "ids": ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": []}, 0),
    "a page of a log": (
        "{ task(pathspec: \"Made/1/start/1\") { loglines(first: 1000) { nodes { text } } } }", {}, 1 + 1_000,
    ),
    "a list of some length": ("{ tags(first: 500) { tag } }", {}, 500),
    "a list of no length that could have one": ("{ tags { tag } }", {}, 50),
    "a page that is too large": ("{ runs(first: 2147483647) { nodes { id } } }", {}, 500),
    "what is left out": (
        "query($no: Boolean = false) "
        "{ runs @include(if: $no) { nodes { id } } flows { nodes @skip(if: true) { id } } }",
        {}, 0,
    ),
    "aliases": ("{ a: runs { nodes { id } } b: runs { nodes { id } } }", {}, 100),
    "the same twice": ("{ runs { nodes { id } } runs { nodes { runId } } }", {}, 50),
    "fragments": (
        "{ runs { ...F ... on RunConnection { nodes { runId } } } } fragment F on RunConnection { nodes { id } }",
        {}, 50,
    ),
    "artifacts of 100 runs": (ARTIFACTS % (100, 50), {}, 100 + 1_000 + 50_000 + 1_000_000),
}  # fmt: skip


@pytest.mark.parametrize("case", COSTS)
def test_objects_are_counted_before_they_are_read(gateway: Gateway, case: str) -> None:
    query, variables, expected = COSTS[case]
    assert told(gateway, query, **variables)["estimated"] == expected


def test_what_was_touched_is_told_beside(gateway: Gateway) -> None:
    # The root, the page, its run, the step.
    assert told(gateway, "{ runs { nodes { steps { name } } } }") == {"estimated": 50 + 500, "spent": 4}


def test_the_examples_and_the_schema_may_be_asked_for(gateway: Gateway) -> None:
    queries = [path.read_text() for path in EXAMPLES.glob("*.graphql")] + [get_introspection_query()]
    assert len(queries) > 5
    refused = [
        error for query in queries for error in gateway.answer(query).get("errors", []) if "cost is" in str(error)
    ]
    assert refused == []


def test_the_examples_and_the_schema_wait_for_nobody() -> None:
    turns = LongOperations()
    for text in [*(path.read_text() for path in EXAMPLES.glob("*.graphql")), get_introspection_query()]:
        document = parse(text)
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                assert isinstance(turns.turn("one", Cost(SCHEMA, document, node, {}).values), nullcontext)


@pytest.mark.parametrize("below", [True, False])
def test_an_operation_costs_no_more_than_allowed(gateway: Gateway, limit: Limiting, below: bool) -> None:
    limit(COST, 1_051_100 if below else 1_051_099)
    answer = gateway.answer(ARTIFACTS % (100, 50))
    assert ("errors" not in answer) is below


PAGES = "first: 50) { nodes { "
TOO_MUCH = {
    "all artifacts": (ARTIFACTS % (500, 500), "runs.nodes.steps.tasks.nodes.artifacts"),
    "pages of pages": (
        f"{{ flows({PAGES} runs({PAGES} steps {{ tasks({PAGES} childTasks({PAGES} id }} }} }} }} }} }} }} }} }} }}",
        "flows.nodes.runs.nodes.steps.tasks.nodes.childTasks.nodes",
    ),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_what_costs_too_much_is_told_where_and_what_would_fit(gateway: Gateway, case: str) -> None:
    query, where = TOO_MUCH[case]
    (error,) = gateway.answer(query)["errors"]
    message = error["message"]
    assert (error["extensions"]["code"], f"of them at {where}: cost is {COST.value} at the most." in message) == (
        "LIMIT_EXCEEDED",
        True,
    )


def test_what_is_said_to_fit_does(gateway: Gateway) -> None:
    query = "query($runs: Int, $tasks: Int) " + ARTIFACTS.replace("%d", "$runs", 1).replace("%d", "$tasks")
    (error,) = gateway.answer(query, variables={"runs": 500, "tasks": 400})["errors"]
    fits = re.search(r"With first: ([0-9]+) at runs it would fit", error["message"])
    assert fits
    several = [gateway.answer(query, variables={"runs": int(fits[1]) + more, "tasks": 400}) for more in (0, 1)]
    assert [len(answer.get("errors", [])) for answer in several] == [0, 1]


def test_of_fields_that_are_too_many_it_is_told_how_many_fit(gateway: Gateway) -> None:
    fields = [f"a{n}: runs(first: 500) {{ nodes {{ steps {{ parentSteps {{ name }} }} }} }}" for n in range(80)]
    (error,) = gateway.answer(f"{{ {' '.join(fields)} }}")["errors"]
    fits = re.search(r"The first ([0-9]+) of its 80 fields at the top would fit", error["message"])
    assert fits
    several = [gateway.answer(f"{{ {' '.join(fields[: int(fits[1]) + more])} }}") for more in (0, 1)]
    assert [len(answer.get("errors", [])) for answer in several] == [0, 1]


def test_where_nothing_fits_that_is_said(gateway: Gateway) -> None:
    lists = "parentSteps { " * 8 + "name" + " }" * 8
    (error,) = gateway.answer(f'{{ run(pathspec: "Made/1") {{ steps {{ {lists} }} }} }}')["errors"]
    assert error["message"].endswith("Ask for fewer levels at a time.")
