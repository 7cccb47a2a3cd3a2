"""S3 that is down, slow, in trouble or not what it should be: what it costs, and what is told of it."""

import asyncio
import gzip
import hashlib
import random
import socket
import time
import tracemalloc
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import faults
import s3
from faults import Fault
from metaflow_graphql.providers import usage
from metaflow_graphql.providers.base import BlobKey, FileKey, InfoKey
from metaflow_graphql.providers.errors import (
    ArtifactUnreadable,
    GatewayError,
    ProviderError,
    ProviderUnavailable,
    TimedOut,
)
from metaflow_graphql.providers.s3.client import S3Client
from metaflow_graphql.providers.s3.datastore import S3Datastore
from metaflow_graphql.providers.s3.locations import Location
from metaflow_graphql.providers.s3.settings import S3Settings

LIMIT = 10_000
UNAVAILABLE = "S3 did not answer; try again."
CONTENTS = [f"content {number}".encode() * (number + 1) for number in range(60)]


@pytest.fixture(scope="module")
def server() -> Generator[s3.Server]:
    with s3.serving() as server:
        for content in CONTENTS:
            server.put(f"pre/fix/{key_of(content).path}", gzip.compress(content), {"cas_raw": False, "cas_version": 1})
        yield server


def key_of(content: bytes, root: str = s3.ROOT) -> BlobKey:
    return BlobKey(root, "Made", hashlib.sha1(content).hexdigest())


def settings(url: str, **more: Any) -> S3Settings:
    return S3Settings(endpoint_url=url, client_params=s3.KEYS, **more)


def one_of(asked: S3Settings) -> bytes | GatewayError | None:
    """What a blob that is there is answered with."""
    (found,) = s3.ask(asked, lambda datastore: datastore.blobs([key_of(CONTENTS[0])], LIMIT, LIMIT))
    return found


async def until(told: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not told():  # noqa: ASYNC110 - it is told by another thread
            await asyncio.sleep(0.01)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def test_a_server_that_is_down_is_unavailable() -> None:
    error = one_of(settings(f"http://127.0.0.1:{free_port()}", tries=1))
    assert (type(error), str(error)) == (ProviderUnavailable, UNAVAILABLE)


def test_a_server_that_is_silent_is_given_up(server: s3.Server) -> None:
    with faults.spoiled(server.url, faults.always(Fault.LATE)) as proxy:
        proxy.pause = 30
        began = time.monotonic()
        error = one_of(settings(proxy.url, tries=1, silence_seconds=0.3))
    assert (type(error), str(error)) == (ProviderUnavailable, UNAVAILABLE)
    assert time.monotonic() - began < 10


def test_a_request_lasts_no_longer_than_it_may(server: s3.Server) -> None:
    with faults.spoiled(server.url, faults.always(Fault.SLOW)) as proxy:
        proxy.pause = 30
        began = time.monotonic()
        error = one_of(settings(proxy.url, seconds=0.5))
    assert (type(error), str(error)) == (ProviderUnavailable, "S3 did not answer in time; try again.")
    assert time.monotonic() - began < 10


def test_an_operation_waits_no_longer_than_its_deadline(server: s3.Server) -> None:
    with faults.spoiled(server.url, latency=30) as proxy, s3.counted(deadline=time.monotonic() + 0.5):
        assert isinstance(one_of(settings(proxy.url)), TimedOut)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.RESET, Fault.UNANSWERED, Fault.CUT, Fault.SHORT, Fault.HALF_JSON, Fault.HTML, Fault.TRACEBACK,
        Fault.BAD_GATEWAY, Fault.BUSY, Fault.THROTTLED,
    ],
)  # fmt: skip
def test_what_may_pass_is_tried_again(server: s3.Server, fault: Fault) -> None:
    with faults.spoiled(server.url) as proxy:
        proxy.next.append(fault)
        assert one_of(settings(proxy.url)) == CONTENTS[0]
    assert [done.fault for done in proxy.done] == [fault, Fault.NONE]


