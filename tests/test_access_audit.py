"""The audit log: a line for each mutation and each refusal, for nothing else, and with no secret in it."""

import asyncio
import json
import os
import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Message

from gateways import serving
from guarded import (
    OTHER_TOKEN,
    TOKEN,
    TWO_PEOPLE,
    ask,
    bearer,
    guarded,
    guarded_application,
    replaced,
    rule,
    token_table,
    who,
    written,
)
from local_trees import put_run
from metaflow_graphql.server.audit import floods
from metaflow_graphql.server.audit.floods import LINES_OF_STRANGERS, Floods
from metaflow_graphql.server.audit.log import AuditLog
from metaflow_graphql.server.connections import connection as connections
from metaflow_graphql.server.connections.clients import tell_whether_gone
from metaflow_graphql.server.connections.connection import HEAD_BYTES, Connection
from metaflow_graphql.server.limits import BODY_BYTES
from serving import answered


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with guarded(
        written(
            tmp_path,
            token_table("zoe", "mfgql_zoe") + TWO_PEOPLE.replace("everyone = true", 'tokens = ["alice", "bob"]'),
        )
    ) as client:
        yield client


def lines(file: Path, count: int) -> list[dict[str, Any]]:
    """So many, and no more, once they are there."""
    ended = time.monotonic() + 5
    while not file.exists() or file.read_text().count("\n") < count:
        assert time.monotonic() < ended, "the lines are missing"
        time.sleep(0.01)
    time.sleep(0.05)
    found = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(found) == count
    return found


