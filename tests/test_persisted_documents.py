"""Documents by their hash: Apollo's automatic persisted queries, and documentId of GraphQL over HTTP's appendix."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from metaflow_graphql.server.errors import RequestError
from metaflow_graphql.server.persisted.documents import Asked, Mode, PersistedDocuments
from metaflow_graphql.server.persisted.manifests import hash_of
from serving import GRAPHQL_RESPONSE, error, served, small_application

QUERY = "{ greeting }"
ANSWER = (200, {"data": {"greeting": "Hello world"}})
UNKNOWN = "0" * 64


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Of a gateway that knows no document yet."""
    with served(small_application(documents=PersistedDocuments(Mode.ON))) as client:
        yield client


def apollo(sha256: Any, **more: Any) -> dict[str, Any]:
    """As Apollo's clients name a document."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256}}, **more}


def asked(client: httpx.Client, method: str, parameters: dict[str, Any]) -> tuple[int, Any]:
    accept = {"accept": GRAPHQL_RESPONSE}
    if method == "POST":
        answer = client.post("/graphql", json=parameters, headers=accept)
    else:
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
        answer = client.get("/graphql", params=texts, headers=accept)
    return answer.status_code, answer.json()


def refusal(status: int, code: str, message: str) -> tuple[int, Any]:
    return status, {"errors": [error(code, message)]}


NOT_FOUND = refusal(400, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
NOT_SUPPORTED = refusal(400, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
ANOTHER = refusal(
    400, "BAD_USER_INPUT", "The query is not the document of that identifier: send its SHA-256, in lower case."
)


@pytest.mark.parametrize("registering", ["POST", "GET"])
@pytest.mark.parametrize("asking", ["POST", "GET"])
def test_a_document_is_known_by_its_hash_once_it_was_sent_with_it(
    client: httpx.Client, registering: str, asking: str
) -> None:
    named = apollo(hash_of(QUERY))
    assert asked(client, asking, named) == NOT_FOUND
    assert asked(client, registering, named | {"query": QUERY}) == ANSWER
    assert asked(client, asking, named) == ANSWER
    assert asked(client, asking, {"documentId": f"sha256:{hash_of(QUERY)}"}) == ANSWER


def test_a_document_is_registered_by_its_document_id_too(client: httpx.Client) -> None:
    named = {"documentId": f"sha256:{hash_of(QUERY)}"}
    unknown = f"No document is known by the documentId 'sha256:{hash_of(QUERY)}'."
    assert asked(client, "GET", named) == refusal(400, "PERSISTED_QUERY_NOT_FOUND", unknown)
    assert asked(client, "POST", named | {"query": QUERY}) == ANSWER
    assert asked(client, "GET", named) == ANSWER
    assert asked(client, "GET", apollo(hash_of(QUERY))) == ANSWER


def test_the_hash_is_that_of_the_appendix() -> None:
    assert hash_of("query($id:ID!){user(id:$id){name}}") == (
        "71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b"
    )


def test_variables_and_an_operation_name_go_with_a_known_document(client: httpx.Client) -> None:
    query = "query A($name: String!) { greeting(name: $name) } query B { double }"
    named = apollo(hash_of(query), variables={"name": "Zoë"}, operationName="A")
    expected = (200, {"data": {"greeting": "Hello Zoë"}})
    assert asked(client, "POST", named | {"query": query}) == expected
    assert asked(client, "GET", named) == expected


def test_a_known_mutation_comes_by_post_alone(client: httpx.Client) -> None:
    query = "mutation { touch }"
    assert asked(client, "POST", apollo(hash_of(query), query=query)) == (200, {"data": {"touch": True}})
    refused = refusal(405, "METHOD_NOT_ALLOWED", "Mutations must be sent by POST.")
    assert asked(client, "GET", apollo(hash_of(query))) == refused
    assert asked(client, "GET", {"documentId": f"sha256:{hash_of(query)}"}) == refused


def test_a_document_that_comes_with_the_hash_of_another_is_refused_and_not_known(client: httpx.Client) -> None:
    assert asked(client, "POST", apollo(UNKNOWN, query=QUERY)) == ANOTHER
    assert asked(client, "POST", {"documentId": f"sha256:{UNKNOWN}", "query": QUERY}) == ANOTHER
    assert asked(client, "POST", {"documentId": "mine", "query": QUERY}) == ANOTHER
    assert asked(client, "POST", apollo(UNKNOWN)) == NOT_FOUND


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("query", ["{ greeting", "{ nothing }", "{" + " greeting" * 2_000 + "}", "subscription { a }"])
def test_a_document_that_is_not_valid_is_not_known_afterwards(client: httpx.Client, method: str, query: str) -> None:
    named = apollo(hash_of(query))
    assert asked(client, method, named | {"query": query})[0] == 400
    assert asked(client, method, named) == NOT_FOUND


NO_HASH = "extensions.persistedQuery.sha256Hash must be the SHA-256 of the query in hexadecimal digits."
OTHER_VERSION = "Unsupported persisted query version: extensions.persistedQuery.version must be 1."
NO_ID = (
    "{} is no documentId: that is sha256: and 64 hexadecimal digits in lower case, or what a trusted document is "
    "named by, of letters, digits and -._~."
)
# name: parameters; message
MISTAKEN: dict[str, tuple[dict[str, Any], str]] = {
    "no object": ({"extensions": {"persistedQuery": "a"}}, "extensions.persistedQuery must be an object."),
    "another version": ({"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0"}}}, OTHER_VERSION),
    "a version that is no number": ({"extensions": {"persistedQuery": {"version": True}}}, OTHER_VERSION),
    "no version": ({"extensions": {"persistedQuery": {"sha256Hash": "0"}}}, OTHER_VERSION),
    "no hash": ({"extensions": {"persistedQuery": {"version": 1}}}, NO_HASH),
    "a hash of another type": (apollo(["0"]), NO_HASH),
    "an id of another type": ({"documentId": 1}, "The parameter documentId must be a string."),
    "an id that is none": ({"documentId": "a b"}, NO_ID.format("'a b'")),
    "a hash in upper case": ({"documentId": "sha256:" + "A" * 64}, NO_ID.format("'sha256:" + "A" * 64 + "'")),
    "a hash that is too short": ({"documentId": "sha256:abc"}, NO_ID.format("'sha256:abc'")),
    "a reserved prefix": ({"documentId": "md5:abc"}, NO_ID.format("'md5:abc'")),
    "two names": (
        apollo(UNKNOWN, documentId="sha256:" + "1" * 64),
        "documentId and extensions.persistedQuery name different documents: leave one of them out.",
    ),
    "neither query nor name": ({"extensions": {"persistedQuery": None}}, "The request has no query."),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKEN)
def test_what_can_be_no_name_is_refused(client: httpx.Client, case: str) -> None:
    parameters, message = MISTAKEN[case]
    assert asked(client, "POST", parameters) == refusal(400, "BAD_USER_INPUT", message)


def test_who_knows_no_other_media_type_is_told_by_200(client: httpx.Client) -> None:
    answer = client.post("/graphql", json=apollo(UNKNOWN), headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()) == (200, NOT_FOUND[1])
    assert answer.headers["cache-control"] == "no-store"


def test_no_more_documents_are_kept_than_fit_and_those_that_are_asked_for() -> None:
    """Each takes 60 kB, of 8 MiB."""
    documents = PersistedDocuments(Mode.ON)
    texts = [f"{{ greeting }} # {number} " + "x" * 60_000 for number in range(200)]

    async def known(text: str) -> bool:
        try:
            return await documents.document(None, f"sha256:{hash_of(text)}", None, None) == Asked(text)
        except RequestError:
            return False

    async def kept() -> list[int]:
        for text in texts:
            assert await documents.document(text, f"sha256:{hash_of(text)}", None, None) == Asked(text, new=True)
            documents.register(text, None)
            assert await known(texts[0])
        return [number for number, text in enumerate(texts) if await known(text)]

    first, *others = asyncio.run(kept())
    assert (first, others) == (0, list(range(200 - len(others), 200)))
    assert 130 < len(others) < 140


@pytest.mark.parametrize("named", [apollo(hash_of(QUERY)), {"documentId": f"sha256:{hash_of(QUERY)}"}])
def test_where_it_is_off_clients_are_told_to_send_documents(named: dict[str, Any]) -> None:
    with served(small_application()) as client:
        for method in ("GET", "POST"):
            assert asked(client, method, named) == NOT_SUPPORTED
            assert asked(client, method, named | {"query": QUERY}) == ANSWER
            assert asked(client, method, named) == NOT_SUPPORTED
