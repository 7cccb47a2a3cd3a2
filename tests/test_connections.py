"""What a connection refuses, beside the answers to requests that came before, and to the same one."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from conftest import Limiting
from guarded import TWO_PEOPLE, guarded, written
from metaflow_graphql.server import limits
from metaflow_graphql.server.connections import connection as connections
from metaflow_graphql.server.connections.connection import Connection
from metaflow_graphql.server.error_answers import error_answer, refusal_of
from serving import answered, served

GARBAGE = b"\x00\x01 garbage\r\n\r\n"
WHOLE, CUT = (
    b"GET /%s HTTP/1.1\r\nhost: x\r\n\r\n",
    b"POST /%s HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
)
ANSWER = [b"200", b"begin", b"end"]


def told(answers: bytes) -> list[bytes]:
    """Statuses and bodies, in the order in which they came."""
    return re.findall(rb"(?<=HTTP/1.1 )\d+|begin|end|This is no HTTP/1.1 request", answers)


REFUSED = [b"400", b"This is no HTTP/1.1 request"]
# what is sent, 0.1 s apart: what is answered, and the requests that the application saw
CASES: dict[str, tuple[list[bytes], list[bytes], list[str]]] = {
    "behind a request": ([WHOLE % b"waits" + GARBAGE], [*ANSWER, *REFUSED], ["/waits"]),
    "behind two": ([WHOLE % b"waits" + WHOLE % b"2" + GARBAGE], [*ANSWER, *ANSWER, *REFUSED], ["/waits", "/2"]),
    "behind one whose answer has begun": ([WHOLE % b"begins", GARBAGE], [*ANSWER, *REFUSED], ["/begins"]),
    "in one that waits for another": ([WHOLE % b"waits" + CUT % b"2" + GARBAGE], [*ANSWER, *REFUSED], ["/waits"]),
    "in one": ([CUT % b"waits", GARBAGE], REFUSED, ["/waits"]),
    "in one whose answer has begun": ([CUT % b"begins", GARBAGE], ANSWER[:2], ["/begins"]),
    "in one that was answered": ([CUT % b"", GARBAGE], ANSWER, ["/"]),
}


@pytest.mark.parametrize("case", CASES)
def test_garbage_is_answered_after_what_came_before_it_and_never_within(case: str) -> None:
    sent, answers, paths = CASES[case]
    asked: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if refusal := refusal_of(scope):
            await error_answer(scope, refusal)(scope, receive, send)
            return
        asked.append(scope["path"])
        if scope["path"] == "/waits":
            await asyncio.sleep(0.3)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begin", "more_body": True})
        if scope["path"] == "/begins":
            await asyncio.sleep(0.3)
        await send({"type": "http.response.body", "body": b"end"})

    with served(app, http=Connection) as client:
        assert told(answered(client, *sent, pause=0.1)) == answers
    assert asked == paths


def test_who_is_slow_after_the_answer_is_not_answered_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SLOW_SECONDS", 0.3)
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"
    with guarded(written(tmp_path, TWO_PEOPLE), http=Connection) as client:
        assert told(answered(client, head)) == [b"401"]
    (line,) = map(json.loads, (tmp_path / "audit.jsonl").read_text().splitlines())
    assert (line["outcome"], line["status"]) == ("UNAUTHENTICATED", 401)


async def _headers(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers the first request late, and each with the names of its headers."""
    if refusal := refusal_of(scope):
        await error_answer(scope, refusal)(scope, receive, send)
        return
    if scope["path"] == "/waits":
        await asyncio.sleep(0.5)
    else:
        await asyncio.sleep(0)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"|".join(name for name, _ in scope["headers"])})


def statuses(answers: bytes) -> list[bytes]:
    return re.findall(rb"(?<=HTTP/1.1 )\d+", answers)


def test_requests_that_wait_for_others_of_their_connection_are_limited_in_number() -> None:
    first, more, close = WHOLE % b"waits", WHOLE % b"", b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    most = connections.MOST_WAITING
    with served(_headers, http=Connection) as client:
        assert statuses(answered(client, first + more * (most - 2) + close)) == [b"200"] * most
        assert statuses(answered(client, first + more * 1_000)) == [*[b"200"] * most, b"429"]


def test_bodies_that_wait_for_others_of_their_connection_are_limited_in_size(limit: Limiting) -> None:
    limit(limits.BODY_BYTES, 1_000)
    post = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: %s\r\ncontent-length: %d\r\n\r\n"
    with served(_headers, http=Connection) as client:
        for second, answers in ((500, [b"200"] * 3), (501, [b"200", b"200", b"413"])):
            first = WHOLE % b"waits" + post % (b"keep-alive", 500) + b"x" * 500
            assert statuses(answered(client, first + post % (b"close", second) + b"x" * second)) == answers


@pytest.mark.parametrize("later", [False, True])
def test_what_comes_behind_a_body_is_no_header_of_the_request(later: bool) -> None:
    head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    trailer = b"x-user: root\r\n\r\n"
    with served(_headers, http=Connection) as client:
        answer = answered(client, *([head, trailer] if later else [head + trailer]), pause=0.05)
    assert b"\r\nhost|connection|transfer-encoding\r\n" in answer
