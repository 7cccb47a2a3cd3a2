"""Trusted documents: manifests as clients' tools write them, and gateways that execute no other document."""

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_trees import put_run, rewritten
from metaflow_graphql.server.persisted.documents import Mode, PersistedDocuments
from metaflow_graphql.server.persisted.manifests import BadManifest, documents_in, hash_of
from metaflow_graphql.server.persisted.trusted import trusted_documents
from metaflow_graphql.server.settings.metaflow_config import SettingsError
from metaflow_graphql.server.settings.settings import Options, settings
from serving import GRAPHQL_RESPONSE, error, served, small_application

GREETING = "query Greeting { greeting }"
TOUCH = "mutation Touch { touch }"
SCHEMA = "query Schema { __schema { queryType { name } } }"
NAMED = 'query Named { __typename type: __type(name: "Query") { name } }'
OTHER = "query Other { double }"


def by(algorithm: str, *documents: str) -> dict[str, str]:
    """As graphql-codegen (SHA-1, if not told otherwise) and Relay (MD5) write it."""
    return {hashlib.new(algorithm, document.encode()).hexdigest(): document for document in documents}


def apollo(*documents: str) -> dict[str, Any]:
    """As Apollo's generate-persisted-query-manifest writes it."""
    operations = [
        {"id": hash_of(document), "name": document.split()[1], "type": document.split()[0], "body": document}
        for document in documents
    ]
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "persisted-documents.json"
    path.write_text(json.dumps(by("sha1", GREETING, TOUCH, SCHEMA, NAMED)))
    return path


@pytest.fixture
def client(manifest: Path) -> Iterator[httpx.Client]:
    """Of a gateway that executes trusted documents alone."""
    with served(small_application(documents=PersistedDocuments(Mode.ONLY, trusted_documents(manifest)))) as client:
        yield client


def asked(client: httpx.Client, **parameters: Any) -> tuple[int, Any]:
    answer = client.post("/graphql", json=parameters, headers={"accept": GRAPHQL_RESPONSE})
    return answer.status_code, answer.json()


def persisted_query(sha256: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256}}


def refusal(status: int, code: str, message: str) -> tuple[int, Any]:
    return status, {"errors": [error(code, message)]}


