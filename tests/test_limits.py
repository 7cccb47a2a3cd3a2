"""Each limit: what is just below it is answered, and what is just above refused by its name."""

import asyncio
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

import test_cost
import test_hostile
import test_limits_of_answers as of_answers
import test_service_gateway_faults
from edge.limits import DOCUMENTS, VARIABLES
from metaflow_graphql.resolvers.context import Gateway, Limit
from metaflow_graphql.schema import schema
from metaflow_graphql.server import limits
from metaflow_graphql.server.app import application
from metaflow_graphql.server.documents import variables
from metaflow_graphql.server.documents.kept import Documents
from metaflow_graphql.server.errors import RequestError
from serving import post, served

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


# What holds the limits of what is read and answered.
OF_ANSWERS: dict[str, Callable[..., object]] = {
    "pageSize": of_answers.test_a_page_has_no_more_objects,
    "logPageSize": of_answers.test_a_page_of_a_log_has_no_more_lines,
    "logBytes": of_answers.test_a_log_is_given_whole_up_to_a_size,
    "logLines": of_answers.test_logs_are_given_whole_up_to_a_number_of_lines,
    "previewLength": of_answers.test_no_more_is_shown_of_an_artifact,
    "tableRows": of_answers.test_no_more_is_shown_of_an_artifact,
    "cardBytes": of_answers.test_a_card_is_given_up_to_a_size,
    "codeBytes": of_answers.test_a_package_is_read_up_to_a_size,
    "codeInflatedBytes": of_answers.test_a_package_inflates_up_to_a_size,
    "codeFiles": of_answers.test_a_package_has_no_more_files,
    "codeFileBytes": of_answers.test_a_file_of_a_package_is_given_up_to_a_size,
    "cost": test_cost.test_an_operation_costs_no_more_than_allowed,
    "answerObjects": of_answers.test_an_answer_has_no_more_objects,
    "answerFields": test_hostile.test_what_has_more_fields_than_are_left_is_an_error_where_it_is,
    "answerBytes": of_answers.test_an_answer_has_no_more_bytes,
    "valuesBytes": of_answers.test_values_are_given_until_they_take_a_size,
    "upstreamRequests": of_answers.test_no_more_requests_go_upstream,
    "seconds": test_service_gateway_faults.test_an_operation_has_so_much_time,
}


def test_each_limit_that_is_told_is_held_to_by_a_test() -> None:
    with served(application(schema, Gateway({}, "default", limits=limits.LIMITS))) as client:
        told = post(client, "{ serverInfo { limits { name } } }").json()["data"]["serverInfo"]["limits"]
    of_requests = {limit.name for limit, _ in (*DOCUMENTS.values(), *VARIABLES.values())}
    assert sorted([*of_requests, *OF_ANSWERS]) == sorted(limit["name"] for limit in told)


@pytest.mark.parametrize("name", OF_ANSWERS)
def test_what_holds_a_limit_is_about_it(name: str) -> None:
    constants = [constant for constant, of in vars(limits).items() if isinstance(of, Limit) and of.name == name]
    source = inspect.getsource(OF_ANSWERS[name])
    assert any(re.search(rf"\b{word}\b", source) for word in (name, *constants))
