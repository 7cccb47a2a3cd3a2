"""Each limit: what is just below it is answered, and what is just above refused by its name."""

import asyncio
from typing import Any

import pytest

from edge.limits import DOCUMENTS, VARIABLES
from metaflow_graphql.schema import schema
from metaflow_graphql.server import limits
from metaflow_graphql.server.documents import variables
from metaflow_graphql.server.documents.kept import Documents
from metaflow_graphql.server.errors import RequestError

SCHEMA: Any = schema._schema  # pyright: ignore[reportPrivateUsage] - Strawberry has no other name for it


def codes_of(document: str) -> list[str]:
    """The codes of what is found wrong with it, and messages of what is beyond a limit."""
    try:
        asyncio.run(Documents(SCHEMA).document(document))
    except RequestError as refused:
        return [error["extensions"]["code"] + " " + error["message"].rpartition(": ")[2] for error in refused.errors]
    return []


@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_document_is_refused_only_beyond_a_limit(case: str) -> None:
    limit, of = DOCUMENTS[case]
    below, above = codes_of(of(limit.value)), codes_of(of(limit.value + 1))
    assert [code for code in below if code.startswith("LIMIT_EXCEEDED")] == []
    assert above == [f"LIMIT_EXCEEDED {limit.name} is {limit.value} at the most."]


@pytest.mark.parametrize("case", VARIABLES)
def test_variables_are_refused_only_beyond_a_limit(case: str) -> None:
    limit, of = VARIABLES[case]
    variables.check(of(limit.value))
    with pytest.raises(RequestError, match=rf"{limit.name} is {limit.value} at the most") as refused:
        variables.check(of(limit.value + 1))
    assert refused.value.errors[0]["extensions"] == {"code": "LIMIT_EXCEEDED"}


# Where the limits of what is read and answered are held to.
OF_ANSWERS = {
    "cost": "test_cost.py",
    "answerObjects": "test_pages.py",
    "answerFields": "test_hostile.py",
    "answerBytes": "test_hostile.py",
    "valuesBytes": "test_hostile.py",
    "upstreamRequests": "test_service_requests.py",
    "seconds": "test_service_gateway_faults.py",
}


def test_each_limit_is_held_to_by_a_test() -> None:
    tested = {limit.name for limit, _ in (*DOCUMENTS.values(), *VARIABLES.values())}
    assert tested | OF_ANSWERS.keys() == {limit.name for limit in limits.LIMITS}
