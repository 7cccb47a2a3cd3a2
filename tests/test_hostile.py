"""Requests made to take all memory or time: each is refused or let go, and others are answered."""

import asyncio
import contextvars
import gzip
import hashlib
import json
import pickle
import random
import re
import socket
import time
from collections.abc import Generator, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from conftest import Limiting
from in_process import opened
from local_trees import EPOCH_MS, put, put_object, put_run
from metaflow_graphql.providers import usage
from metaflow_graphql.providers.local.threads import Threads
from metaflow_graphql.server import encoding, limits, sending
from metaflow_graphql.server.connections import connection as connections
from metaflow_graphql.server.connections.connection import HEAD_BYTES, Connection
from metaflow_graphql.server.errors import RequestError
from metaflow_graphql.server.limits import LIST_ITEMS
from serving import GRAPHQL_RESPONSE, address, answered, post, served, small_application


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with served(small_application(), http=Connection) as client:
        yield client


HEADERS = b"".join(b"x-%d: y\r\n" % number for number in range(HEAD_BYTES // 8))


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        (b"GET /" + b"a" * HEAD_BYTES, {b"414", b""}),
        (b"GET /healthz HTTP/1.1\r\nx: " + b"a" * HEAD_BYTES, {b"431", b""}),
        (b"GET /healthz HTTP/1.1\r\n" + HEADERS, {b"431", b""}),
        (b"GET /" + b"a" * HEAD_BYTES + b" HTTP/1.1\r\nhost: x\r\n\r\n", {b"414", b""}),
        (b"GET /healthz HTTP/1.1\r\n" + HEADERS + b"\r\n", {b"431", b""}),
        (
            b"POST /graphql HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nx: "
            + b"a" * 2 * HEAD_BYTES,
            {b"431", b"415", b""},  # its type may be refused before its trailer is seen to have no end
        ),
    ],
    ids=["url", "header", "headers", "whole url", "whole headers", "trailer"],
)
def test_a_head_has_an_end(client: httpx.Client, head: bytes, statuses: set[bytes]) -> None:
    # What is still on its way when the connection is closed may have the answer overtaken by a reset.
    assert answered(client, head)[9:12] in statuses
    assert client.get("/healthz").status_code == 200


def test_what_is_no_request_is_told_so(client: httpx.Client) -> None:
    head, _, body = answered(client, b"GET /healthz HTTP/1.1\r\nhost x\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    message = (
        "This is no HTTP/1.1 request: each of its headers is a name, a colon and a value, without a space before "
        "the colon."
    )
    assert json.loads(body) == {"errors": [{"message": message, "extensions": {"code": "BAD_USER_INPUT"}}]}


def test_a_body_may_come_in_any_chunks(client: httpx.Client) -> None:
    body = b'{"query": "{ greeting }" ' + b" " * HEAD_BYTES + b"}"
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
    assert answered(client, head + b"transfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n").endswith(
        b'{"data":{"greeting":"Hello world"}}'
    )