def varying(line: dict[str, Any]) -> dict[str, Any]:
    """Without what differs each time, which is looked at here."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert re.fullmatch(r"[0-9a-f]{32}", line["requestId"])
    return {name: value for name, value in line.items() if name not in ("time", "requestId")}


REFUSED: dict[str, Any] = {
    "address": "127.0.0.1", "principal": None, "method": "POST", "path": "/graphql", "operation": None, "mutations": [],
    "outcome": "UNAUTHENTICATED", "at": [], "reason": None, "status": 401,
}  # fmt: skip


def test_refusals_say_who_what_and_why(client: httpx.Client, file: Path) -> None:
    answers = [ask(client), ask(client, token="mfgql_secret"), ask(client, token="mfgql_zoe")]
    found = lines(file, 3)
    assert [line["requestId"] for line in found] == [answer.headers["x-request-id"] for answer in answers]
    assert list(map(varying, found)) == [
        REFUSED | {"reason": "Say who asks by a header Authorization: Bearer, with a token."},
        REFUSED | {"reason": "The token is not known here."},
        REFUSED
        | {
            "principal": {"name": "zoe", "by": "token", "issuer": None},
            "outcome": "FORBIDDEN",
            "reason": "Nothing is granted to zoe here: no rule is about them.",
            "status": 403,
        },
    ]


MUTATION = """
mutation Tagging($run: String!, $secret: String = "team", $wanted: Boolean = false, $given: Boolean!) {
  first: tag(pathspec: $run) @include(if: $given)
  ...More
  a: tag(pathspec: "Flow/3") @skip(if: true)
  b: tag(pathspec: "Flow/4") @include(if: $wanted)
  ...More @skip(if: $given)
  ... @include(if: false) { c: tag(pathspec: "Flow/5") }
  d: __typename
}
fragment More on Mutation { ... on Mutation { tag(pathspec: "Flow/0", metadata: $secret) } }
"""


def test_a_mutation_says_what_it_did_to_which_run(client: httpx.Client, file: Path) -> None:
    body = {"query": MUTATION, "variables": {"run": "Flow/1", "given": True}}
    answer = client.post("/graphql", json=body, headers=bearer(TOKEN))
    assert answer.json()["data"] == {"first": True, "tag": None, "d": "Mutation"}
    (line,) = lines(file, 1)
    assert varying(line) == REFUSED | {
        "principal": {"name": "alice", "by": "token", "issuer": None},
        "operation": {"name": "Tagging", "kind": "mutation", "cost": 0},
        "mutations": [
            {"field": "tag", "run": "Flow/1", "metadata": None, "tags": [], "outcome": "OK"},
            {"field": "tag", "run": "Flow/0", "metadata": "team", "tags": [], "outcome": "INVALID_TAG"},
        ],
        "outcome": "INVALID_TAG",
        "status": 200,
    }


def test_a_mutation_that_is_refused_as_a_whole_did_nothing(client: httpx.Client, file: Path) -> None:
    query = 'mutation { __typename tag(pathspec: "Flow/1") tag(pathspec: "Flow/1") @include(if: true) }'
    assert client.get("/graphql", params={"query": query}, headers=bearer(TOKEN)).status_code == 405
    ask(client, "mutation { __typename }", TOKEN)
    (line,) = lines(file, 1)
    assert (line["mutations"], line["outcome"], line["status"]) == (
        [{"field": "tag", "run": "Flow/1", "metadata": None, "tags": [], "outcome": "METHOD_NOT_ALLOWED"}],
        "METHOD_NOT_ALLOWED",
        405,
    )


def test_a_mutation_whose_client_goes_away_may_have_done_it(client: httpx.Client, file: Path) -> None:
    body = {"query": 'mutation { slow(pathspec: "Flow/1") }'}
    with pytest.raises(httpx.ReadTimeout):
        client.post("/graphql", json=body, headers=bearer(TOKEN), timeout=0.5)
    (line,) = lines(file, 1)
    assert (line["mutations"], line["outcome"], line["status"]) == (
        [{"field": "slow", "run": "Flow/1", "metadata": None, "tags": [], "outcome": None}],
        "CANCELLED",
        None,
    )


def test_a_credential_that_is_refused_is_told_also_where_none_is_needed(client: httpx.Client, file: Path) -> None:
    paths = ["/readyz", "/graphql"]
    headers = bearer("mfgql_guess") | {"accept": "text/html"}
    assert [client.get(path, headers=headers).status_code for path in paths] == [200, 200]
    told = [(line["path"], line["outcome"], line["reason"]) for line in lines(file, 2)]
    assert told == [(path, "UNAUTHENTICATED", "The token is not known here.") for path in paths]


def test_what_is_read_and_what_is_mistaken_is_in_no_line(client: httpx.Client, file: Path) -> None:
    for query in ("{ me }", "{ broken }", "{ zzz }", "{", "mutation { zzz }", "query A { me } query B { me }"):
        ask(client, query, TOKEN)
    client.get("/healthz")
    client.get("/graphql", headers={"accept": "text/html"})
    ask(client)
    assert lines(file, 1)[0]["outcome"] == "UNAUTHENTICATED"


def test_pages_of_other_sites_are_refused_before_it_is_looked_at_who_asks(client: httpx.Client, file: Path) -> None:
    site = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    answers = [
        client.post("/graphql", json={"query": "{ me }"}, headers=site | bearer(TOKEN)),
        client.options("/graphql", headers=site | {"access-control-request-method": "POST"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    found = [(line["method"], line["outcome"], line["status"], line["principal"]) for line in lines(file, 2)]
    assert found == [("POST", "FORBIDDEN", 403, None), ("OPTIONS", "FORBIDDEN", 403, None)]


SLOW = (
    b"POST /graphql HTTP/1.1\r\nhost: here\r\norigin: https://page.example\r\ncontent-length: 9\r\n"
    b"authorization: Bearer " + TOKEN.encode() + b"\r\n"
)
CHUNKED = SLOW.replace(b"content-length: 9", b"transfer-encoding: chunked")
HEADERS = b"".join(b"x-%d: y\r\n" % number for number in range(HEAD_BYTES // 8))
# what is sent: status, whether its origin is known; path, outcome
BY_CONNECTIONS: dict[str, tuple[bytes, int, bool, str | None, str]] = {
    "slow": (SLOW + b"content-type: application/json\r\n\r\n{", 408, True, "/graphql", "TIMEOUT"),
    "slow head": (b"GET /graphql HTTP/1.1\r\n", 408, False, None, "TIMEOUT"),
    "URL": (b"GET /" + b"a" * HEAD_BYTES, 414, False, None, "LIMIT_EXCEEDED"),
    "head": (SLOW + HEADERS, 431, True, None, "LIMIT_EXCEEDED"),
    "malformed": (b"GET /graphql HTTP/1.1\r\nhost x\r\n\r\n", 400, False, None, "BAD_USER_INPUT"),
    "method": (b"FOO /graphql HTTP/1.1\r\nhost: x\r\n\r\n", 405, False, None, "METHOD_NOT_ALLOWED"),
    "malformed body": (CHUNKED + b"\r\nz\r\n", 400, True, "/graphql", "BAD_USER_INPUT"),
    "coding": (CHUNKED.replace(b" chunked", b" gzip, chunked") + b"\r\n", 415, True, None, "UNSUPPORTED_MEDIA_TYPE"),
}


@pytest.mark.parametrize("case", BY_CONNECTIONS)
def test_what_the_connection_refuses_is_told_and_may_be_read(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    sent, status, known, path, outcome = BY_CONNECTIONS[case]
    monkeypatch.setattr(connections, "SLOW_SECONDS", 0.3)
    with guarded(written(tmp_path, TWO_PEOPLE), "https://page.example", http=Connection) as client:
        head = answered(client, sent).partition(b"\r\n\r\n")[0].decode()
    assert head.startswith(f"HTTP/1.1 {status} ")
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    assert headers.get("access-control-allow-origin") == ("https://page.example" if known else None)
    (line,) = lines(file, 1)
    found = (line["requestId"], line["path"], line["outcome"], line["status"], line["address"], line["principal"])
    asking = {"name": "alice", "by": "token", "issuer": None} if case == "slow" else None  # its head was let in
    assert found == (headers["x-request-id"], path, outcome, status, "127.0.0.1", asking)


def test_connections_that_are_too_many_are_told(tmp_path: Path, file: Path) -> None:
    with guarded(written(tmp_path, TWO_PEOPLE), http=partial(Connection, most=0)) as client:
        assert answered(client).startswith(b"HTTP/1.1 503 ")
    (line,) = lines(file, 1)
    assert (line["outcome"], line["status"], line["method"], line["path"]) == ("RATE_LIMITED", 503, None, None)


def test_what_the_end_of_the_gateway_cuts_off_is_told(tmp_path: Path, file: Path) -> None:
    query = {"query": 'mutation { slow(pathspec: "Flow/1") }'}

    async def cut_off() -> httpx.Response:
        app = guarded_application(written(tmp_path, TWO_PEOPLE))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            asking = asyncio.create_task(client.post("/graphql", json=query, headers=bearer(TOKEN)))
            await asyncio.sleep(0.5)
            asking.cancel()
            return await asking

    answer = asyncio.run(cut_off())
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "TIMEOUT")
    (line,) = lines(file, 1)
    assert line["requestId"] == answer.headers["x-request-id"]
    assert line["mutations"] == [{"field": "slow", "run": "Flow/1", "metadata": None, "tags": [], "outcome": None}]
    assert (line["outcome"], line["status"]) == ("TIMEOUT", 503)


def test_who_waits_for_the_configuration_at_the_end_is_told_too(tmp_path: Path, file: Path) -> None:
    pipe = tmp_path / "key"
    os.mkfifo(pipe)
    path = written(tmp_path, TWO_PEOPLE)

    async def cut_off() -> httpx.Response:
        app = guarded_application(path)
        replaced(path, f'{path.read_text()}[urls]\nkey_file = "key"\n')
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            asking = asyncio.create_task(client.get("/healthz"))
            await asyncio.sleep(0.5)
            asking.cancel()
            answer = await asking
        pipe.write_bytes(b"")  # the thread that reads it ends
        return answer

    answer = asyncio.run(cut_off())
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "TIMEOUT")
    (line,) = lines(file, 1)
    assert line["requestId"] == answer.headers["x-request-id"]
    assert (line["outcome"], line["status"], line["path"]) == ("TIMEOUT", 503, "/healthz")


def test_an_answer_that_does_not_go_out_has_no_status(tmp_path: Path, file: Path) -> None:
    body = json.dumps({"query": 'mutation { tag(pathspec: "Flow/1") }'}).encode()
    headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer " + TOKEN.encode()), (b"host", b"x")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b""}
    scope |= {"headers": headers, "scheme": "http", "server": ("x", 80), "client": ("127.0.0.1", 1), "state": {}}
    tell_whether_gone(scope, lambda: True)

    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        return next(messages, None) or await asyncio.Future[Message]()  # whoever watches for its end waits

    async def send(message: Message) -> None:
        """Nowhere."""

    async def asked() -> None:
        app = guarded_application(written(tmp_path, TWO_PEOPLE))
        await app(scope, receive, send)

    asyncio.run(asked())
    (line,) = lines(file, 1)
    assert (line["mutations"][0]["outcome"], line["outcome"], line["status"]) == ("OK", "CANCELLED", None)


def test_limits_are_refusals(client: httpx.Client, file: Path) -> None:
    ask(client, "{ " + "me " * 5_000 + "}", TOKEN)
    ids = "[" + '"a" ' * 900 + "]"
    ask(client, f"query Much {{ many(ids: {ids}) {{ many(ids: {ids}) {{ many(ids: {ids}) {{ me }} }} }} }}", TOKEN)
    client.post(
        "/graphql", content=b" " * (BODY_BYTES.value + 1), headers=bearer(TOKEN) | {"content-type": "application/json"}
    )
    found = [(line["outcome"], line["status"], line["operation"], line["principal"]["name"]) for line in lines(file, 3)]
    assert found == [
        ("LIMIT_EXCEEDED", 400, None, "alice"),
        ("LIMIT_EXCEEDED", 400, {"name": "Much", "kind": "query"}, "alice"),
        ("PAYLOAD_TOO_LARGE", 413, None, "alice"),
    ]


def test_no_text_of_others_begins_a_line_or_is_long(client: httpx.Client, file: Path) -> None:
    run = 'Flow/1"}\n{"outcome": "OK"}\r\u2028\x1b[2K' + "x" * 10_000
    body = {"query": "mutation($run: String!) { tag(pathspec: $run) }", "variables": {"run": run, "more": "secret"}}
    client.post("/graphql", json=body, headers=bearer(TOKEN))
    client.get("/nothing/%0a%7b%22outcome%22%3a1%7d", headers=bearer("mfgql_x\ty"))
    first, second = lines(file, 2)
    assert (first["mutations"][0]["run"], second["path"]) == (run[:200], '/nothing/\n{"outcome":1}')
    text = file.read_bytes()
    assert (text.isascii(), text.count(b"\n"), b"\x1b" in text, b"secret" in text) == (True, 2, False, False)


def test_no_credential_is_in_it(client: httpx.Client, file: Path) -> None:
    ask(client, 'mutation { tag(pathspec: "Flow/1") }', TOKEN)
    client.get("/files/x?signature=very-secret", headers=bearer("mfgql_hidden"))
    ask(client, 'mutation { tag(pathspec: "Flow/1") }', authorization="Basic dXNlcjpoaWRkZW4=")
    lines(file, 3)
    text = file.read_text()
    assert [secret for secret in (TOKEN, "hidden", "dXNlcjpoaWRkZW4", "very-secret", "sha256") if secret in text] == []


def test_a_disk_that_is_full_stops_nobody_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = TWO_PEOPLE + '[audit]\nfile = "full"\n'
    (tmp_path / "full").symlink_to("/dev/full")
    with guarded(written(tmp_path, text)) as client:
        assert [who(client)[0] for _ in range(3)] == [401] * 3
        assert who(client, TOKEN) == (200, "alice")
        time.sleep(0.3)
        (tmp_path / "full").unlink()
        assert who(client)[0] == 401
        time.sleep(0.3)
    told = [record.message for record in caplog.records if record.name.endswith("audit.log")]
    assert told == [
        "The audit log can't be written, its lines are lost and counted: [Errno 28] No space left on device"
    ]
    blank, lost, line = (tmp_path / "full").read_text().splitlines()
    assert (blank, json.loads(lost), json.loads(line)["status"]) == ("", {"lost": 3}, 401)


def test_who_writes_never_waits(tmp_path: Path) -> None:
    """A pipe that nobody reads from holds 64 KiB, and the lines that wait are bounded."""
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    log = AuditLog()
    begun = time.monotonic()
    for number in range(20_000):
        log.write({"number": number, "more": "x" * 100}, tmp_path / "pipe")
    assert time.monotonic() - begun < 2
    os.set_blocking(reader, True)
    read = b""
    while b'"lost"' not in read and len(read) < 3_000_000:
        read += os.read(reader, 65_536)
        log.write({"after": True}, tmp_path / "pipe")
    log.close()
    os.close(reader)
    assert json.loads(read.splitlines()[0]) == {"number": 0, "more": "x" * 100}
    assert b'"lost"' in read


def test_a_file_that_is_rotated_is_begun_anew(client: httpx.Client, file: Path) -> None:
    ask(client)
    lines(file, 1)
    file.rename(file.with_name("old"))
    ask(client)
    lines(file, 1)
    assert oct(file.stat().st_mode & 0o777) == "0o600"


def test_a_process_writes_all_of_it_before_it_ends(tmp_path: Path) -> None:
    put_run(tmp_path, "1")
    path = written(
        tmp_path, token_table("alice", TOKEN) + rule('tokens = ["alice"]', "all_runs = true", 'may = ["tags"]')
    )
    mutation = 'mutation { addTags(pathspec: "Made/1", tags: ["t"]) { run { userTags } } }'
    with serving(tmp_path, "--config", str(path)) as gateway, httpx.Client(base_url=gateway.url) as client:
        assert ask(client, mutation, TOKEN).json() == {"data": {"addTags": {"run": {"userTags": ["t"]}}}}
        refused = LINES_OF_STRANGERS + 5
        assert [ask(client, mutation).status_code for _ in range(refused)] == [401] * refused
    found = lines(tmp_path / "audit.jsonl", 1 + LINES_OF_STRANGERS + 1)
    assert found[-1]["more"] == {"UNAUTHENTICATED": 5}
    assert found[0]["mutations"] == [
        {"field": "addTags", "run": "Made/1", "metadata": "default", "tags": ["t"], "outcome": "OK"}
    ]


def test_a_flood_of_refusals_is_counted(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floods, "SECONDS", 2)
    monkeypatch.setattr(floods, "LINES_OF_STRANGERS", 30)
    with guarded(written(tmp_path, TWO_PEOPLE + "[rates]\nfailures = 30\nseconds = 3600\n")) as client:
        assert [who(client, f"mfgql_{number}")[0] for number in range(30)] == [401] * 30
        assert [who(client, "mfgql_more")[0] for _ in range(5)] == [429] * 5
        assert [who(client)[0] for _ in range(3)] == [401] * 3
        *told, counted = lines(file, 30 + 1)
        assert {line["outcome"] for line in told} == {"UNAUTHENTICATED"}
        assert (counted.pop("since"), counted.pop("time") > told[-1]["time"]) == (told[0]["time"], True)
        assert counted == {
            "address": "127.0.0.1",
            "principal": None,
            "more": {"RATE_LIMITED": 5, "UNAUTHENTICATED": 3},
        }
        who(client)
    assert lines(file, 30 + 2)[-1]["outcome"] == "UNAUTHENTICATED"


def test_a_flood_from_everywhere_is_counted_too() -> None:
    written: list[Any] = []

    async def flooded() -> None:
        told = Floods(written.append)
        for number in range(1_200):
            for _ in range(LINES_OF_STRANGERS + 1):
                told.tell({"time": "", "principal": None, "outcome": "UNAUTHENTICATED"}, f"network {number}")
        told.close()

    asyncio.run(flooded())
    counted = [(line["address"], line["more"]) for line in written if "more" in line]
    assert len(written) == 1_001 * (LINES_OF_STRANGERS + 1)
    assert counted == [
        *((f"network {number}", {"UNAUTHENTICATED": 1}) for number in range(1_000)),
        ("others", {"UNAUTHENTICATED": 200 * (LINES_OF_STRANGERS + 1) - LINES_OF_STRANGERS}),
    ]


def test_a_refusal_by_name_is_the_other_ones(client: httpx.Client, file: Path) -> None:
    assert who(client, OTHER_TOKEN) == (200, "bob")
    ask(client, 'mutation { tag(pathspec: "Flow/1") }', OTHER_TOKEN)
    assert lines(file, 1)[0]["principal"] == {"name": "bob", "by": "token", "issuer": None}