def test_each_try_counts(server: s3.Server) -> None:
    with faults.spoiled(server.url) as proxy, s3.counted() as spent:
        proxy.next.extend([Fault.BUSY, Fault.CUT])
        assert one_of(settings(proxy.url)) == CONTENTS[0]
    assert spent.requests == {"s3 GetObject": 3}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.RESET, ProviderUnavailable),
        (Fault.CUT, ProviderUnavailable),
        (Fault.SHORT, ProviderUnavailable),
        (Fault.HALF_JSON, ProviderUnavailable),
        (Fault.HTML, ProviderUnavailable),
        (Fault.TRACEBACK, ProviderUnavailable),
        (Fault.BUSY, ProviderUnavailable),
        (Fault.FORBIDDEN, ArtifactUnreadable),
    ],
)
def test_nothing_of_what_it_says_is_told(server: s3.Server, fault: Fault, kind: type[GatewayError]) -> None:
    folder = FileKey("default", s3.ROOT, "Made/1/start/1")

    async def question(datastore: S3Datastore) -> list[object]:
        return [
            *await datastore.blobs([key_of(CONTENTS[0])], LIMIT, LIMIT),
            *await datastore.infos([InfoKey("default", s3.ROOT, "Made/1/start/1", 0)]),
            *await datastore.file_names([folder]),
        ]

    with faults.spoiled(server.url, faults.always(fault)) as proxy:
        entries = s3.ask(settings(proxy.url, tries=2), question)
        host = proxy.url.removeprefix("http://")
    assert [type(entry) for entry in entries] == [kind] * 3
    for secret in (faults.SECRET, host, "127.0.0.1", "AKIA", "bucket/", "<html"):
        assert [str(entry) for entry in entries if secret in str(entry)] == []


@pytest.mark.parametrize("seed", range(3))
def test_under_all_faults_at_once_every_answer_is_right_or_an_error(server: s3.Server, seed: int) -> None:
    keys = [key_of(content) for content in CONTENTS]
    with faults.spoiled(server.url, faults.seeded(seed, 0.4)) as proxy:
        found = s3.ask(settings(proxy.url), lambda datastore: datastore.blobs(keys, LIMIT, 10**6))
    wrong = [
        entry
        for entry, content in zip(found, CONTENTS, strict=True)
        if entry != content and not isinstance(entry, ProviderUnavailable)
    ]
    assert wrong == []
    assert [type(entry) for entry in found].count(bytes) > 40


def test_a_stream_goes_on_where_it_broke_off(server: s3.Server) -> None:
    content = random.Random(1).randbytes(5 * 2**20)
    key = key_of(content)
    server.put(f"pre/fix/{key.path}", content, {"cas_raw": True, "cas_version": 1})

    async def whole(datastore: S3Datastore) -> bytes:
        return b"".join([chunk async for chunk in datastore.stream(key)])

    with faults.spoiled(server.url) as proxy:
        proxy.next.extend([Fault.NONE, Fault.CUT, Fault.NONE, Fault.SHORT, Fault.NONE])
        assert s3.ask(settings(proxy.url), whole) == content
    assert len(proxy.done) == 5


def test_a_bucket_that_is_missing_has_nothing_to_read(server: s3.Server) -> None:
    root = "s3://missing/prefix"
    folder = FileKey("default", root, "Made/1/start/1")

    async def question(datastore: S3Datastore) -> list[object]:
        return [
            *await datastore.blobs([key_of(CONTENTS[0], root)], LIMIT, LIMIT),
            *await datastore.infos([InfoKey("default", root, "Made/1/start/1", 0)]),
            *await datastore.file_names([folder]),
        ]

    entries = s3.ask(settings(server.url), question, [root])
    assert [type(entry) for entry in entries] == [ArtifactUnreadable] * 3
    assert {str(entry) for entry in entries} == {"The bucket in S3 that it is stored in does not exist."}


