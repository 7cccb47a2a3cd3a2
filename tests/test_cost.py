"""What an operation may cost is told from its document."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from gateways import Gateway
from in_process import opened
from local_trees import EPOCH_MS, put_object, put_run

ARTIFACTS = "{ runs(first: %d) { nodes { steps { tasks(first: %d) { nodes { artifacts { name } } } } } } }"


@pytest.fixture
def gateway(tmp_path: Path) -> Generator[Gateway]:
    put_run(tmp_path, "1")
    put_object(tmp_path, "Made/1/start", EPOCH_MS)
    with opened(tmp_path) as gateway:
        yield gateway


def told(gateway: Gateway, query: str, **variables: Any) -> dict[str, int]:
    answer = gateway.answer(query, variables=variables, extensions={"cost": True})
    assert answer.get("errors", []) == []
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
