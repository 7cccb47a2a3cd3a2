"""Contents by their digests in S3: bounded, checked, from configured roots alone."""

import asyncio
import gzip
import hashlib
import random
import tracemalloc
import zlib
from collections.abc import Generator
from pathlib import Path

import pytest

import s3
from metaflow_graphql.providers import blobs
from metaflow_graphql.providers.base import BlobKey, FileKey, InfoKey, PartKey
from metaflow_graphql.providers.disk_cache import DiskCache
from metaflow_graphql.providers.errors import (
    ArtifactTooLarge,
    ArtifactUnreadable,
    CorruptMetadata,
    GatewayError,
    LimitExceeded,
)
from metaflow_graphql.providers.s3.client import S3Client
from metaflow_graphql.providers.s3.datastore import S3Datastore

LIMIT = 10_000
PLAIN = b"some bytes " * 20
PACKED = {"cas_raw": False, "cas_version": 1}
RAW = {"cas_raw": True, "cas_version": 1}


@pytest.fixture(scope="module")
def server() -> Generator[s3.Server]:
    with s3.serving() as server:
        yield server


def sha_of(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def store(server: s3.Server, stored: bytes, sha: str, how: object = PACKED) -> BlobKey:
    """Put bytes into the store of the flow Made, as Metaflow would."""
    key = BlobKey(s3.ROOT, "Made", sha)
    server.put(f"pre/fix/{key.path}", stored, how)
    return key


def blob(server: s3.Server, key: BlobKey, limit: int = LIMIT, disk: DiskCache | None = None) -> bytes | GatewayError:
    (found,) = server.ask(lambda datastore: datastore.blobs([key], limit, limit), disk=disk)
    assert found is not None
    return found


def streamed(server: s3.Server, key: BlobKey) -> bytes:
    async def all_of_it(datastore: S3Datastore) -> bytes:
        return b"".join([chunk async for chunk in datastore.stream(key)])

    return server.ask(all_of_it)


def noise(size: int) -> bytes:
    """Bytes that gzip can't make less of."""
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize(
    ("stored", "how"),
    [
        (gzip.compress(PLAIN), PACKED),
        (gzip.compress(PLAIN), None),
        (PLAIN, RAW),
        (gzip.compress(PLAIN[:50]) + gzip.compress(PLAIN[50:]), PACKED),
        (gzip.compress(PLAIN) + b"garbage", PACKED),
    ],
    ids=["packed", "of long ago", "raw", "two members", "garbage behind"],
)
def test_bytes_come_as_they_were_saved(server: s3.Server, stored: bytes, how: object) -> None:
    key = store(server, stored, sha_of(PLAIN), how)
    assert blob(server, key) == streamed(server, key) == PLAIN


@pytest.mark.parametrize("how", [PACKED, RAW, None], ids=["packed", "raw", "of long ago"])
def test_nothing_is_a_content_too(server: s3.Server, how: object) -> None:
    key = store(server, b"" if how is RAW else gzip.compress(b""), sha_of(b""), how)
    assert blob(server, key) == streamed(server, key) == b""


@pytest.mark.parametrize(
    ("stored", "how"),
    [
        (gzip.compress(PLAIN)[:-9], PACKED),
        (b"", PACKED),
        (PLAIN, PACKED),
        (gzip.compress(PLAIN[1:]), PACKED),
        (PLAIN[1:], RAW),
        (zlib.compress(PLAIN), PACKED),
        (gzip.compress(PLAIN), {"cas_raw": False, "cas_version": 2}),
        (gzip.compress(PLAIN), {"cas_raw": False}),
        (gzip.compress(PLAIN), {"cas_raw": "no"}),
        (gzip.compress(b"") * 100 + gzip.compress(PLAIN), PACKED),
    ],
    ids=["cut", "empty", "not packed", "other", "other raw", "zlib", "new", "no version", "corrupt", "many members"],
)
def test_what_is_damaged_is_unreadable(server: s3.Server, stored: bytes, how: object) -> None:
    key = store(server, stored, sha_of(PLAIN), how)
    assert isinstance(blob(server, key), ArtifactUnreadable)
    with pytest.raises(ArtifactUnreadable):
        streamed(server, key)


def test_what_is_gone_is_unreadable(server: s3.Server) -> None:
    key = BlobKey(s3.ROOT, "Made", sha_of(b"never stored"))
    gone = "The stored bytes are not, or no longer, in the datastore of flow Made that is read."
    assert str(blob(server, key)) == gone
    with pytest.raises(ArtifactUnreadable, match=gone):
        streamed(server, key)


@pytest.mark.parametrize("how", [PACKED, RAW], ids=["packed", "raw"])
def test_the_limit_is_on_what_is_given(server: s3.Server, how: object) -> None:
    key = store(server, PLAIN if how is RAW else gzip.compress(PLAIN), sha_of(PLAIN), how)
    assert blob(server, key, len(PLAIN)) == PLAIN
    assert isinstance(blob(server, key, len(PLAIN) - 1), ArtifactTooLarge)


def test_what_is_too_large_is_not_read(server: s3.Server) -> None:
    content = noise(12 * 2**20)
    key = store(server, content, sha_of(content), RAW)
    with s3.counted() as spent:
        assert isinstance(blob(server, key, 10 * 2**20), ArtifactTooLarge)
    assert spent.requests == {"s3 GetObject": 1}
    assert blob(server, key, 12 * 2**20) == content


def test_a_bomb_is_not_inflated(server: s3.Server) -> None:
    assert isinstance(blob(server, store(server, gzip.compress(bytes(50_000_000)), "0" * 40)), ArtifactTooLarge)


@pytest.mark.parametrize("how", [PACKED, RAW], ids=["packed", "raw"])
def test_a_large_blob_streams_in_parts_and_comes_whole(server: s3.Server, how: object) -> None:
    content = noise(5 * 2**20)
    key = store(server, content if how is RAW else gzip.compress(content), sha_of(content), how)
    with s3.counted() as spent:
        assert streamed(server, key) == content
    assert spent.requests == {"s3 GetObject": 3}


def test_a_large_blob_streams_in_little_memory(server: s3.Server) -> None:
    content = bytes(64 * 2**20)
    key = store(server, gzip.compress(content, 1), sha_of(content))

    async def length(datastore: S3Datastore) -> int:
        return sum([len(chunk) async for chunk in datastore.stream(key)])

    tracemalloc.start()
    try:
        assert server.ask(length) == len(content)
        # Moto itself, which is in this process, takes 10 MiB for a reply.
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


def test_what_makes_nothing_of_much_is_damaged(server: s3.Server) -> None:
    named = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff" + b"a" * 4 * 2**20 + b"\0"
    key = store(server, named + gzip.compress(PLAIN)[10:], sha_of(PLAIN))
    with pytest.raises(ArtifactUnreadable, match="are damaged"):
        streamed(server, key)


def test_once_the_room_is_taken_the_rest_is_left_for_later(server: s3.Server) -> None:
    contents = [noise(100_000 + number) for number in range(40)]
    keys = [store(server, content, sha_of(content), RAW) for content in contents]
    found = server.ask(lambda datastore: datastore.blobs(keys, 2**20, 500_000))
    assert found[0] == contents[0]
    read = [content for content in found if content is not None]
    assert 5 <= len(read) < 10
    assert all(content in contents for content in read)


def test_equal_blobs_of_operations_side_by_side_are_one_request(server: s3.Server) -> None:
    content = noise(300_000)
    key = store(server, content, sha_of(content), RAW)

    async def question(datastore: S3Datastore) -> list[object]:
        return [found for (found,) in await asyncio.gather(*(datastore.blobs([key], 10**6, 10**6) for _ in range(5)))]

    with s3.counted() as spent:
        assert server.ask(question) == [content] * 5
    assert spent.requests == {"s3 GetObject": 1}


def test_an_operation_makes_no_more_requests_than_it_may(server: s3.Server) -> None:
    contents = [noise(number) for number in range(10, 20)]
    keys = [store(server, content, sha_of(content), RAW) for content in contents]
    with s3.counted(requests_left=4) as spent:
        found = server.ask(lambda datastore: datastore.blobs(keys, LIMIT, LIMIT))
    assert [type(entry) for entry in found].count(bytes) == 4
    assert [type(entry) for entry in found].count(LimitExceeded) == 6
    assert spent.requests == {"s3 GetObject": 4}


def test_what_the_disk_has_is_not_asked_for(server: s3.Server, tmp_path: Path) -> None:
    content = noise(200_000)
    key = store(server, gzip.compress(content), sha_of(content))
    with s3.counted() as spent:
        assert blob(server, key, 10**6, DiskCache(tmp_path, 10**7)) == content
        assert blob(server, key, 10**6, DiskCache(tmp_path, 10**7)) == content
        assert isinstance(blob(server, key, 10, DiskCache(tmp_path, 10**7)), ArtifactTooLarge)
    assert spent.requests == {"s3 GetObject": 2}


@pytest.mark.parametrize(
    "root",
    [
        "",
        "/s/.metaflow",
        "s3://",
        "s3://bucket",
        "s3://bucket/pre",
        "s3://bucket/pre/fixed",
        "s3://bucket/pre/fix/../other",
        "s3://bucket/pre/fix/..",
        "s3://bucket/pre/fix/.",
        "s3://bucket/pre//fix",
        "s3://other/pre/fix",
        "s3://bucket.evil.example/pre/fix",
        "s3://evil.example:80/pre/fix",
        "S3://bucket/pre/fix",
        "file:///pre/fix",
        "http://bucket/pre/fix",
        "http://169.254.169.254/latest",
        "azure://bucket/pre/fix",
        "s3://bucket/pre/fix/\n",
    ],
)
def test_no_other_root_is_asked_for_anything(server: s3.Server, root: str) -> None:
    sha = sha_of(PLAIN)
    for prefix in ("", "pre/", "pre/fixed/", "pre/other/"):
        server.put(f"{prefix}Made/data/{sha[:2]}/{sha}", gzip.compress(PLAIN))
    file = FileKey("default", root, "Made/1/start/1/0.task_stdout.log")

    async def all_of_them(datastore: S3Datastore) -> list[object]:
        return [
            *await datastore.blobs([BlobKey(root, "Made", sha)], LIMIT, LIMIT),
            *await datastore.infos([InfoKey("default", root, "Made/1/start/1", 0)]),
            *await datastore.included_files([f"{root}/data/Made/{sha}"], LIMIT),
            *await datastore.file_names([file]),
            *await datastore.file_statuses([file]),
            *await datastore.file_parts([PartKey(file, 0, 10)]),
        ]

    with s3.counted() as spent:
        entries = server.ask(all_of_them)
    assert [type(entry) for entry in entries] == [ArtifactUnreadable] * 6
    assert spent.requests == {}


@pytest.mark.parametrize("url", ["data/../Made", "data/Made/..", "Made", "data2/Made", "data/Ma*de"])
def test_included_files_lie_where_metaflow_puts_them(server: s3.Server, url: str) -> None:
    asked = f"{s3.ROOT}/{url}/{sha_of(PLAIN)}"
    with s3.counted() as spent:
        (found,) = server.ask(lambda datastore: datastore.included_files([asked], LIMIT))
    assert isinstance(found, ArtifactUnreadable)
    assert spent.requests == {}


@pytest.mark.parametrize("path", ["../../other", "Made/../../x", "Made//x", "", "/", "Made/."])
def test_paths_of_files_do_not_lead_out(server: s3.Server, path: str) -> None:
    file = FileKey("default", s3.ROOT, path)
    with s3.counted() as spent:
        (found,) = server.ask(lambda datastore: datastore.file_parts([PartKey(file, 0, 10)]))
    assert isinstance(found, ArtifactUnreadable)
    assert spent.requests == {}


@pytest.mark.parametrize("sha", ["../../secret", "", "A" * 40, "0" * 39])
def test_a_key_that_is_no_digest_is_not_looked_for(server: s3.Server, sha: str) -> None:
    with s3.counted() as spent:
        assert isinstance(blob(server, BlobKey(s3.ROOT, "Made", sha)), ArtifactUnreadable)
    assert spent.requests == {}


@pytest.mark.parametrize("root", ["s3://bucket/pre/fix/", "s3://bucket/pre/fix/of/a/team"])
def test_what_is_below_a_root_is_followed(server: s3.Server, root: str) -> None:
    key = BlobKey(root, "Made", sha_of(PLAIN))
    server.put(f"{root.removeprefix('s3://bucket/').rstrip('/')}/{key.path}", gzip.compress(PLAIN), PACKED)
    assert blob(server, key) == PLAIN


def test_a_bucket_may_be_a_root(server: s3.Server) -> None:
    key = BlobKey("s3://bucket", "Made", sha_of(PLAIN))
    server.put(key.path, gzip.compress(PLAIN), PACKED)
    (found,) = server.ask(lambda datastore: datastore.blobs([key], LIMIT, LIMIT), ["s3://bucket"])
    assert found == PLAIN


@pytest.mark.parametrize("root", ["", "bucket/prefix", "s3://", "s3://bucket/../x", "/s/.metaflow"])
def test_a_root_is_configured_as_s3_or_not_at_all(root: str) -> None:
    with pytest.raises(ValueError, match="is not of the form s3://bucket/prefix"):
        S3Datastore(S3Client(), [root])


@pytest.mark.parametrize("content", [b'{"info": {"x"', b"\xff", b"[]", b" " * (8 * 2**20 + 1)])
def test_a_damaged_data_file_costs_the_infos(server: s3.Server, content: bytes) -> None:
    server.put("pre/fix/Made/1/start/1/0.data.json", content)
    key = InfoKey("default", s3.ROOT, "Made/1/start/1", 0)
    (error,) = server.ask(lambda datastore: datastore.infos([key]))
    assert isinstance(error, CorruptMetadata)
    assert str(error).startswith("What attempt 0 stored of Made/1/start/1 can't be read: it ")


def test_stored_sizes_are_bounded_by_what_gzip_takes() -> None:
    content = noise(10**6)
    assert len(gzip.compress(content)) <= blobs.largest(10**6, packed=True)
    assert blobs.largest(10**6, packed=False) == 10**6
