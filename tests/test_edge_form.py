"""What looks at the answers of drawn requests sees those that are of no form."""

import asyncio
from typing import Any

import orjson
import pytest
from graphql import parse

from edge.calling import Answer
from edge.consistent import Selected
from edge.form import Malformed, checked
from edge.fuzzing import check_tasks

ERROR = {"message": "a", "extensions": {"code": "BAD_USER_INPUT"}}

PLACE = {"locations": [{"line": 1, "column": 1}]}


def answer(told: object, status: int = 200, media: str = "application/graphql-response+json") -> Answer:
    return Answer(status, f"{media}; charset=utf-8", orjson.dumps(told))


OF_NO_FORM: list[tuple[Any, int]] = [
    ([], 200),
    ({}, 200),
    ({"data": None}, 200),
    ({"data": {}, "more": 1}, 200),
    ({"data": {}, "errors": []}, 200),
    ({"data": {}}, 500),
    ({"errors": [ERROR]}, 200),
    ({"errors": [ERROR]}, 503),
    ({"errors": [ERROR] * 21}, 400),
    ({"errors": [ERROR | {"path": ["a"]}]}, 400),
    ({"errors": [ERROR | {"message": ""}]}, 400),
    ({"errors": [ERROR | {"message": 'File "/a/b.py", line 1'}]}, 400),
    ({"errors": [ERROR | {"extensions": {"code": "OTHER"}}]}, 400),
    ({"errors": [ERROR | {"extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}, 400),
    ({"errors": [ERROR | {"locations": [{"line": 0, "column": 1}]}]}, 400),
    ({"errors": [ERROR | {"locations": []}]}, 400),
    ({"errors": [ERROR | {"extensions": {"code": "GRAPHQL_PARSE_FAILED"}}]}, 400),
    ({"data": {}, "errors": [ERROR]}, 200),
    ({"data": {}, "errors": [ERROR | {"path": ["a"]}]}, 200),
    ({"data": {}, "errors": [ERROR | PLACE | {"path": [-1]}]}, 200),
    ({"data": {}, "errors": [ERROR | PLACE | {"path": ["a"], "why": 1}]}, 200),
]


@pytest.mark.parametrize(("told", "status"), OF_NO_FORM)
def test_an_answer_of_no_form_is_seen(told: object, status: int) -> None:
    with pytest.raises(Malformed):
        checked(answer(told, status))


def refusal(code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}, **more}]}


@pytest.mark.parametrize(
    ("told", "may_be_200"),
    [
        (refusal("LIMIT_EXCEEDED", "The document has 70000 bytes."), True),
        (refusal("BAD_USER_INPUT", "Variable '$n' has invalid value", **PLACE), True),
        (refusal("LIMIT_EXCEEDED", "The body has too many lists and objects."), False),
        (refusal("BAD_USER_INPUT", "The body is not JSON."), False),
        (refusal("BAD_USER_INPUT", "The request has no query."), False),
        (refusal("NOT_ACCEPTABLE", "The answer can be JSON."), False),
    ],
)
def test_what_is_wrong_with_the_body_itself_is_never_200(told: dict[str, Any], may_be_200: bool) -> None:
    assert checked(answer(told, 400, "application/json")) == told
    if may_be_200:
        assert checked(answer(told, 200, "application/json")) == told
    else:
        with pytest.raises(Malformed):
            checked(answer(told, 200, "application/json"))


def test_answers_of_the_specifications_form_are_let_through() -> None:
    partial: dict[str, Any] = {"data": {"run": None}, "errors": [ERROR | PLACE | {"path": ["run"]}]}
    assert checked(answer(partial)) == partial
    assert checked(answer({"errors": [ERROR]}, 400)) == {"errors": [ERROR]}


RUN = '{ run(pathspec: "A/1") { id steps { name parent { id } } } }'
STEP: dict[str, Any] = {"name": "a", "parent": {"id": "b"}}
ALONE: dict[str, Any] = {"name": "a", "parent": None}
OBJECT = '{ object(pathspec: "A/1") { id ... on Run { runId } ... on Step { name } } }'


def at(*path: str | int) -> list[dict[str, Any]]:
    return [ERROR | {"path": [*path]}]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (RUN, {"data": {"run": {"id": "a", "steps": [STEP]}}}),
        (RUN, {"data": {"run": {"id": "a", "steps": None}}, "errors": at("run", "steps")}),
        # steps: [Step!], so that null in the place of one of them makes all of them null.
        (RUN, {"data": {"run": {"id": "a", "steps": None}}, "errors": at("run", "steps", 0, "name")}),
        (RUN, {"data": {"run": {"id": "a", "steps": [ALONE]}}, "errors": at("run", "steps", 0, "parent")}),
        # One that could not be read is left out.
        (RUN, {"data": {"run": {"id": "a", "steps": []}}, "errors": at("run", "steps")}),
        (OBJECT, {"data": {"object": {"id": "a", "runId": "b"}}}),
        (OBJECT, {"data": {"object": {"id": "a"}}}),
        ("{ a: __typename @skip(if: true) b: __typename }", {"data": {"b": "Query"}}),
        ("query Q($v: Boolean = true) { a: __typename @include(if: $v) }", {"data": {"a": "Query"}}),
    ],
)  # fmt: skip
def test_data_as_they_are_selected_are_let_through(query: str, told: dict[str, Any]) -> None:
    Selected(parse(query), None, {}).check(told)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (RUN, {"data": {}}),
        (RUN, {"data": {"run": {"steps": [STEP], "id": "a"}}}),  # in another order
        (RUN, {"data": {"run": {"id": None, "steps": []}}}),
        (RUN, {"data": {"run": {"id": 1, "steps": []}}}),
        (RUN, {"data": {"run": {"id": "a", "steps": STEP}}}),
        (RUN, {"data": {"run": {"id": "a", "steps": [None]}}}),
        (RUN, {"data": {"run": {"id": "a", "steps": [STEP | {"more": 1}]}}}),
        (RUN, {"data": {"run": {"id": "a", "steps": [STEP]}}, "errors": at("run", "id")}),
        (RUN, {"data": {"run": {"id": "a", "steps": [STEP]}}, "errors": at("run", "steps", 7)}),
        # Higher up than it had to go: steps could be null.
        (RUN, {"data": {"run": None}, "errors": at("run", "steps", 0, "name")}),
        (OBJECT, {"data": {"object": {"id": "a", "runId": "b", "name": "c"}}}),
        ("{ serverInfo { errorCodes } }", {"data": {"serverInfo": {"errorCodes": ["OTHER"]}}}),
        ("{ tags { runs } }", {"data": {"tags": [{"runs": 2**31}]}}),
        ("{ tags { runs } }", {"data": {"tags": [{"runs": True}]}}),
        ('{ run(pathspec: "A/1") { createdAt } }', {"data": {"run": {"createdAt": "2026-01-01"}}}),
        ('{ run(pathspec: "A/1") { durationMs } }', {"data": {"run": {"durationMs": 2**53}}}),
        ("{ a: __typename @skip(if: true) b: __typename }", {"data": {"a": "Query", "b": "Query"}}),
    ],
)
def test_other_data_are_seen(query: str, told: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        Selected(parse(query), None, {}).check(told)


def test_a_task_that_goes_on_is_seen() -> None:
    async def asked() -> None:
        left = asyncio.create_task(asyncio.sleep(60))
        with pytest.raises(Malformed, match="tasks are left"):
            await check_tasks()
        left.cancel()

    asyncio.run(asked())
