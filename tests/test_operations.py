"""What an operation is answered: faults and whose they are, its cost, and how long it lasts."""

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import strawberry
from graphql import GraphQLSchema
from starlette.types import ASGIApp

from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.server.app import application
from metaflow_graphql.server.documents import kept
from metaflow_graphql.server.documents.validity import Document, valid_long
from serving import address, post, served, small_application


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with served(small_application()) as client:
        yield client


def test_a_fault_of_a_provider_is_told_with_its_code(client: httpx.Client) -> None:
    answer = post(client, "{ corrupt unavailable greeting }")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "data": {"corrupt": None, "unavailable": None, "greeting": "Hello world"},
            "errors": [
                {
                    "message": "HelloFlow/1 is half-written.",
                    "locations": [{"line": 1, "column": 3}],
                    "path": ["corrupt"],
                    "extensions": {"code": "CORRUPT_METADATA"},
                },
                {
                    "message": "team did not answer.",
                    "locations": [{"line": 1, "column": 11}],
                    "path": ["unavailable"],
                    "extensions": {"code": "PROVIDER_UNAVAILABLE", "retryable": True},
                },
            ],
        },
    )


def test_objects_that_a_list_left_out_are_told(client: httpx.Client) -> None:
    assert post(client, "{ some }").json() == {
        "data": {"some": ["HelloFlow/1"]},
        "errors": [
            {
                "message": "HelloFlow/2 is half-written.",
                "locations": [{"line": 1, "column": 3}],
                "path": ["some"],
                "extensions": {"code": "CORRUPT_METADATA"},
            }
        ],
    }


@pytest.mark.parametrize(("field", "logged"), [("broken", "/secret/path is a folder"), ("unlike", "'text'")])
def test_our_fault_is_told_by_the_request_id_alone(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, field: str, logged: str
) -> None:
    answer = post(client, f"{{ {field} }}").json()
    request_id = answer["errors"][0]["extensions"]["requestId"]
    assert answer == {
        "data": {field: None},
        "errors": [
            {
                "message": "Internal server error",
                "locations": [{"line": 1, "column": 3}],
                "path": [field],
                "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id},
            }
        ],
    }
    assert [record.getMessage() for record in caplog.records] == [f"Request {request_id} failed at '{field}'"]
    assert "Traceback" in caplog.text
    assert logged in caplog.text


def test_a_fault_that_many_objects_meet_is_logged_ten_times(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(post(client, "{" + "".join(f" a{n}: broken" for n in range(20)) + "}").json()["errors"]) == 20
    assert len(caplog.records) == 11


def test_a_variable_that_an_argument_can_not_take_is_the_clients_fault(client: httpx.Client) -> None:
    answer = post(client, "query ($n: Int = 1) { double(number: $n) }", variables={"n": None})
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "data": None,
            "errors": [
                {
                    "message": "Argument 'number' has invalid value: Expected variable '$n' provided to non-null"
                    " type 'Int!' not to be None.",
                    "locations": [{"line": 1, "column": 38}],
                    "path": ["double"],
                    "extensions": {"code": "BAD_USER_INPUT"},
                }
            ],
        },
    )


def test_a_fault_of_the_endpoint_itself_is_told_by_the_request_id_alone(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metaflow_graphql.server.graphql.encoded", None)
    answer = post(client, "{ greeting }")
    request_id = answer.json()["errors"][0]["extensions"]["requestId"]
    assert (answer.status_code, answer.json()) == (
        500,
        {
            "errors": [
                {
                    "message": "Internal server error",
                    "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id},
                }
            ]
        },
    )
    assert "'NoneType' object is not callable" in caplog.text


def test_the_cost_of_an_operation_is_told_on_request(client: httpx.Client) -> None:
    assert post(client, "{ costly }", extensions={"usage": True}).json() == {
        "data": {"costly": True},
        "extensions": {"usage": {"calls": {"runs": 1}, "fileReads": 2, "requests": {}}},
    }
    assert post(client, "{ costly }").json() == {"data": {"costly": True}}


def test_text_that_is_no_unicode_does_not_cost_the_answer(client: httpx.Client) -> None:
    assert post(client, "{ lone greeting }").json() == {"data": {"lone": "\ufffd", "greeting": "Hello world"}}


@pytest.mark.parametrize("count", [0, 1, 2, 100_000])
def test_a_list_of_any_length_comes_whole(client: httpx.Client, count: int) -> None:
    assert post(client, f"{{ many(count: {count}) }}").json() == {"data": {"many": list(range(count))}}


def test_a_document_is_parsed_and_validated_once(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "{ first: greeting }"
    assert post(client, query).status_code == 200
    monkeypatch.setattr("metaflow_graphql.server.documents.validity.parse", None)
    assert post(client, query).json() == {"data": {"first": "Hello world"}}


def _late(begun: threading.Event, ended: threading.Event) -> ASGIApp:
    @strawberry.type
    class Late:
        @strawberry.field
        async def late(self) -> bool:
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()
            return True

    return application(strawberry.Schema(Late), Gateway({}, "default"))


def test_a_client_that_goes_away_ends_its_operation(caplog: pytest.LogCaptureFixture) -> None:
    begun, ended = threading.Event(), threading.Event()
    with served(_late(begun, ended)) as client, socket.create_connection(address(client)) as connection:
        connection.sendall(b"GET /graphql?query={late} HTTP/1.1\r\nHost: a\r\n\r\n")
        assert begun.wait(10)
        assert not ended.is_set()
        connection.close()
        assert ended.wait(10)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_other_requests_go_on_beside_a_document_that_takes_long_to_validate(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    others_are_answered = threading.Event()

    def long(schema: GraphQLSchema, text: str) -> Document:
        assert others_are_answered.wait(20)
        return valid_long(schema, text)

    monkeypatch.setattr(kept, "valid_long", long)
    with ThreadPoolExecutor() as others:
        heavy = others.submit(post, client, f"{{ greeting }} # {'long ' * kept.SHORT}")
        assert client.get("/healthz").status_code == 200
        assert post(client, "{ brief: greeting }").json() == {"data": {"brief": "Hello world"}}
        others_are_answered.set()
        assert heavy.result().json() == {"data": {"greeting": "Hello world"}}
