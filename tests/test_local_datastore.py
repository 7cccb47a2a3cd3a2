"""Bytes of artifacts: whole, bounded, from the configured roots alone."""

import asyncio
import gzip
import hashlib
import json
import os
import pickle
import shutil
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from local_trees import ask, key, one, opened, provider, put
from metaflow_graphql.providers import records
from metaflow_graphql.providers.base import BlobKey, InfoKey
from metaflow_graphql.providers.errors import ArtifactTooLarge, ArtifactUnreadable, CorruptMetadata, GatewayError
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.local.streams import BlobReader, Reading
from running import Runs

LIMIT = 10_000
PLAIN = b"some bytes " * 20


def sha_of(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def store(root: Path, stored: bytes, sha: str, how: object = None) -> BlobKey:
    """Put bytes into the store of the flow Made, as Metaflow would."""
    path = root / ".metaflow" / "Made" / "data" / sha[:2] / sha
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stored)
    put(path.with_name(f"{sha}_meta"), {"cas_raw": False, "cas_version": 1} if how is None else how)
    return BlobKey(str(root / ".metaflow"), "Made", sha)


def blob(root: Path, asked: BlobKey, limit: int = LIMIT) -> bytes | GatewayError | None:
    return one(lambda: LocalDatastore(root).blobs([asked], limit, LIMIT))


def chunks(root: Path, asked: BlobKey) -> list[bytes]:
    """What the blob's stream gives; raises what it raises."""

    async def all_of_them() -> list[bytes]:
        return [chunk async for chunk in LocalDatastore(root).stream(asked)]

    return asyncio.run(all_of_them())


def test_every_artifact_of_real_runs_is_read(runs: Runs, oracle: dict[str, Any]) -> None:
    local = provider(runs.root)
    tasks = [key(path) for path in oracle["objects"] if path.count("/") == 3 and "@" not in path]
    names = ask(lambda: local.artifact_names_of(tasks))
    keys = [
        key(f"{task.pathspec}/{name}")
        for task, of_task in zip(tasks, names, strict=True)
        if isinstance(of_task, list)
        for name in of_task
    ]
    known = [one for one in ask(lambda: local.artifacts(keys)) if isinstance(one, records.DataArtifact)]
    asked = [BlobKey(one.root, one.path_components[0], one.sha) for one in known]
    read = ask(lambda: local.datastore.blobs(asked, 10**8, 10**9))
    assert len(read) > 500
    assert [content for content in read if not isinstance(content, bytes)] == []
    flags = [content for one, content in zip(known, read, strict=True) if one.name == "_task_ok"]
    assert {pickle.loads(content) for content in flags if isinstance(content, bytes)} == {True, False, None}


def test_sizes_and_types_are_what_the_client_says(runs: Runs, oracle: dict[str, Any]) -> None:
    pathspec = f"{runs['linear'].pathspec}/start/1"
    info = one(lambda: provider(runs.root).datastore.infos([InfoKey("default", str(runs.datastore), pathspec, 0)]))
    assert isinstance(info, dict)
    told = oracle["objects"]
    names = told[pathspec]["artifacts"]
    assert {name: info[name].size for name in names} == {name: told[f"{pathspec}/{name}"]["size"] for name in names}
    assert {name: info[name].type for name in names} == {
        name: told[f"{pathspec}/{name}"]["data"]["type"] for name in names
    }


def test_a_moved_tree_is_read_where_it_is(runs: Runs, tmp_path: Path) -> None:
    moved = runs.copy(tmp_path / "moved", "LinearFlow", "ParametersFlow")
    local = provider(moved.root)
    found = one(lambda: local.artifacts_of([key(f"{moved['linear'].pathspec}/start/1")]))
    assert isinstance(found, list)
    known = [one for one in found if isinstance(one, records.DataArtifact)]
    assert {one.root for one in known} == {str(runs.datastore)}
    # What they were recorded with is another folder, which holds something else now.
    nowhere = [BlobKey("/nowhere/.metaflow", "LinearFlow", one.sha) for one in known]
    assert all(isinstance(content, bytes) for content in ask(lambda: local.datastore.blobs(nowhere, LIMIT, LIMIT)))


@pytest.mark.parametrize(
    ("stored", "how"),
    [
        (gzip.compress(PLAIN), None),
        (PLAIN, {"cas_raw": True, "cas_version": 1}),
        (gzip.compress(PLAIN[:50]) + gzip.compress(PLAIN[50:]), None),
        (gzip.compress(PLAIN) + b"\0" * 512, None),
        (gzip.compress(PLAIN) + b"garbage", None),
    ],
    ids=["packed", "raw", "two members", "padded", "garbage behind"],
)
def test_bytes_come_as_they_were_saved(tmp_path: Path, stored: bytes, how: object) -> None:
    asked = store(tmp_path, stored, sha_of(PLAIN), how)
    assert blob(tmp_path, asked) == b"".join(chunks(tmp_path, asked)) == PLAIN


