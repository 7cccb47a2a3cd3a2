"""What lies in S3 is answered as the same in a folder is, with the requests that it takes."""

import hashlib
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any, TypeVar

import pytest

import s3
from local_trees import ask, key, provider
from metaflow_graphql.providers import records
from metaflow_graphql.providers.base import BlobKey, Datastore, FileKey, FileStatus, InfoKey, PartKey
from metaflow_graphql.providers.local.datastore import LocalDatastore
from running import Runs

T = TypeVar("T")

FLOWS = ("LinearFlow", "ParametersFlow", "RetryFlow", "ValuesFlow", "mf.cards")


@pytest.fixture(scope="module")
def server(runs: Runs) -> Generator[s3.Server]:
    with s3.serving() as server:
        server.upload(runs.datastore, "pre/fix", FLOWS)
        server.upload(runs.root / "data", "pre/fix/data")
        yield server


def both(server: s3.Server, runs: Runs, question: Callable[[Datastore, str], Awaitable[T]]) -> tuple[T, T]:
    """The answers of S3 and of the folder; the question is asked with the root of each."""
    of_s3 = server.ask(lambda datastore: question(datastore, s3.ROOT))
    return of_s3, ask(lambda: question(LocalDatastore(runs.root), str(runs.datastore)))


def blobs_of(runs: Runs, oracle: dict[str, Any]) -> list[BlobKey]:
    """All artifacts of the flows that are in S3; the root is to be replaced."""
    local = provider(runs.root)
    tasks = [key(path) for path in oracle["objects"] if path.count("/") == 3 and path.startswith(FLOWS)]
    found = ask(lambda: local.artifacts_of([task for task in tasks if "@" not in task.pathspec]))
    known = [one for of_task in found if isinstance(of_task, list) for one in of_task]
    keys = [BlobKey("", one.path_components[0], one.sha) for one in known if isinstance(one, records.DataArtifact)]
    return list(dict.fromkeys(keys))


def test_blobs_are_those_of_the_folder_and_cost_a_request_each(
    server: s3.Server, runs: Runs, oracle: dict[str, Any]
) -> None:
    keys = blobs_of(runs, oracle)
    with s3.counted() as spent:
        of_s3, of_folder = both(
            server,
            runs,
            lambda datastore, root: datastore.blobs([one._replace(root=root) for one in keys], 10**8, 10**9),
        )
    assert of_s3 == of_folder
    assert [content for content in of_s3 if not isinstance(content, bytes)] == []
    assert spent.requests == {"s3 GetObject": len(keys)}
    assert len(keys) > 100


def test_a_code_package_is_that_of_the_folder(server: s3.Server, runs: Runs) -> None:
    package = next(
        path
        for path in sorted((runs.datastore / "LinearFlow/data").rglob("*"))
        if path.with_name(f"{path.name}_meta").exists() and b"true" in path.with_name(f"{path.name}_meta").read_bytes()
    )

    async def question(datastore: Datastore, root: str) -> list[object]:
        asked = BlobKey(root, "LinearFlow", package.name, raw=True)
        whole = await datastore.blobs([asked, asked._replace(raw=False)], 10**8, 10**9)
        return [*whole, b"".join([chunk async for chunk in datastore.stream(asked)])]

    of_s3, of_folder = both(server, runs, question)
    assert of_s3 == of_folder == [package.read_bytes()] * 3


def test_infos_are_those_of_the_folder(server: s3.Server, runs: Runs) -> None:
    tasks = [f"{runs['linear'].pathspec}/{step}" for step in ("start/1", "end/3", "end/9")]
    with s3.counted() as spent:
        of_s3, of_folder = both(
            server, runs, lambda datastore, root: datastore.infos([InfoKey("default", root, task, 0) for task in tasks])
        )
    assert of_s3 == of_folder
    assert [type(info) for info in of_s3] == [dict, dict, type(None)]
    assert spent.requests == {"s3 GetObject": 3}


def test_infos_and_small_blobs_are_read_once(server: s3.Server, runs: Runs) -> None:
    info = InfoKey("default", s3.ROOT, f"{runs['linear'].pathspec}/start/1", 0)
    blob = next(path for path in (runs.datastore / "LinearFlow/data").rglob("*") if path.stat().st_size < 1000)
    asked = BlobKey(s3.ROOT, "LinearFlow", blob.name.removesuffix("_meta"))

    async def twice(datastore: Datastore) -> bool:
        first = await datastore.infos([info]), await datastore.blobs([asked], 10**6, 10**6)
        return first == (await datastore.infos([info]), await datastore.blobs([asked], 10**6, 10**6))

    with s3.counted() as spent:
        assert server.ask(twice)
    assert spent.requests == {"s3 GetObject": 2}


def log(runs: Runs, name: str, root: str = s3.ROOT) -> FileKey:
    return FileKey("default", root, f"{runs['linear'].pathspec}/start/1/{name}")


@pytest.mark.parametrize("part", [(0, 10**6), (5, 20), (10**6, 10), (3, 0), (0, 1)])
def test_parts_of_files_are_those_of_the_folder(server: s3.Server, runs: Runs, part: tuple[int, int]) -> None:
    names = ("0.runtime_stdout.log", "0.runtime_stderr.log", "0.task_stdout.log")
    of_s3, of_folder = both(
        server,
        runs,
        lambda datastore, root: datastore.file_parts([PartKey(log(runs, name, root), *part) for name in names]),
    )
    assert of_s3 == of_folder
    assert [type(content) for content in of_s3] == [bytes, bytes, type(None)]


