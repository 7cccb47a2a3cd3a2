"""GraphQL over HTTP: statuses, media types, what is refused and who may ask."""

import gzip
import json
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import strawberry

from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.server.app import application
from metaflow_graphql.server.limits import BODY_BYTES, DOCUMENT_BYTES, DOCUMENT_DEPTH, DOCUMENT_FIELDS, DOCUMENT_TOKENS
from serving import GRAPHQL_RESPONSE, Query, address, error, post, served, small_application


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with served(small_application()) as client:
        yield client


# name: method, address, headers, body; status, errors
JSON_POST = {"content-type": "application/json"}
NO_QUERY = error("BAD_USER_INPUT", "The request has no query.")
NO_METHOD = error("METHOD_NOT_ALLOWED", "Operations are sent by POST, queries by GET too.")
NOT_ACCEPTABLE = error("NOT_ACCEPTABLE", "The answer can be application/graphql-response+json or application/json.")
UNSUPPORTED = error("UNSUPPORTED_MEDIA_TYPE", "The body must be of the media type application/json, in UTF-8.")
TOO_LARGE = error("PAYLOAD_TOO_LARGE", "A request has at most 1048576 bytes.")
MANY_NAMES = json.dumps({f"a{number}": 1 for number in range(60_000)})
REFUSED: dict[str, tuple[str, str, dict[str, str], str, int, dict[str, Any]]] = {
    "a method": ("PUT", "", JSON_POST, "{}", 405, NO_METHOD),
    "a mutation by GET": (
        "GET", "?query=mutation{touch}", {}, "", 405, error("METHOD_NOT_ALLOWED", "Mutations must be sent by POST.")
    ),
    "a media type to answer in": (
        "POST", "", JSON_POST | {"accept": "image/png"}, "{}", 406, NOT_ACCEPTABLE
    ),
    "HTML for a POST": (
        "POST", "", JSON_POST | {"accept": "text/html"}, "{}", 406, NOT_ACCEPTABLE
    ),
    "no content type": (
        "POST", "", {}, "{}", 415, UNSUPPORTED
    ),
    "a form": (
        "POST", "", {"content-type": "application/x-www-form-urlencoded"}, "query={greeting}", 415, UNSUPPORTED
    ),
    "plain text": (
        "POST", "", {"content-type": "text/plain"}, '{"query": "{greeting}"}', 415, UNSUPPORTED
    ),
    "another encoding": (
        "POST", "", {"content-type": "application/json; charset=latin-1"}, "{}", 415, UNSUPPORTED
    ),
    "no JSON": (
        "POST", "", JSON_POST, "{", 400,
        error("BAD_USER_INPUT", "The body is not JSON: unexpected end of data: line 1 column 2 (char 1)."),
    ),
    "a batch": (
        "POST", "", JSON_POST, '[{"query": "{greeting}"}]', 400,
        error("BAD_USER_INPUT", "The body must be a JSON object: operations are sent one by one."),
    ),
    "no object": ("POST", "", JSON_POST, "null", 400, error("BAD_USER_INPUT", "The body must be a JSON object.")),
    "a name twice": (
        "POST", "", JSON_POST, '{"query": "{greeting}", "query": "{double}"}', 400,
        error("BAD_USER_INPUT", "The body has the name 'query' twice in one object."),
    ),
    "a name twice in variables": (
        "POST", "", JSON_POST, '{"query": "{greeting}", "variables": {"of": [{"a": 1, "a": 1}]}}', 400,
        error("BAD_USER_INPUT", "The body has the name 'a' twice in one object."),
    ),
    "a name twice among thousands": (
        "POST", "", JSON_POST,
        f'{{"query": "{{greeting}}", "variables": {MANY_NAMES[:-1]}, "a59999": 1}}}}', 400,
        error("BAD_USER_INPUT", "The body has the name 'a59999' twice in one object."),
    ),
    "nested too deep": (
        "POST", "", JSON_POST, '{"query": "{greeting}", "variables": {"a": ' + "[" * 1100 + "]" * 1100 + "}}", 400,
        error("BAD_USER_INPUT", "The body is not JSON: depth limit exceeded: line 1 column 1067 (char 1066)."),
    ),
    "a byte order mark": (
        "POST", "", JSON_POST, '\ufeff{"query": "{greeting}"}', 400,
        error("BAD_USER_INPUT", "The body is not JSON: UTF-8 byte order mark (BOM) is not supported: "
              "line 1 column 1 (char 0)."),
    ),
    "a lone surrogate": (
        "POST", "", JSON_POST, '{"query": "{greeting(name: \\"\\ud83d\\")}"}', 400,
        error("BAD_USER_INPUT", "The body is not JSON: no low surrogate in string: line 1 column 30 (char 29)."),
    ),
    "a number that is none": (
        "POST", "", JSON_POST, '{"query": "{greeting}", "variables": {"a": NaN}}', 400,
        error("BAD_USER_INPUT", "The body is not JSON: unexpected character, expected a JSON value: "
              "line 1 column 44 (char 43)."),
    ),
    "more than one value": (
        "POST", "", JSON_POST, '{"query": "{greeting}"}{}', 400,
        error("BAD_USER_INPUT", "The body is not JSON: unexpected content after document: line 1 column 24 (char 23)."),
    ),
    "a compressed body": (
        "POST", "", JSON_POST | {"content-encoding": "gzip"}, "{}", 415,
        error("UNSUPPORTED_MEDIA_TYPE", "The body must come as it is, without a Content-Encoding."),
    ),
    "a parameter twice": (
        "GET", "?query={greeting}&query={double}", {}, "", 400,
        error("BAD_USER_INPUT", "The parameter query is given more than once."),
    ),
    "a URL that is not in UTF-8": (
        "GET", "?query=%7Bgreeting%ff%7D", {}, "", 400,
        error("BAD_USER_INPUT", "The URL's parameters are not in UTF-8."),
    ),
    "a URL with hundreds of parameters": (
        "GET", "?query={greeting}" + "&a=1" * 100, {}, "", 400,
        error("BAD_USER_INPUT", "A URL has at most 100 parameters."),
    ),
    "no query": ("POST", "", JSON_POST, "{}", 400, NO_QUERY),
    "no query by GET": ("GET", "", {}, "", 400, NO_QUERY),
    "a query of another type": (
        "POST", "", JSON_POST, '{"query": 1}', 400, error("BAD_USER_INPUT", "The parameter query must be a string.")
    ),
    "an operation name of another type": (
        "POST", "", JSON_POST, '{"query": "{greeting}", "operationName": []}', 400,
        error("BAD_USER_INPUT", "The parameter operationName must be a string."),
    ),
    "variables of another type": (
        "POST", "", JSON_POST, '{"query": "{greeting}", "variables": false}', 400,
        error("BAD_USER_INPUT", "The parameter variables must be an object."),
    ),
    "extensions of another type": (
        "POST", "", JSON_POST, '{"query": "{greeting}", "extensions": 0}', 400,
        error("BAD_USER_INPUT", "The parameter extensions must be an object."),
    ),
    "variables by GET that are no object": (
        "GET", "?query={greeting}&variables=[]", {}, "", 400,
        error("BAD_USER_INPUT", "The parameter variables must be a JSON object."),
    ),
    "a body that is too large": (
        "POST", "", JSON_POST, " " * (BODY_BYTES.value + 1), 413, TOO_LARGE
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_whatever_the_media_type_of_the_answer(client: httpx.Client, case: str) -> None:
    method, address, headers, body, status, refusal = REFUSED[case]
    answer = client.request(method, f"/graphql{address}", headers=headers, content=body)
    assert (answer.status_code, answer.json()) == (status, {"errors": [refusal]})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_what_may_be_done_instead_is_said_in_headers(client: httpx.Client) -> None:
    assert client.delete("/graphql").headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert client.get("/graphql?query=mutation{touch}").headers["allow"] == "POST"


# name: parameters; errors
MISTAKEN: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "does not parse": (
        {"query": "{"},
        [error("GRAPHQL_PARSE_FAILED", "Syntax Error: Expected Name, found <EOF>.", (1, 2))],
    ),
    "selects nothing": (
        {"query": "{}"},
        [error("GRAPHQL_PARSE_FAILED", "Syntax Error: Expected Name, found '}'.", (1, 2))],
    ),
    "is not valid": (
        {"query": "{ a b }"},
        [
            error("GRAPHQL_VALIDATION_FAILED", "Cannot query field 'a' on type 'Query'.", (1, 3)),
            error("GRAPHQL_VALIDATION_FAILED", "Cannot query field 'b' on type 'Query'.", (1, 5)),
        ],
    ),
    "has a literal of another type": (
        {"query": '{ double(number: "2") }'},
        [error("GRAPHQL_VALIDATION_FAILED", 'Int cannot represent non-integer value: "2"', (1, 18))],
    ),
    "has two operations": (
        {"query": "query A { greeting } query B { greeting }"},
        [error("OPERATION_RESOLUTION_FAILURE", "Say by operationName which to execute of A, B.")],
    ),
    "has no operation of that name": (
        {"query": "query A { greeting }", "operationName": "B"},
        [error("OPERATION_RESOLUTION_FAILURE", "The document has no operation 'B': it has A.")],
    ),
    "has no operation with a name": (
        {"query": "{ greeting }", "operationName": "B"},
        [error("OPERATION_RESOLUTION_FAILURE", "The document has no operation 'B': it has one without a name.")],
    ),
    "has a variable of another type": (
        {"query": "query ($n: Int!) { double(number: $n) }", "variables": {"n": "2"}},
        [
            error(
                "BAD_USER_INPUT", "Variable '$n' has invalid value: Int cannot represent non-integer value: '2'", (1, 8)
            )
        ],
    ),
    "lacks a variable": (
        {"query": "query ($n: Int!) { double(number: $n) }"},
        [
            error(
                "BAD_USER_INPUT",
                "Variable '$n' has invalid value: Expected a value of non-null type 'Int!' to be provided.",
                (1, 8),
            )
        ],
    ),
    "is known by its hash alone": (
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0"}}},
        [error("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")],
    ),
    "is too long": (
        {"query": "{ greeting }" + " " * DOCUMENT_BYTES.value},
        [error("LIMIT_EXCEEDED", "The document has 65548 bytes: documentBytes is 65536 at the most.")],
    ),
    "is too long by its bytes": (
        {"query": '{ greeting(name: "' + "é" * (DOCUMENT_BYTES.value // 2) + '") }'},
        [error("LIMIT_EXCEEDED", "The document has 65558 bytes: documentBytes is 65536 at the most.")],
    ),
    "quotes a value of any length": (
        {"query": f'{{ double(number: "{"a" * 1000}") }}'},
        [error("GRAPHQL_VALIDATION_FAILED", f'Int cannot represent non-integer value: "{"a" * 459}…', (1, 18))],
    ),
    "has too many tokens": (
        {"query": "{" + " greeting" * DOCUMENT_TOKENS.value + "}"},
        [error("LIMIT_EXCEEDED", "The document has too many tokens: documentTokens is 4000 at the most.")],
    ),
    "has too many comments": (
        {"query": "#\n" * (DOCUMENT_TOKENS.value + 1) + "{ greeting }"},
        [error("LIMIT_EXCEEDED", "The document has too many tokens: documentTokens is 4000 at the most.")],
    ),
    "has too many fields": (
        {"query": "{" + " greeting" * (DOCUMENT_FIELDS.value + 1) + "}"},
        [error("LIMIT_EXCEEDED", "The document selects 1001 fields: documentFields is 1000 at the most.")],
    ),
    "has too many fields by its fragments": (
        {
            "query": "{ ...F0 }"
            + "".join(f" fragment F{n} on Query {{ ...F{n + 1} self {{ ...F{n + 1} }} }}" for n in range(15))
            + " fragment F15 on Query { greeting }"
        },
        [error("LIMIT_EXCEEDED", "The document selects 65535 fields: documentFields is 1000 at the most.")],
    ),
    "is too deep": (
        {"query": "{ self " * DOCUMENT_DEPTH.value + "{ greeting }" + "}" * DOCUMENT_DEPTH.value},
        [error("LIMIT_EXCEEDED", "The document nests fields 26 deep: documentDepth is 25 at the most.")],
    ),
    "is too deep to be parsed": (
        {"query": "{ self " * 1900},
        [error("LIMIT_EXCEEDED", "The document is nested too deep to be parsed: documentDepth is 25 at the most.")],
    ),
    "has too many like fields": (
        {"query": "{ self {" + " self { greeting }" * 490 + "} }"},
        [
            error(
                "LIMIT_EXCEEDED",
                "The document selects too many fields of the same name to be checked: validation is 25000 at the most.",
            )
        ],
    ),
    "goes in circles": (
        {"query": "{ ...F } fragment F on Query { greeting ...F }"},
        [error("GRAPHQL_VALIDATION_FAILED", "Cannot spread fragment 'F' within itself.", (1, 41))],
    ),
}


@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL_RESPONSE, 400), ("application/json", 200)])
@pytest.mark.parametrize("case", MISTAKEN)
def test_a_mistaken_request_is_400_only_where_clients_know_that(
    client: httpx.Client, case: str, accept: str, status: int
) -> None:
    parameters, errors = MISTAKEN[case]
    answer = client.post("/graphql", json=parameters, headers={"accept": accept})
    assert (answer.status_code, answer.json()) == (status, {"errors": errors})
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"