def test_a_store_of_long_ago_says_nothing_of_how(tmp_path: Path) -> None:
    asked = store(tmp_path, gzip.compress(PLAIN), sha_of(PLAIN))
    next(tmp_path.rglob("*_meta")).unlink()
    assert blob(tmp_path, asked) == PLAIN


def test_a_package_that_is_packed_itself_stays_packed(tmp_path: Path) -> None:
    package = gzip.compress(PLAIN)
    asked = store(tmp_path, package, sha_of(package), {"cas_raw": True, "cas_version": 1})
    assert blob(tmp_path, asked) == package


@pytest.mark.parametrize(
    ("stored", "how"),
    [
        (gzip.compress(PLAIN)[:-9], None),
        (b"", None),
        (PLAIN, None),
        (gzip.compress(PLAIN[1:]), None),
        (zlib.compress(PLAIN), None),
        (gzip.compress(PLAIN), {"cas_raw": False, "cas_version": 2}),
        (gzip.compress(PLAIN), {"cas_raw": False}),
        (gzip.compress(PLAIN), {"cas_raw": "no"}),
        (gzip.compress(b"") * 100 + gzip.compress(PLAIN), None),
    ],
    ids=["cut", "empty", "not packed", "other", "zlib", "new", "no version", "corrupt", "many members"],
)
def test_what_is_damaged_is_unreadable(tmp_path: Path, stored: bytes, how: object) -> None:
    asked = store(tmp_path, stored, sha_of(PLAIN), how)
    error = blob(tmp_path, asked)
    assert isinstance(error, ArtifactUnreadable)
    assert str(tmp_path) not in str(error)
    with pytest.raises(ArtifactUnreadable) as raised:
        chunks(tmp_path, asked)
    assert str(tmp_path) not in str(raised.value)


def test_what_is_gone_is_unreadable(tmp_path: Path) -> None:
    assert isinstance(blob(tmp_path, BlobKey("", "Made", sha_of(PLAIN))), ArtifactUnreadable)


@pytest.mark.parametrize("raw", [True, False])
def test_the_limit_is_on_what_is_given(tmp_path: Path, raw: bool) -> None:
    stored = PLAIN if raw else gzip.compress(PLAIN)
    asked = store(tmp_path, stored, sha_of(PLAIN), {"cas_raw": raw, "cas_version": 1})
    assert blob(tmp_path, asked, len(PLAIN)) == PLAIN
    assert isinstance(blob(tmp_path, asked, len(PLAIN) - 1), ArtifactTooLarge)


def test_a_limit_holds_for_what_is_remembered(tmp_path: Path) -> None:
    asked = store(tmp_path, gzip.compress(PLAIN), sha_of(PLAIN))
    datastore = LocalDatastore(tmp_path)
    assert one(lambda: datastore.blobs([asked], LIMIT, LIMIT)) == PLAIN
    assert opened(lambda: datastore.blobs([asked], LIMIT, LIMIT)) == 0
    assert isinstance(one(lambda: datastore.blobs([asked], 10, LIMIT)), ArtifactTooLarge)


def test_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert isinstance(blob(tmp_path, store(tmp_path, bomb, "0" * 40)), ArtifactTooLarge)


def test_a_large_blob_streams_in_little_memory(tmp_path: Path) -> None:
    size, block = 64 * 2**20, bytes(2**20)
    digest = hashlib.sha1()
    for _ in range(size // len(block)):
        digest.update(block)
    asked = store(tmp_path, gzip.compress(bytes(size), 1), digest.hexdigest())

    async def length() -> int:
        return sum([len(chunk) async for chunk in LocalDatastore(tmp_path).stream(asked)])

    tracemalloc.start()
    try:
        assert asyncio.run(length()) == size
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_a_blob_that_a_thread_is_reading_is_closed_as_it_leaves(tmp_path: Path) -> None:
    asked = store(tmp_path, gzip.compress(PLAIN), sha_of(PLAIN))
    base = os.path.realpath(tmp_path / ".metaflow")
    readers: list[BlobReader] = []
    begun, given_up = Event(), Event()

    def opened() -> BlobReader:
        begun.set()
        given_up.wait()
        readers.append(BlobReader(base, f"{base}/{asked.path}", asked.sha, packed=True))
        return readers[0]

    reading = Reading(opened)
    with ThreadPoolExecutor(1) as threads:
        read = threads.submit(reading.next)
        begun.wait()
        reading.close()
        given_up.set()
        assert read.result() == PLAIN
    assert [reader.exists for reader in readers] == [False]
    assert reading.next() == b""


@pytest.mark.parametrize("sha", ["../../secret", "", "A" * 40, "0" * 39, "/etc/passwd"])
def test_a_key_that_is_no_digest_is_not_looked_for(tmp_path: Path, sha: str) -> None:
    assert isinstance(blob(tmp_path, BlobKey("", "Made", sha)), ArtifactUnreadable)


@pytest.mark.parametrize("root", ["s3://bucket/prefix", "azure://x", "file:///etc"])
def test_other_datastores_are_not_local(tmp_path: Path, root: str) -> None:
    asked = store(tmp_path, gzip.compress(PLAIN), sha_of(PLAIN))
    assert isinstance(blob(tmp_path, asked._replace(root=root)), ArtifactUnreadable)


@pytest.mark.parametrize("what", ["symlink", "pipe", "folder"])
def test_what_is_no_file_of_the_store_is_not_read(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, what: str
) -> None:
    asked = store(tmp_path, gzip.compress(PLAIN), sha_of(PLAIN))
    path = tmp_path / ".metaflow" / "Made" / "data" / asked.sha[:2] / asked.sha
    secret = tmp_path_factory.mktemp("outside") / "secret"
    path.rename(secret)
    {"symlink": lambda: path.symlink_to(secret), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir}[what]()
    assert isinstance(blob(tmp_path, asked), ArtifactUnreadable)


def test_an_attempt_without_data_has_no_infos(runs: Runs) -> None:
    pathspec = f"{runs['linear'].pathspec}/start/1"
    asked = [InfoKey("default", "", pathspec, 5), InfoKey("default", "", "LinearFlow/9/start/1", 0)]
    assert ask(lambda: LocalDatastore(runs.root).infos(asked)) == [None, None]


def test_a_damaged_data_file_costs_the_infos(tmp_path: Path) -> None:
    path = tmp_path / ".metaflow" / "Made/1/start/1/0.data.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"info": {"x"')
    error = one(lambda: LocalDatastore(tmp_path).infos([InfoKey("default", "", "Made/1/start/1", 0)]))
    assert isinstance(error, CorruptMetadata)
    assert "attempt 0" in str(error)
    assert "Made/1/start/1" in str(error)


def include(root: Path, content: bytes, flow: str = "Made") -> str:
    """Put a file where IncludeFile puts it under its root; the URL that it records."""
    path = root / flow / sha_of(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content))
    return f"local://{path}"


