"""Requests that are none of HTTP/1.1, or of kinds that are not understood: what is told of them, and what is not."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateways import serving
from metaflow_graphql.server.browsers.hosts import Hosts
from metaflow_graphql.server.connections.connection import HEAD_BYTES, Connection
from serving import answered, served, small_application

NONE = "This is no HTTP/1.1 request: "
NO_METHOD = "is no method here: these are GET, HEAD, POST, OPTIONS, in upper case."
TWO_LENGTHS = "it has both Content-Length and Transfer-Encoding, of which one alone may say where its body ends."
URL = "its URL has a character that none may have: there it is written as % and two hexadecimal digits."
HEADER = "each of its headers is a name, a colon and a value, without a space before the colon."
CODED = "A body is sent in the transfer coding chunked alone, or with its Content-Length."
BAD, NOT_ALLOWED, UNSUPPORTED = "BAD_USER_INPUT", "METHOD_NOT_ALLOWED", "UNSUPPORTED_MEDIA_TYPE"
POST = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
# what is sent: status, code, message
MALFORMED: dict[str, tuple[bytes, int, str, str]] = {
    "an unknown method": (b"FOO /graphql HTTP/1.1\r\nhost: x\r\n\r\n", 405, NOT_ALLOWED, f"'FOO' {NO_METHOD}"),
    "a method in lower case": (b"get / HTTP/1.1\r\nhost: x\r\n\r\n", 405, NOT_ALLOWED, f"'get' {NO_METHOD}"),
    "a method of RTSP": (b"SETUP / HTTP/1.1\r\nhost: x\r\n\r\n", 405, NOT_ALLOWED, f"'SETUP' {NO_METHOD}"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400, BAD, f"{NONE}its first word is no method, such as POST."),
    "two lengths": (POST + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}", 400, BAD,
                    f"{NONE}it has more than one Content-Length."),
    "a length, and chunks": (POST + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n", 400, BAD,
                             NONE + TWO_LENGTHS),
    "chunks, and a length": (POST + b"transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n", 400, BAD,
                             NONE + TWO_LENGTHS),
    "a length that is none": (POST + b"content-length: +2\r\n\r\n{}", 400, BAD,
                              f"{NONE}Invalid character in Content-Length."),
    "a URL in UTF-8": ("GET /graphql?query={é} HTTP/1.1\r\nhost: x\r\n\r\n".encode(), 400, BAD, NONE + URL),
    "a path in UTF-8": ("GET /é HTTP/1.1\r\nhost: x\r\n\r\n".encode(), 400, BAD, NONE + URL),
    "a tunnel": (b"CONNECT a:1 HTTP/1.1\r\nhost: x\r\n\r\n", 405, NOT_ALLOWED, f"'CONNECT' {NO_METHOD}"),
    "a URL with a space": (b"GET /a b HTTP/1.1\r\nhost: x\r\n\r\n", 400, BAD,
                           f"{NONE}behind the method and one URL without spaces comes HTTP/1.1."),
    "a header without a colon": (b"GET / HTTP/1.1\r\nhost x\r\n\r\n", 400, BAD, NONE + HEADER),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, BAD, f"{NONE}no other version is spoken here."),
    "a compressed body": (POST + b"transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 415, UNSUPPORTED,
                          CODED),
    "codings apart": (POST + b"Transfer-Encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n", 415, UNSUPPORTED, CODED),
    "no chunks": (POST + b"transfer-encoding: gzip\r\n\r\n", 415, UNSUPPORTED, CODED),
}  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with served(small_application(), http=Connection, ws="none") as client:
        yield client


@pytest.mark.parametrize("case", MALFORMED)
def test_what_can_not_be_read_is_told_what_is_wrong_and_logged_by_nobody(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    sent, status, code, message = MALFORMED[case]
    with caplog.at_level(logging.WARNING):
        head, _, body = answered(client, sent).partition(b"\r\n\r\n")
    assert json.loads(body) == {"errors": [{"message": message, "extensions": {"code": code}}]}
    assert (int(head[9:12]), b"connection: close" in head, b"x-request-id: " in head) == (status, True, True)
    assert caplog.records == []


def test_what_stands_around_the_value_of_a_header_is_no_part_of_it() -> None:
    app = small_application(hosts=Hosts(None, anywhere=False))
    with served(app, http=Connection, ws="none") as client:
        answer = answered(client, b"GET /healthz HTTP/1.1\r\nconnection: close\r\nhost:\t localhost \t\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_empty_lines_without_end_are_no_head(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    answer = answered(client, b"\r\n" * HEAD_BYTES)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")  # it may be lost with what was not read
    assert caplog.records == []


def test_what_comes_behind_a_request_is_no_fault_of_its_method(client: httpx.Client) -> None:
    answers = answered(client, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n\0")
    assert answers.count(b'{"status":"ok"}') == 1
    assert b"This is no HTTP/1.1 request: its first word is no method, such as POST." in answers


def test_chunks_alone_are_understood_however_they_are_written(client: httpx.Client) -> None:
    body = b'{"query": "{ greeting }"}'
    chunks = b"connection: close\r\ntransfer-encoding: Chunked \r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert answered(client, POST + chunks).endswith(b'{"data":{"greeting":"Hello world"}}')


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
@pytest.mark.parametrize("pause", [0, 0.1])
def test_a_request_for_another_protocol_is_answered_as_the_one_that_it_is(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, protocol: bytes, pause: float
) -> None:
    upgrade = b"connection: Upgrade\r\nupgrade: %s\r\nsec-websocket-version: 13\r\n" % protocol
    asked = b"GET /graphql?query={%s} HTTP/1.1\r\nhost: x\r\n"
    posted = b'content-length: 25\r\n\r\n{"query": "{ greeting }"}'
    with caplog.at_level(logging.WARNING):
        answers = answered(
            client,
            asked % b"double" + upgrade + b"\r\n" + POST + upgrade + posted,
            asked % b"double" + b"connection: close\r\n\r\n",
            pause=pause,
        )
    told = [b'{"data":{"double":2}}', b'{"data":{"greeting":"Hello world"}}', b'{"data":{"double":2}}']
    assert [answers.count(answer) for answer in told] == [2, 1, 2]
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == answers.count(b"x-request-id: ") == 3
    assert caplog.records == []


def test_a_gateway_speaks_no_websockets_whatever_is_installed(tmp_path: Path) -> None:
    headers = {
        "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    with serving(tmp_path) as gateway:
        answer = gateway.client.get("/graphql", params={"query": "{ __typename }"}, headers=headers)
        none = gateway.client.get("/nowhere", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"data": {"__typename": "Query"}})
    assert (none.status_code, len(none.headers["x-request-id"])) == (404, 32)