GREETED = (200, {"data": {"greeting": "Hello world"}})
DOUBLED = (200, {"data": {"double": 2}})
FORBIDDEN = refusal(403, "FORBIDDEN", "This gateway executes trusted documents alone, and this is none.")
NO_INTROSPECTION = refusal(400, "GRAPHQL_VALIDATION_FAILED", "This gateway does not answer __schema and __type.")
NOT_FOUND = refusal(400, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
MANIFESTS = {"graphql-codegen": by("sha1", GREETING), "Relay": by("md5", GREETING), "Apollo": apollo(GREETING)}


@pytest.mark.parametrize("tool", MANIFESTS)
def test_a_manifest_is_read_as_its_tool_writes_it(tool: str) -> None:
    ids = [by("sha1", GREETING), by("md5", GREETING), by("sha256", GREETING)][list(MANIFESTS).index(tool)]
    expected = ids | by("sha256", GREETING)
    assert documents_in(json.dumps(MANIFESTS[tool]).encode()) == expected
    assert documents_in(json.dumps({f"sha256:{hash_of(GREETING)}": GREETING}).encode()) == by("sha256", GREETING)


# manifest: what is wrong with it
BAD = {
    "{": "it is not JSON: Input data was truncated",
    "[]": "it is no object of ids and documents, nor a manifest of Apollo's: Expected `object`, got `array`",
    '{"a": 1}': "it is no object of ids and documents, nor a manifest of Apollo's: Expected `str`, got `int` - at "
    "`$[...]`",
    json.dumps(apollo(GREETING) | {"version": 2}): "it is no object of ids and documents, nor a manifest of Apollo's: "
    "Invalid enum value 2 - at `$.version`",
    json.dumps({"sha256:0": GREETING}): "sha256:0 is not the hash of the document beside it",
}


@pytest.mark.parametrize("content", BAD)
def test_what_is_no_manifest_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(content)
    with pytest.raises(BadManifest) as raised:
        trusted_documents(path)
    assert str(raised.value) == f"{path} can't be used: {BAD[content]}"


def test_trusted_documents_are_executed_by_whatever_names_them_and_by_their_text(client: httpx.Client) -> None:
    assert asked(client, documentId=next(iter(by("sha1", GREETING)))) == GREETED
    assert asked(client, documentId=f"sha256:{hash_of(GREETING)}") == GREETED
    assert asked(client, extensions=persisted_query(hash_of(GREETING))) == GREETED
    assert asked(client, query=GREETING) == GREETED
    assert asked(client, query=GREETING, documentId=next(iter(by("sha1", GREETING)))) == GREETED
    assert asked(client, documentId=next(iter(by("sha1", TOUCH)))) == (200, {"data": {"touch": True}})


def test_no_other_document_is_executed_nor_registered(client: httpx.Client) -> None:
    named = persisted_query(hash_of(OTHER))
    assert asked(client, query=OTHER) == FORBIDDEN
    assert asked(client, query=GREETING + " ") == FORBIDDEN
    assert asked(client, extensions=named) == NOT_FOUND
    assert asked(client, query=OTHER, extensions=named) == FORBIDDEN
    assert asked(client, query=OTHER, documentId=f"sha256:{hash_of(OTHER)}") == FORBIDDEN
    assert asked(client, extensions=named) == NOT_FOUND
    assert asked(client, documentId=f"sha256:{hash_of(OTHER)}")[1]["errors"][0]["extensions"] == {
        "code": "PERSISTED_QUERY_NOT_FOUND"
    }
    answer = client.get("/graphql", params={"query": OTHER}, headers={"accept": GRAPHQL_RESPONSE})
    assert (answer.status_code, answer.json()) == FORBIDDEN


def test_a_text_that_comes_with_the_id_of_another_is_not_executed(client: httpx.Client) -> None:
    message = "The query is not the document of that identifier: send its SHA-256, in lower case."
    refused = refusal(400, "BAD_USER_INPUT", message)
    assert asked(client, query=OTHER, documentId=next(iter(by("sha1", GREETING)))) == refused
    assert asked(client, query=TOUCH, extensions=persisted_query(hash_of(GREETING))) == refused


def test_where_no_other_is_executed_there_is_neither_introspection_nor_graphiql(client: httpx.Client) -> None:
    assert asked(client, query=SCHEMA) == NO_INTROSPECTION
    assert asked(client, query=NAMED) == NO_INTROSPECTION
    assert client.get("/graphql", headers={"accept": "text/html"}).status_code == 406
    assert client.get("/graphiql/start.js").status_code == 404
    page = client.get("/graphql", headers={"accept": "text/html, */*;q=0.8"})
    assert (page.status_code, page.headers["content-type"]) == (400, "application/json; charset=utf-8")


def test_type_names_are_told_also_where_there_is_no_introspection(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(by("md5", "{ __typename self { __typename } }")))
    documents = PersistedDocuments(Mode.ONLY, trusted_documents(tmp_path / "manifest.json"))
    with served(small_application(documents=documents)) as client:
        answer = asked(client, query="{ __typename self { __typename } }")
    assert answer == (200, {"data": {"__typename": "Query", "self": {"__typename": "Query"}}})


def test_beside_trusted_documents_others_may_be_executed_and_registered(manifest: Path) -> None:
    with served(small_application(documents=PersistedDocuments(Mode.ON, trusted_documents(manifest)))) as client:
        assert asked(client, documentId=next(iter(by("sha1", GREETING)))) == GREETED
        assert asked(client, query=OTHER, extensions=persisted_query(hash_of(OTHER))) == DOUBLED
        assert asked(client, extensions=persisted_query(hash_of(OTHER))) == DOUBLED
        assert asked(client, query=SCHEMA)[0] == 200


def test_a_changed_manifest_is_read_again(client: httpx.Client, manifest: Path) -> None:
    rewritten(manifest, json.dumps(apollo(OTHER)))
    assert asked(client, query=OTHER) == DOUBLED
    assert asked(client, query=GREETING) == FORBIDDEN
    replacement = manifest.with_name("new.json")
    rewritten(replacement, json.dumps(apollo(GREETING)))
    os.replace(replacement, manifest)
    assert asked(client, query=GREETING) == GREETED
    assert asked(client, query=OTHER) == FORBIDDEN


def test_a_manifest_that_was_spoilt_leaves_the_last_good_one_and_is_told_of_once(
    client: httpx.Client, manifest: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = f"{manifest} can't be used, what it held before still counts"
    rewritten(manifest, "{")
    assert [asked(client, query=GREETING) for _ in range(3)] == [GREETED] * 3
    manifest.unlink()
    assert [asked(client, query=GREETING) for _ in range(3)] == [GREETED] * 3
    rewritten(manifest, json.dumps(by("md5", OTHER)))
    assert asked(client, query=OTHER) == DOUBLED
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"{kept}: it is not JSON: Input data was truncated.",
        f"{kept}: No such file or directory.",
    ]


# options: what has to be said instead
REFUSED: dict[tuple[str, str | None], str] = {
    ("only", None): "--persisted-documents only: say by --trusted-documents which they are.",
    ("off", "documents.json"): "--trusted-documents documents.json: answer them beside others by --persisted-documents "
    "on, or them alone by --persisted-documents only.",
    ("on", "none.json"): "--trusted-documents: {}/none.json can't be read: No such file or directory.",
}


@pytest.mark.parametrize(("mode", "file"), REFUSED)
def test_settings_that_contradict_each_other_are_refused(tmp_path: Path, mode: str, file: str | None) -> None:
    put_run(tmp_path, "1")
    options = Options(persisted_documents=mode, trusted_documents=file)
    with pytest.raises(SettingsError) as raised:
        settings(options, {"HOME": str(tmp_path)}, tmp_path)
    assert str(raised.value) == REFUSED[mode, file].format(tmp_path)