def included(datastore: LocalDatastore, url: str) -> bytes | GatewayError:
    return one(lambda: datastore.included_files([url], LIMIT))


@pytest.mark.parametrize("folder", ["data", ".metaflow/data"])
def test_included_files_are_read_at_both_places(tmp_path: Path, folder: str) -> None:
    url = include(tmp_path / folder, PLAIN)
    assert included(LocalDatastore(tmp_path), url) == PLAIN


def test_included_files_are_read_where_they_were_configured_to_be(tmp_path: Path) -> None:
    url = include(tmp_path / "elsewhere", PLAIN)
    assert included(LocalDatastore(tmp_path, tmp_path / "elsewhere"), url) == PLAIN
    assert isinstance(included(LocalDatastore(tmp_path), url), ArtifactUnreadable)


def test_included_files_of_a_moved_tree_are_found(tmp_path: Path) -> None:
    url = include(tmp_path / "old" / "data", PLAIN)
    shutil.move(tmp_path / "old", tmp_path / "new")
    assert included(LocalDatastore(tmp_path / "new"), url) == PLAIN


def test_included_files_of_a_real_run_are_read(runs: Runs) -> None:
    found = [path for path in (runs.root / "data").rglob("*") if len(path.name) == 40]
    urls = [f"local://{path}" for path in found]
    read = ask(lambda: LocalDatastore(runs.root).included_files(urls, LIMIT))
    assert [sha_of(content) for content in read if isinstance(content, bytes)] == [path.name for path in found]
    assert len(read) > 0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "local://",
        "local:///etc/passwd",
        "s3://bucket/data/Made/" + "0" * 40,
        "local:///s/data/../" + "0" * 40,
        "local:///s/data/Made/" + "0" * 40,
        "local:///s/data/Ma*de/" + "0" * 40,
    ],
)
def test_other_urls_are_not_followed(tmp_path: Path, url: str) -> None:
    error = included(LocalDatastore(tmp_path), url)
    assert isinstance(error, ArtifactUnreadable)
    assert str(tmp_path) not in str(error)


def test_no_root_has_no_bytes() -> None:
    datastore = LocalDatastore(None)
    assert isinstance(one(lambda: datastore.blobs([BlobKey("", "Made", "0" * 40)], LIMIT, LIMIT)), ArtifactUnreadable)
    assert isinstance(included(datastore, "local:///Made/" + "0" * 40), ArtifactUnreadable)
    assert one(lambda: datastore.infos([InfoKey("default", "", "Made/1/start/1", 0)])) is None


def test_infos_are_read_once(runs: Runs) -> None:
    asked = InfoKey("default", "", f"{runs['linear'].pathspec}/start/1", 0)
    datastore = LocalDatastore(runs.root)
    assert opened(lambda: datastore.infos([asked])) == 1
    assert opened(lambda: datastore.infos([asked])) == 0


def test_a_data_file_may_hold_more_than_is_read(tmp_path: Path) -> None:
    path = tmp_path / ".metaflow" / "Made/1/start/1/0.data.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"info": {"x": {"size": 5, "serializer_info": {"source": "y"}}}, "objects": []}))
    found = one(lambda: LocalDatastore(tmp_path).infos([InfoKey("default", "", "Made/1/start/1", 0)]))
    assert found == {"x": records.ArtifactInfo(5, None)}