@pytest.mark.parametrize(
    ("parts", "statuses"),
    [
        ([], []),
        ([b"GET /healthz HTTP/1.1\r\n"], [b"408"]),
        (
            [b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"],
            [b"408"],
        ),
        ([b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /"], [b"200", b"408"]),
    ],
    ids=["nothing", "head", "body", "second request"],
)
def test_who_is_slow_to_ask_is_let_go(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, parts: list[bytes], statuses: list[bytes]
) -> None:
    monkeypatch.setattr(connections, "SLOW_SECONDS", 0.2)
    began = time.monotonic()
    assert re.findall(rb"HTTP/1.1 ([0-9]{3})", answered(client, *parts, pause=0.05)) == statuses
    assert time.monotonic() - began < 20


def test_connections_are_limited_in_number() -> None:
    with served(small_application(), http=partial(Connection, most=1)) as client:
        assert client.get("/healthz").status_code == 200  # by a connection that stays open
        refused = answered(client)
        assert (refused[:12], b"retry-after: 1" in refused) == (b"HTTP/1.1 503", True)
        assert client.get("/healthz").status_code == 200


def test_who_does_not_take_the_answer_is_let_go(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SLOW_SECONDS", 0.2)
    body = json.dumps({"query": "{ many(count: 3000000) }"}).encode()
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    with socket.create_connection(address(client), timeout=120) as connection:
        connection.sendall(head % len(body) + body)
        connection.recv(1)
        time.sleep(1)
        received = 0
        try:
            while part := connection.recv(65536):
                received += len(part)
        except ConnectionResetError:
            pass
    assert received < 20_000_000


def test_large_answers_that_nobody_takes_are_limited_in_all(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "UNSENT_BYTES", 8_000_000)
    client.headers["accept-encoding"] = "identity"
    query = "{ many(count: 1000000) }"  # 7 MB
    body = json.dumps({"query": query}).encode()
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    whole = {"data": {"many": list(range(1_000_000))}}
    assert post(client, query).json() == whole
    with socket.create_connection(address(client), timeout=120) as connection:
        connection.sendall(head % len(body) + body)
        connection.recv(1)
        refused = post(client, query)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.headers["content-type"].startswith(GRAPHQL_RESPONSE)
        assert post(client, "{ greeting }").status_code == 200
    until = time.monotonic() + 30
    while (again := post(client, query)).status_code == 503:  # until it is known that the other has gone
        assert time.monotonic() < until
    assert again.json() == whole


def test_who_is_known_holds_a_part_of_what_all_may_leave_untaken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "UNSENT_BYTES", 1_000)
    unsent, alice, bob = sending.Unsent(), "alice", "bob"
    assert [unsent.take(alice, size) for size in (200, 50, 1)] == [True, True, False]
    assert [unsent.take(bob, 250), unsent.take(None, 500), unsent.take(None, 1)] == [True, True, False]
    unsent.let_go(alice, 200)
    assert [unsent.take(alice, size) for size in (201, 200)] == [False, True]


@pytest.mark.parametrize("wanted", [LIST_ITEMS.value, LIST_ITEMS.value + 1])
def test_a_list_has_no_more_items_than_allowed(tmp_path: Path, wanted: int) -> None:
    put_run(tmp_path, "1")
    names = [f"a{number}" for number in range(wanted)]
    literal = f"{{ runs(filter: {{anyTags: {json.dumps(names)}}}) {{ nodes {{ id }} }} }}"
    named = "query($of: RunFilter) { runs(filter: $of) { nodes { id } } }"
    with opened(tmp_path) as gateway:
        answers = [gateway.answer(literal), gateway.answer(named, variables={"of": {"anyTags": names}})]
    codes = [[error["extensions"]["code"] for error in answer.get("errors", [])] for answer in answers]
    assert codes == ([[], []] if wanted == LIST_ITEMS.value else [["LIMIT_EXCEEDED"]] * 2)
    if wanted > LIST_ITEMS.value:
        assert all(f"listItems is {LIST_ITEMS.value}" in answer["errors"][0]["message"] for answer in answers)


def test_what_is_looked_for_counts_whether_or_not_it_is_there(tree: Path, limit: Limiting) -> None:
    limit(limits.ANSWER_OBJECTS, 400)
    query = (
        "query($names: [String!]) "
        "{ runs(first: 1) { nodes { steps { tasks(first: 9) { nodes { artifacts(names: $names) { id } } } } } } }"
    )
    with opened(tree) as gateway:
        few, many = (gateway.answer(query, variables={"names": [f"a{n}" for n in range(of)]}) for of in (10, 500))
    assert "errors" not in few
    (error,) = many["errors"]
    assert (error["path"][-1], error["extensions"]["code"]) == ("artifacts", "LIMIT_EXCEEDED")


@pytest.mark.parametrize("below", [True, False])
def test_what_has_more_fields_than_are_left_is_an_error_where_it_is(
    client: httpx.Client, limit: Limiting, below: bool
) -> None:
    limit(limits.ANSWER_FIELDS, 4 if below else 3)
    answer = post(client, "{ a: greeting b: self { greeting again: greeting } }").json()
    told = [(error["path"], error["extensions"]["code"]) for error in answer.get("errors", [])]
    assert told == ([] if below else [(["b"], "LIMIT_EXCEEDED")])
    assert below or "answerFields in serverInfo.limits" in answer["errors"][0]["message"]


def test_an_answer_has_no_more_bytes_than_allowed(client: httpx.Client, limit: Limiting) -> None:
    limit(limits.ANSWER_BYTES, 300_000)
    assert len(post(client, "{ many(count: 20000) }").json()["data"]["many"]) == 20_000
    (error,) = post(client, "{ a: many(count: 20000) b: many(count: 20000) c: many(count: 20000) }").json()["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert "answerBytes is 300000 at the most" in error["message"]


def pieces(answer: dict[str, Any]) -> list[bytes]:
    """What is added to the JSON of an answer at a time."""
    made, found, end = bytearray(), list[bytes](), 0
    for _ in encoding._written(answer, made, encoding._most()):  # pyright: ignore[reportPrivateUsage] - how many is the point
        found.append(bytes(made[end:]))
        end = len(made)
    return [*found, bytes(made[end:])]


@pytest.mark.parametrize(
    "value",
    [
        {str(number): number for number in range(200_000)},
        list(range(200_000)),
        [{"a": number, "b": [number]} for number in range(50_000)],
        [[1] * 1000, *[{str(number): 1 for number in range(1000)}] * 200],
        ["x" * 1_000_000] * 100,
        {"a": {"b": [{"c": list(range(100_000))}]}},
        {"a": {"b": [list(range(20_000))] * 20}},
    ],
    ids=["dict", "list", "rows", "entries", "text", "deep", "lists"],
)
def test_a_large_answer_is_encoded_in_few_pieces_of_some_size(value: object) -> None:
    found = pieces({"data": value})
    assert b"".join(found) == orjson.dumps({"data": value})
    assert len(found) < 2_000
    assert max(map(len, found)) < 25_000_000


def test_an_answer_of_any_form_is_encoded_as_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(1)

    def made(depth: int) -> Any:
        size, kind = chance.randrange(6), chance.random()
        if depth and kind < 0.4:
            return [made(depth - 1) for _ in range(size)]
        if depth and kind < 0.8:
            return {f"{number}é": made(depth - 1) for number in range(size)}
        leaves: list[Any] = [1, 1.5, None, True, 'x"\\', "", [], {}, "🎉"]
        return chance.choice(leaves)

    for _ in range(200):
        monkeypatch.setattr(encoding, "_AT_ONCE", chance.randrange(2, 30))
        value = {"data": made(6)}
        assert b"".join(pieces(value)) == orjson.dumps(value)


def test_the_size_is_looked_at_as_it_goes(limit: Limiting) -> None:
    limit(limits.ANSWER_BYTES, 100)
    with pytest.raises(RequestError, match="answerBytes"):
        asyncio.run(encoding.encoded({"data": ["x" * 50] * 3}))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A task with twenty values, each of its own."""
    put_run(tmp_path, "1")
    for pathspec in ("Made/1/start", "Made/1/start/1"):
        put_object(tmp_path, pathspec, EPOCH_MS)
    meta = tmp_path / ".metaflow" / "Made/1/start/1/_meta"
    put(
        meta / "sysmeta_attempt-done_1.json",
        {"field_name": "attempt-done", "value": "0", "ts_epoch": EPOCH_MS, "tags": ["attempt_id:0"]},
    )
    for number in range(20):
        pickled = pickle.dumps([number] * 5000)
        sha = hashlib.sha1(pickled, usedforsecurity=False).hexdigest()
        blob = tmp_path / ".metaflow/Made/data" / sha[:2] / sha
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(gzip.compress(pickled))
        recorded = {"sha": sha, "ts_epoch": EPOCH_MS, "content_type": "pickle-v4"}
        put(meta / f"0_artifact_x{number:02}.json", recorded)
    return tmp_path


def test_entries_that_share_a_large_value_are_encoded_a_few_at_a_time(limit: Limiting) -> None:
    """However many small ones stand before them: else one piece would be as large as thousands of such values."""
    limit(limits.ANSWER_BYTES, 60_000_000)
    text = "x" * 1_000_000
    answer = [{"data": "x"} for _ in range(5_000)] + [{"data": text} for _ in range(5_000)]

    def sizes() -> Generator[int]:
        spent = usage.Usage(values_left=limits.VALUES_BYTES.value - len(text))
        usage.current.set(spent)
        made = bytearray()
        for _ in encoding._written(answer, made, encoding._most()):  # pyright: ignore[reportPrivateUsage]
            yield len(made)
            if len(made) > limits.ANSWER_BYTES.value:
                return

    told = contextvars.copy_context().run(lambda: [0, *sizes()])
    assert max(after - before for before, after in pairwise(told)) < 20_000_000


def test_the_values_of_an_answer_are_no_larger_than_allowed(tree: Path, limit: Limiting) -> None:
    limit(limits.VALUES_BYTES, 1_000_000)
    with opened(tree) as gateway:
        answer = gateway.answer('{ task(pathspec: "Made/1/start/1") { artifacts { data } } }')
    given = [artifact["data"] for artifact in answer["data"]["task"]["artifacts"] if artifact["data"]]
    assert 0 < len(given) < 20
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"LIMIT_EXCEEDED"}
    assert "valuesBytes" in answer["errors"][0]["message"]


def test_nothing_more_is_read_for_an_operation_that_is_over() -> None:
    async def asked() -> None:
        spent = usage.Usage()
        usage.current.set(spent)
        read: list[int] = []

        def one(key: int) -> int:
            read.append(key)
            spent.over = key == 2
            return key

        threads = Threads("test")
        with pytest.raises(asyncio.CancelledError):
            await threads.each("ones", one, range(1000))
        threads.close()
        assert read == [0, 1, 2]

    asyncio.run(asked())
