"""Who is let in by an API token, what is answered to others, and what is open to all."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from gateways import serving
from guarded import EVERYONE, OTHER_TOKEN, TOKEN, ask, guarded, rule, token_table, who, written
from local_trees import put_run
from metaflow_graphql.server.access.tokens import hash_of
from serving import address, answered, error

NO_CREDENTIAL = "Say who asks by a header Authorization: Bearer, with a token."
UNKNOWN = "The token is not known here."


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    soon, gone = (datetime.now(UTC) + timedelta(hours=hours) for hours in (1, -1))
    tables = [
        token_table("alice", TOKEN, f"expires = {soon.isoformat()}"),
        token_table("bob", OTHER_TOKEN),
        token_table("old", "mfgql_old", f"expires = {gone.isoformat()}"),
        rule('tokens = ["alice", "old"]', "all_runs = true"),
        "[rates]\nfailures = 1000",
    ]
    with guarded(written(tmp_path_factory.mktemp("tokens"), "\n".join(tables)), "https://page.example") as client:
        yield client


def test_a_token_says_who_asks(client: httpx.Client) -> None:
    assert who(client, TOKEN) == (200, "alice")
    assert who(client, authorization=f"bearer   {TOKEN}") == (200, "alice")


def test_without_a_credential_it_is_told_which_one_is_needed(client: httpx.Client) -> None:
    answer = ask(client)
    assert (answer.status_code, answer.json()) == (401, {"errors": [error("UNAUTHENTICATED", NO_CREDENTIAL)]})
    assert answer.headers["www-authenticate"] == 'Bearer realm="metaflow-graphql"'
    assert answer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


def test_a_credential_that_is_refused_is_told_why(client: httpx.Client) -> None:
    answer = client.post("/graphql", json={"query": "{ me }"}, headers={"authorization": "Bearer mfgql_guess"})
    assert (answer.status_code, answer.json()) == (401, {"errors": [error("UNAUTHENTICATED", UNKNOWN)]})
    assert answer.headers["www-authenticate"] == (
        f'Bearer realm="metaflow-graphql", error="invalid_token", error_description="{UNKNOWN}"'
    )
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("Bearer mfgql_old", "The token has ended."),
        (f"Bearer {TOKEN}x", UNKNOWN),
        (f"Bearer {TOKEN[:-1]}", UNKNOWN),
        (f"Bearer {TOKEN.upper()}", "The token is neither one of this gateway's nor a JSON Web Token."),
        ("Bearer", "The token is neither one of this gateway's nor a JSON Web Token."),
        (f"Basic {TOKEN}", NO_CREDENTIAL),
        (TOKEN, NO_CREDENTIAL),
        ("", NO_CREDENTIAL),
    ],
)
def test_nobody_else_is_let_in(client: httpx.Client, authorization: str, message: str) -> None:
    assert who(client, authorization=authorization) == (401, message)


def test_the_hash_of_a_token_is_none(client: httpx.Client) -> None:
    assert who(client, hash_of(TOKEN))[0] == 401
    assert who(client, "mfgql_" + hash_of(TOKEN))[0] == 401


def test_a_refusal_is_json_to_those_who_take_nothing_of_ours(client: httpx.Client) -> None:
    answer = ask(client, accept="image/png")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/json; charset=utf-8")


def test_nothing_is_let_in_by_a_websocket(client: httpx.Client) -> None:
    upgrade = b"GET /graphql?query={me} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    key = b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    authorization = f"authorization: Bearer {TOKEN}\r\n\r\n".encode()
    assert answered(client, upgrade + key + authorization).startswith(b"HTTP/1.1 403 ")


def test_two_credentials_are_none(client: httpx.Client) -> None:
    headers = [("authorization", f"Bearer {TOKEN}"), ("authorization", f"Bearer {OTHER_TOKEN}")]
    answer = client.post("/graphql", json={"query": "{ me }"}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (
        401,
        "The header Authorization comes more than once.",
    )


def test_a_token_in_the_url_or_a_cookie_is_none(client: httpx.Client) -> None:
    url = f"/graphql?query={{me}}&access_token={TOKEN}"
    assert client.get(url, headers={"cookie": f"authorization=Bearer {TOKEN}"}).status_code == 401


def test_whom_no_rule_is_about_is_known_and_may_nothing(client: httpx.Client) -> None:
    answer = ask(client, token=OTHER_TOKEN)
    message = "Nothing is granted to bob here: no rule is about them."
    assert (answer.status_code, answer.json()) == (403, {"errors": [error("FORBIDDEN", message)]})


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/graphql?query={me}"), ("HEAD", "/graphql?query={me}"), ("POST", "/graphql"), ("PUT", "/graphql"),
     ("GET", "/files/log/default/F/1/s/1/stdout"), ("GET", "/files/x?signature=1"), ("GET", "/nothing"), ("GET", "/"),
     ("GET", "/graphql/"), ("GET", "//healthz"), ("GET", "/healthz/"), ("GET", "/graphiql"), ("DELETE", "/healthz/x")],
)  # fmt: skip
def test_every_route_asks_who_it_is(client: httpx.Client, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 401


def test_that_the_process_lives_and_the_page_of_graphiql_are_open_to_all(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    page = client.get("/graphql", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert client.options("/graphql").status_code == 204
    assert client.get("/graphiql/../graphql?query={me}").status_code == 401


def test_a_page_of_another_origin_may_ask_first_and_read_the_refusal(client: httpx.Client) -> None:
    origin = {"origin": "https://page.example"}
    first = client.options(
        "/graphql",
        headers=origin | {"access-control-request-method": "POST", "access-control-request-headers": "authorization"},
    )
    assert (first.status_code, "authorization" in first.headers["access-control-allow-headers"]) == (200, True)
    refusal = client.post("/graphql", json={"query": "{ me }"}, headers=origin)
    assert (refusal.status_code, refusal.headers["access-control-allow-origin"]) == (401, "https://page.example")


def test_the_page_is_never_an_answer(client: httpx.Client) -> None:
    for accept in ("text/html, application/json;q=0.9", "application/json, text/html;q=0.9"):
        answer = client.get("/graphql?query={me}", headers={"accept": accept})
        assert "alice" not in answer.text
        assert answer.status_code in (200, 401)


def test_a_body_that_was_not_read_is_not_taken_for_the_next_request(client: httpx.Client) -> None:
    hidden = b"GET /graphql?query={me} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " + TOKEN.encode() + b"\r\n\r\n"
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    body = hidden.ljust(500_000)
    with socket.create_connection(address(client)) as connection:
        connection.sendall(head % len(body) + body + last)
        answers = connection.makefile("rb").read()
    assert (answers.count(b"HTTP/1.1 401"), answers.count(b"HTTP/1.1 200"), b"alice" in answers) == (1, 1, False)


def test_every_answer_has_an_id(client: httpx.Client) -> None:
    ids = {ask(client, token=token).headers["x-request-id"] for token in (TOKEN, OTHER_TOKEN, "mfgql_guess")}
    assert len(ids) == 3
    broken = ask(client, "{ broken }", TOKEN)
    assert broken.headers["x-request-id"] == broken.json()["errors"][0]["extensions"]["requestId"]


def test_readiness_names_no_provider_to_those_who_may_not_know_it(tmp_path: Path) -> None:
    put_run(tmp_path, "1")
    rules = rule('tokens = ["alice"]', 'metadata = ["team"]', "all_runs = true")
    path = written(tmp_path, token_table("alice", TOKEN) + rules)
    with serving(tmp_path, "--metadata", f"team=local@{tmp_path}", "--config", str(path)) as gateway:
        told = [
            httpx.get(f"{gateway.url}/readyz", headers=headers).json()
            for headers in ({}, {"authorization": f"Bearer {TOKEN}"}, {"authorization": "Bearer mfgql_guess"})
        ]
    assert told == [
        {"status": "ok", "providers": {}},
        {"status": "ok", "providers": {"team": "ok"}},
        {"status": "ok", "providers": {}},
    ]


def test_where_there_is_no_graphiql_nobody_is_let_in_for_it(tmp_path: Path) -> None:
    with guarded(written(tmp_path, token_table("bob", OTHER_TOKEN) + EVERYONE), graphiql=False) as client:
        answer = client.get("/graphql?query={me}", headers={"accept": "text/html, */*;q=0.1"})
        assert (answer.status_code, answer.json()) == (401, {"errors": [error("UNAUTHENTICATED", NO_CREDENTIAL)]})
        assert answer.headers["www-authenticate"] == 'Bearer realm="metaflow-graphql"'


def test_an_answer_is_nobody_elses(client: httpx.Client) -> None:
    answer = client.get("/graphql?query={me}", headers={"authorization": f"Bearer {TOKEN}"})
    assert (answer.json(), answer.headers["cache-control"]) == ({"data": {"me": "alice"}}, "private, no-cache")
    conditional = {"if-none-match": answer.headers["etag"]}
    assert client.get("/graphql?query={me}", headers=conditional).status_code == 401
    again = client.get("/graphql?query={me}", headers=conditional | {"authorization": f"Bearer {TOKEN}"})
    assert (again.status_code, "ratelimit" in again.headers) == (304, True)


def test_a_signature_is_no_credential_by_itself(tmp_path: Path) -> None:
    urls = f'[urls]\nkey = "{"k" * 32}"\n'
    with guarded(written(tmp_path, token_table("bob", OTHER_TOKEN) + EVERYONE + urls)) as client:
        path = "/files/log/default/F/1/s/1/stdout?until=9999999999&signature=AAAA"
        answers = [client.get(path), client.get(path, headers={"authorization": "Bearer mfgql_guess"})]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert [answer.json()["errors"][0]["extensions"]["code"] for answer in answers] == ["FORBIDDEN"] * 2
        assert client.get("/graphql?query={me}&signature=AAAA").status_code == 401
        assert client.get(path, headers={"authorization": f"Bearer {OTHER_TOKEN}"}).status_code == 404


def test_all_are_let_in_by_a_rule_about_everyone(tmp_path: Path) -> None:
    with guarded(written(tmp_path, token_table("bob", OTHER_TOKEN) + EVERYONE)) as client:
        assert who(client, OTHER_TOKEN) == (200, "bob")