def test_sizes_of_files_are_those_of_the_folder(server: s3.Server, runs: Runs) -> None:
    names = ("0.runtime_stdout.log", "0.runtime_stderr.log", "0.task_stdout.log")
    with s3.counted() as spent:
        of_s3, of_folder = both(
            server, runs, lambda datastore, root: datastore.file_statuses([log(runs, name, root) for name in names])
        )
    assert [one.size if isinstance(one, FileStatus) else one for one in of_s3] == [
        one.size if isinstance(one, FileStatus) else one for one in of_folder
    ]
    assert of_s3[2] is None
    assert spent.requests == {"s3 HeadObject": 3}


def cards_of(runs: Runs, task: str, root: str = s3.ROOT) -> FileKey:
    flow, run_id = runs["cards"].pathspec.split("/")
    step, task_id = task.split("/")
    return FileKey("default", root, f"mf.cards/{flow}/runs/{run_id}/steps/{step}/tasks/{task_id}/cards")


def test_names_of_files_are_those_of_the_folder(server: s3.Server, runs: Runs) -> None:
    of_s3, of_folder = both(
        server,
        runs,
        lambda datastore, root: datastore.file_names([cards_of(runs, task, root) for task in ("start/1", "end/9")]),
    )
    assert of_s3 == of_folder
    assert [len(names) > 1 if isinstance(names, list) else names for names in of_s3] == [True, False]


def test_a_folder_of_cards_tells_their_sizes_with_their_names(server: s3.Server, runs: Runs) -> None:
    folder = cards_of(runs, "start/1")

    async def listed(datastore: Datastore) -> list[object]:
        (names,) = await datastore.file_names([folder])
        assert isinstance(names, list)
        files = [folder._replace(path=f"{folder.path}/{name}") for name in names]
        return [*await datastore.file_statuses(files)]

    paths = sorted(Path(runs.datastore, folder.path).iterdir())

    async def alone(datastore: Datastore) -> list[object]:
        files = [folder._replace(path=f"{folder.path}/{path.name}") for path in paths]
        return [*await datastore.file_statuses(files)]

    with s3.counted() as spent:
        found = server.ask(listed)
    assert spent.requests == {"s3 ListObjectsV2": 1}
    assert found == server.ask(alone)


def test_what_one_listing_told_no_other_operation_believes(server: s3.Server) -> None:
    folder = FileKey("default", s3.ROOT, "mf.cards/Made/1")
    file = folder._replace(path=f"{folder.path}/one.html")
    server.put("pre/fix/mf.cards/Made/1/one.html", b"1")

    async def question(datastore: Datastore) -> list[object]:
        with s3.counted():
            await datastore.file_names([folder])
        server.put("pre/fix/mf.cards/Made/1/one.html", b"22")
        with s3.counted():
            return [one.size for one in await datastore.file_statuses([file]) if isinstance(one, FileStatus)]

    assert server.ask(question) == [2]


def test_a_file_that_was_written_anew_has_another_version(server: s3.Server) -> None:
    file = FileKey("default", s3.ROOT, "Made/1/log")
    versions = set[str]()
    for content in (b"one", b"two", b"two and"):
        server.put("pre/fix/Made/1/log", content)
        (status,) = server.ask(lambda datastore: datastore.file_statuses([file]))
        assert isinstance(status, FileStatus)
        versions.add(status.version)
    assert len(versions) == 3


def test_a_folder_of_more_than_a_page_is_listed_whole(server: s3.Server) -> None:
    names = sorted(f"{number}.html" for number in range(1001))
    for name in names:
        server.put(f"pre/fix/Many/{name}", b"")
    server.put("pre/fix/Many/", b"")
    server.put("pre/fix/Many/below/x", b"")
    server.put("pre/fix/Manyfold", b"")
    with s3.counted() as spent:
        found = server.ask(lambda datastore: datastore.file_names([FileKey("default", s3.ROOT, "Many")]))
    assert found == [names]
    assert spent.requests == {"s3 ListObjectsV2": 2}


def included_of(runs: Runs) -> list[Path]:
    return sorted(path for path in (runs.root / "data").rglob("*") if len(path.name) == 40)


def test_included_files_are_those_of_the_folder(server: s3.Server, runs: Runs) -> None:
    paths = [path.relative_to(runs.root).as_posix() for path in included_of(runs)]
    urls = [f"{s3.ROOT}/{path}" for path in paths]

    async def streamed(datastore: Datastore) -> list[bytes]:
        return [b"".join([chunk async for chunk in datastore.included_stream(url)]) for url in urls]

    with s3.counted() as spent:
        found = server.ask(lambda datastore: datastore.included_files(urls, 10**6))
    of_folder = ask(lambda: LocalDatastore(runs.root).included_files([f"local:///x/{path}" for path in paths], 10**6))
    assert found == of_folder == server.ask(streamed)
    assert [hashlib.sha1(content).hexdigest() for content in found if isinstance(content, bytes)] == [
        path.name for path in included_of(runs)
    ]
    assert spent.requests == {"s3 GetObject": len(urls)}


def test_included_files_are_read_where_they_were_configured_to_be(server: s3.Server, runs: Runs) -> None:
    path = included_of(runs)[0]
    server.put(f"tools/Made/{path.name}", path.read_bytes())
    url = f"s3://{s3.BUCKET}/tools/Made/{path.name}"
    (refused,) = server.ask(lambda datastore: datastore.included_files([url], 10**6))
    (found,) = server.ask(
        lambda datastore: datastore.included_files([url], 10**6),
        datatools_roots=[f"s3://{s3.BUCKET}/tools/"],
    )
    assert (str(refused), type(found)) == (
        "It is not under the roots in S3 that the gateway is configured for.",
        bytes,
    )