def test_no_more_than_twenty_faults_of_a_document_are_told(client: httpx.Client) -> None:
    fields = " ".join(f"a{number}" for number in range(900))
    errors = post(client, f"{{ self {{ {fields} }} }}").json()["errors"]
    assert [error["message"] for error in errors] == [
        f"Cannot query field 'a{number}' on type 'Query'." for number in range(20)
    ]


def test_a_document_may_be_as_long_as_the_limit(client: httpx.Client) -> None:
    query = "{ greeting }"
    answer = post(client, query + " " * (DOCUMENT_BYTES.value - len(query)))
    assert answer.json() == {"data": {"greeting": "Hello world"}}


ACCEPTED = {
    "*/*": "application/json",
    "": "application/json",
    "application/*": "application/json",
    GRAPHQL_RESPONSE: GRAPHQL_RESPONSE,
    f"{GRAPHQL_RESPONSE}, application/json": GRAPHQL_RESPONSE,
    f"application/json, {GRAPHQL_RESPONSE}": "application/json",
    f"application/json;q=0.9, {GRAPHQL_RESPONSE}": GRAPHQL_RESPONSE,
    f"{GRAPHQL_RESPONSE}; charset=utf-8, */*; q=0.1": GRAPHQL_RESPONSE,
    "application/json;q=0, */*": GRAPHQL_RESPONSE,
    "text/html;q=0.5, application/json": "application/json",
    "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8": "text/html",
}