@pytest.mark.parametrize(
    "wrong",
    [
        S3Settings(endpoint_url="no url"),
        S3Settings(profile="nobody"),
        S3Settings(client_params={"unknown": "x"}),
        S3Settings(client_params={"config": {"unknown": "x"}}),
    ],
)
def test_settings_that_make_no_client_are_a_fault_of_the_provider(
    wrong: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    error = one_of(wrong)
    assert (type(error), str(error)) == (ProviderError, "The gateway's settings for S3 can't be used.")
    assert isinstance(error, ProviderError)
    assert error.retryable is False


def test_without_credentials_that_is_told(server: s3.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    error = one_of(S3Settings(endpoint_url=server.url))
    assert (type(error), str(error)) == (
        ProviderError,
        "The gateway's settings or credentials for S3 are incomplete.",
    )


def test_what_metaflow_says_of_a_client_goes_before_the_rest(server: s3.Server) -> None:
    params = {**s3.KEYS, "endpoint_url": server.url, "config": {"retries": {"max_attempts": 1}}}
    assert one_of(S3Settings(endpoint_url="http://127.0.0.1:1", client_params=params)) == CONTENTS[0]


def test_settings_show_no_credentials() -> None:
    shown = repr(S3Settings(endpoint_url="http://user:secret@s3.example", client_params=s3.KEYS, region="eu-west-1"))
    assert shown == "S3Settings(region='eu-west-1', profile=None)"


def test_requests_end_with_their_operation(server: s3.Server) -> None:
    async def left_alone() -> tuple[float, list[object]]:
        client = S3Client(settings(proxy.url))
        spent = usage.Usage()
        usage.current.set(spent)
        keys = [key_of(content) for content in CONTENTS[:20]]
        asked = asyncio.create_task(S3Datastore(client, [s3.ROOT]).blobs(keys, LIMIT, LIMIT))
        await until(lambda: len(proxy.done) > 10)
        began = time.monotonic()
        spent.end()
        (ended,) = await asyncio.gather(asked, return_exceptions=True)
        took = time.monotonic() - began
        await until(lambda: not proxy.connections)
        await client.close()
        return took, [type(ended), *spent.work]

    with faults.spoiled(server.url, latency=1) as proxy:
        took, ended = asyncio.run(left_alone())
    assert ended == [asyncio.CancelledError]
    assert took < 0.5


def test_one_operation_does_not_end_what_another_waits_for(server: s3.Server) -> None:
    async def two_of_them() -> list[object]:
        client = S3Client(settings(proxy.url))
        datastore = S3Datastore(client, [s3.ROOT])

        async def asked(spent: usage.Usage) -> object:
            usage.current.set(spent)
            return await datastore.blobs([key_of(CONTENTS[5])], LIMIT, LIMIT)

        first, second = usage.Usage(), usage.Usage()
        both = asyncio.gather(asked(first), asked(second), return_exceptions=True)
        await until(lambda: bool(proxy.done))
        first.end()
        found = [*await both]
        await client.close()
        return found

    with faults.spoiled(server.url, latency=0.3) as proxy:
        ended, found = asyncio.run(two_of_them())
    assert (type(ended), found, len(proxy.done)) == (asyncio.CancelledError, [CONTENTS[5]], 1)


def test_an_operation_has_no_more_than_twelve_of_sixteen_in_flight(server: s3.Server) -> None:
    async def question() -> int:
        client = S3Client(settings(proxy.url))
        most = 0

        async def watched() -> None:
            nonlocal most
            while True:
                most = max(most, proxy.connections)
                await asyncio.sleep(0.005)

        watching = asyncio.create_task(watched())
        keys = [key_of(content) for content in CONTENTS]
        batches = [S3Datastore(client, [s3.ROOT]).blobs(keys[start::4], LIMIT, 10**6) for start in range(4)]
        await asyncio.gather(*batches)
        watching.cancel()
        await client.close()
        return most

    with faults.spoiled(server.url, latency=0.1) as proxy:
        assert asyncio.run(question()) == 12
    assert len(proxy.done) == len(CONTENTS)


@asynccontextmanager
async def zeros(size: int) -> AsyncGenerator[tuple[str, list[object]]]:
    """The URL of a server that has an object of so many NULs, whatever is asked for, and its connections so far."""
    connections = list[object]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        while head := await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"":
            asked = head.lower().split(b"range: bytes=", 1)[1].split(b"\r\n", 1)[0]
            start, end = (int(number) for number in asked.split(b"-"))
            end = min(end, size - 1)
            lines = [
                "HTTP/1.1 206 Partial Content",
                'ETag: "zeros"',
                f"Content-Length: {end - start + 1}",
                f"Content-Range: bytes {start}-{end}/{size}",
                'x-amz-meta-metaflow-user-attributes: {"cas_raw": true, "cas_version": 1}',
            ]
            writer.write("\r\n".join([*lines, "", ""]).encode())
            for at in range(start, end + 1, 65536):
                writer.write(bytes(min(65536, end + 1 - at)))
                await writer.drain()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as listening:
        host, port = listening.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}", connections


def test_connections_are_used_again() -> None:
    async def one_by_one() -> int:
        async with zeros(1000) as (url, connections):
            client = S3Client(settings(url))
            for number in range(20):
                await client.part(Location("bucket", f"pre/fix/{number}"), 0, 1000)
            await client.close()
            return len(connections)

    assert asyncio.run(one_by_one()) == 1


def test_an_object_of_any_size_streams_in_the_same_memory() -> None:
    size = 200 * 2**20
    digest = hashlib.sha1()
    for _ in range(200):
        digest.update(bytes(2**20))

    async def length() -> tuple[int, int]:
        async with zeros(size) as (url, _):
            client = S3Client(settings(url))
            await client.part(Location("bucket", "pre/fix/x"), 0, 1)  # what the first request alone takes
            tracemalloc.start()
            stream = S3Datastore(client, [s3.ROOT]).stream(BlobKey(s3.ROOT, "Made", digest.hexdigest()))
            total = sum([len(chunk) async for chunk in stream])
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            await client.close()
            return total, peak

    total, peak = asyncio.run(length())
    assert total == size
    assert peak < 12 * 2**20
