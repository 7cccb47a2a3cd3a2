"""Tasks in S3 and tasks in a folder side by side: each is read where its record says that it is."""

import asyncio
import gzip
import hashlib
from collections.abc import Generator
from pathlib import Path

import pytest

import s3
from local_trees import put
from metaflow_graphql.providers.base import BlobKey, Datastore, FileKey, FileStatus, InfoKey, PartKey
from metaflow_graphql.providers.datastores import Datastores
from metaflow_graphql.providers.errors import ArtifactUnreadable
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.records import ArtifactInfo

HERE, THERE = "/s/.metaflow", s3.ROOT
TASK = "Made/1/start/1"
LIMIT = 10_000


@pytest.fixture(scope="module")
def server() -> Generator[s3.Server]:
    with s3.serving() as server:
        yield server


@pytest.fixture
def root(server: s3.Server, tmp_path: Path) -> Path:
    """A folder with a flow, of which there is another in S3, with the same names and other contents."""
    for place, content in ((HERE, b"here"), (THERE, b"there")):
        sha = hashlib.sha1(content).hexdigest()
        files = {
            f"Made/data/{sha[:2]}/{sha}": gzip.compress(content),
            f"{TASK}/0.task_stdout.log": content,
            f"{TASK}/0.{content.decode()}.log": b"",
            f"data/Made/{sha}": gzip.compress(content),
        }
        for path, stored in files.items():
            if place == THERE:
                server.put(f"pre/fix/{path}", stored)
            else:
                file = tmp_path / ".metaflow" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(stored)
    put(tmp_path / ".metaflow" / TASK / "0.data.json", {"info": {"x": {"size": 1, "type": "here"}}})
    server.put(f"pre/fix/{TASK}/0.data.json", b'{"info": {"x": {"size": 1, "type": "there"}}}')
    return tmp_path


def blob(place: str, content: bytes) -> BlobKey:
    return BlobKey(place, "Made", hashlib.sha1(content).hexdigest())


def url(place: str, content: bytes) -> str:
    return f"{place if '://' in place else f'local://{place}'}/data/Made/{hashlib.sha1(content).hexdigest()}"


def file(place: str, name: str = "0.task_stdout.log") -> FileKey:
    return FileKey("default", place, f"{TASK}/{name}")


async def all_of_both(datastore: Datastore, places: list[str]) -> list[list[object]]:
    """What each method answers to keys of the places in turn."""
    told = {HERE: b"here", THERE: b"there"}
    statuses = await datastore.file_statuses([file(place) for place in places])
    return [
        [*await datastore.blobs([blob(place, told[place]) for place in places], LIMIT, LIMIT)],
        [*await datastore.infos([InfoKey("default", place, TASK, 0) for place in places])],
        [*await datastore.included_files([url(place, told[place]) for place in places], LIMIT)],
        [*await datastore.file_names([FileKey("default", place, TASK) for place in places])],
        [*await datastore.file_parts([PartKey(file(place), 0, 10) for place in places])],
        [status.size if isinstance(status, FileStatus) else status for status in statuses],
    ]


def test_each_is_read_where_its_record_says(server: s3.Server, root: Path) -> None:
    found = server.ask(
        lambda datastore: all_of_both(Datastores(LocalDatastore(root), datastore), [THERE, HERE, HERE, THERE])
    )
    here = ["0.data.json", "0.here.log", "0.task_stdout.log"]
    there = ["0.data.json", "0.task_stdout.log", "0.there.log"]
    assert found == [
        [b"there", b"here", b"here", b"there"],
        [{"x": ArtifactInfo(1, name)} for name in ("there", "here", "here", "there")],
        [b"there", b"here", b"here", b"there"],
        [there, here, here, there],
        [b"there", b"here", b"here", b"there"],
        [5, 4, 4, 5],
    ]


def test_both_stream(server: s3.Server, root: Path) -> None:
    async def streamed(of_s3: Datastore) -> list[bytes]:
        datastore = Datastores(LocalDatastore(root), of_s3)
        streams = [datastore.stream(blob(place, content)) for place, content in ((HERE, b"here"), (THERE, b"there"))]
        streams += [datastore.included_stream(url(place, content)) for place, content in ((HERE, b"here"),)]
        streams += [datastore.included_stream(url(THERE, b"there"))]
        return [b"".join([chunk async for chunk in stream]) for stream in streams]

    assert server.ask(streamed) == [b"here", b"there", b"here", b"there"]


def test_what_nothing_is_configured_for_is_unreadable(root: Path) -> None:
    found = asyncio.run(all_of_both(Datastores(LocalDatastore(root), None), [THERE, HERE]))
    assert [[type(entry) for entry in entries] for entries in found] == [
        [ArtifactUnreadable, bytes],
        [ArtifactUnreadable, dict],
        [ArtifactUnreadable, bytes],
        [ArtifactUnreadable, list],
        [ArtifactUnreadable, bytes],
        [ArtifactUnreadable, int],
    ]

    async def streamed() -> list[bytes]:
        return [chunk async for chunk in Datastores(LocalDatastore(root), None).stream(blob(THERE, b"there"))]

    with pytest.raises(ArtifactUnreadable, match="configured to read nothing"):
        asyncio.run(streamed())


@pytest.mark.parametrize("place", ["azure://x", "gs://x", "file:///s/.metaflow", "http://x"])
def test_other_kinds_are_unreadable(server: s3.Server, root: Path, place: str) -> None:
    async def asked(datastore: Datastore) -> list[object]:
        both = Datastores(LocalDatastore(root), datastore)
        return [*await both.blobs([blob(place, b"here")], LIMIT, LIMIT)]

    (error,) = server.ask(asked)
    assert isinstance(error, ArtifactUnreadable)


def test_the_room_is_shared_and_the_first_of_each_is_read(server: s3.Server, root: Path) -> None:
    async def asked(datastore: Datastore) -> list[bytes | BaseException | None]:
        both = Datastores(LocalDatastore(root), datastore)
        keys = [blob(HERE, b"here"), blob(THERE, b"there"), blob(HERE, b"here")]
        return [*await both.blobs(keys, LIMIT, 2)]

    assert server.ask(asked) == [b"here", b"there", None]