@pytest.mark.parametrize("accept", ACCEPTED)
def test_the_answer_is_of_the_media_type_that_is_preferred(client: httpx.Client, accept: str) -> None:
    answer = client.get("/graphql?query={greeting}", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{ACCEPTED[accept]}; charset=utf-8")


def test_a_query_comes_by_post_or_get(client: httpx.Client) -> None:
    query = "query A($name: String!) { greeting(name: $name) } query B { double }"
    expected = {"data": {"greeting": "Hello Zoë"}}
    assert post(client, query, variables={"name": "Zoë"}, operationName="A").json() == expected
    parameters = {"query": query, "variables": json.dumps({"name": "Zoë"}), "operationName": "A"}
    assert client.get("/graphql", params=parameters).json() == expected


@pytest.mark.parametrize("path", ["/graphql/", "/healthz/", "/graphiql", "/nowhere"])
def test_a_url_that_is_none_leads_nowhere_else(client: httpx.Client, path: str) -> None:
    answer = client.post(path, json={"query": "{ greeting }"})
    nowhere = error("NOT_FOUND", "Not Found: GraphQL is at /graphql.")
    assert (answer.status_code, answer.json()) == (404, {"errors": [nowhere]})
    assert "location" not in answer.headers


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/graphiql/start.js"])
def test_a_url_that_is_read_alone_says_by_which_methods(client: httpx.Client, path: str) -> None:
    answer = client.put(path)
    wrong = error("METHOD_NOT_ALLOWED", "Method Not Allowed: the methods of this URL are GET, HEAD.")
    assert (answer.status_code, answer.json()) == (405, {"errors": [wrong]})
    assert sorted(answer.headers["allow"].split(", ")) == ["GET", "HEAD"]


NO_UTF8: dict[bytes, str] = {
    b'{"query": "{ \xff }"}': "13 (counted from 0) is 0xff",
    b'{"query": "{ \xc3" }': "13 (counted from 0) is 0xc3",
    '{"query": "{ greeting }"}'.encode("utf-16"): "0 (counted from 0) is 0xff",
    gzip.compress(b"{}", mtime=0): "1 (counted from 0) is 0x8b",
}


@pytest.mark.parametrize("body", NO_UTF8)
def test_a_body_that_is_not_in_utf8_is_told_at_which_byte(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/graphql", content=body, headers=JSON_POST)
    wrong = error("BAD_USER_INPUT", f"The body is not in UTF-8: its byte {NO_UTF8[body]}.")
    assert (answer.status_code, answer.json()) == (400, {"errors": [wrong]})


def test_a_query_may_be_asked_for_its_head(client: httpx.Client) -> None:
    whole, head = (client.request(method, "/graphql?query={greeting}") for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    own = {"date": "", "x-request-id": ""}
    assert {**head.headers, **own} == {**whole.headers, **own}


def test_what_may_be_done_is_told_to_who_asks(client: httpx.Client) -> None:
    answer = client.options("/graphql")
    assert (answer.status_code, answer.headers["allow"], answer.content) == (204, "GET, HEAD, POST, OPTIONS", b"")


def test_a_mutation_comes_by_post(client: httpx.Client) -> None:
    assert post(client, "mutation { touch }").json() == {"data": {"touch": True}}


def test_a_subscription_comes_by_neither() -> None:
    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def ticks(self) -> AsyncIterator[int]:
            yield 1

    schema = strawberry.Schema(Query, subscription=Subscription)
    with served(application(schema, Gateway({}, "default"))) as client:
        answer = post(client, "subscription { ticks }")
    expected = {"errors": [error("BAD_USER_INPUT", "Subscriptions are not supported.")]}
    assert (answer.status_code, answer.json()) == (400, expected)


def test_browsers_get_graphiql_and_its_parts(client: httpx.Client) -> None:
    page = client.get("/graphql", headers={"accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<script src="graphiql/start.js"' in page.text
    assert client.get("/graphiql/start.js").headers["content-type"] == "text/javascript; charset=utf-8"
    assert client.get("/graphiql/%2e%2e/app.py").status_code == 404


def test_the_server_says_that_it_lives(client: httpx.Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_large_body_is_refused_before_it_has_come(client: httpx.Client) -> None:
    with socket.create_connection(address(client)) as connection:
        connection.sendall(b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n")
        connection.sendall(b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(BODY_BYTES.value // 65536 + 1):
            connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        connection.settimeout(10)
        assert connection.recv(12) == b"HTTP/1.1 413"
