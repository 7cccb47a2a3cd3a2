"""What Metaflow itself stores in S3, with its metadata in a folder, is read as Metaflow's own client reads it."""

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import s3
from local_trees import key
from metaflow_graphql.providers import mflog, records
from metaflow_graphql.providers.artifacts import Artifacts, ValueKey, value_key
from metaflow_graphql.providers.base import Datastore, FileKey, FileStatus, InfoKey, PartKey
from metaflow_graphql.providers.datastores import Datastores
from metaflow_graphql.providers.local.provider import LocalProvider
from running import FLOWS, environment

FILES = ("--notes", str(FLOWS / "notes.txt"), "--picture", str(FLOWS / "picture.bin"))
CLIENT = """
import base64, json, sys
import metaflow

def shown(value):
    return base64.b64encode(value).decode() if isinstance(value, bytes) else dict(value)

metaflow.namespace(None)
(run,) = metaflow.Flow(sys.argv[1])
print(json.dumps({
    task.pathspec: {
        "stdout": task.stdout,
        "artifacts": {one.id: {"sha": one.sha, "size": one.size, "data": one.data} for one in task.artifacts},
    }
    for step in run for task in step
}, default=shown))
"""


class Stored(NamedTuple):
    """A run that Metaflow stored in S3, its metadata in `folder`, and what the client says of its tasks."""

    server: s3.Server
    folder: Path
    tasks: dict[str, Any]


@pytest.fixture(scope="module", params=["LinearFlow", "ParametersFlow"])
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stored]:
    folder = tmp_path_factory.mktemp("runs")
    script, arguments = {"LinearFlow": ("linear.py", ()), "ParametersFlow": ("parameters.py", FILES)}[request.param]
    with s3.serving() as server:
        variables = environment(folder, **server.environment)

        def done(*command: str) -> str:
            ran = subprocess.run([sys.executable, *command], env=variables, cwd=folder, capture_output=True, text=True)
            assert ran.returncode == 0, ran.stdout + ran.stderr
            return ran.stdout

        done(str(FLOWS / script), "--no-pylint", "--quiet", "run", *arguments)
        yield Stored(server, folder, json.loads(done("-c", CLIENT, request.param)))


async def artifacts_of(local: LocalProvider, tasks: list[str]) -> list[records.DataArtifact]:
    found = await local.artifacts_of([key(task) for task in tasks])
    known = [one for of_task in found if isinstance(of_task, list) for one in of_task]
    return [one for one in known if isinstance(one, records.DataArtifact)]


def by_pathspec(stored: Stored, what: str) -> dict[str, Any]:
    """What the client says of each artifact."""
    return {
        f"{task}/{name}": artifact[what]
        for task, said in stored.tasks.items()
        for name, artifact in said["artifacts"].items()
    }


def test_values_are_those_of_the_client(stored: Stored) -> None:
    async def values(of_s3: Datastore) -> dict[str, Any]:
        local = LocalProvider("default", stored.folder)
        keys = list(map(value_key, await artifacts_of(local, list(stored.tasks))))
        read = await Artifacts().reader(Datastores(local.datastore, of_s3)).values(keys)
        return dict(zip([one.pathspec for one in keys], read, strict=True))

    assert stored.server.ask(values) == by_pathspec(stored, "data")


def test_values_cost_a_request_for_each_content(stored: Stored) -> None:
    async def keys_read(of_s3: Datastore) -> list[ValueKey]:
        local = LocalProvider("default", stored.folder)
        plain = [one for one in await artifacts_of(local, list(stored.tasks)) if one.name not in ("notes", "picture")]
        keys = list(map(value_key, plain))
        await Artifacts().reader(of_s3).values(keys)
        return keys

    with s3.counted() as spent:
        keys = stored.server.ask(keys_read)
    assert spent.requests == {"s3 GetObject": len({one.blob.sha for one in keys})}


def test_sizes_are_those_of_the_client(stored: Stored) -> None:
    async def sizes(datastore: Datastore) -> dict[str, int | None]:
        infos = await datastore.infos([InfoKey("default", s3.ROOT, task, 0) for task in stored.tasks])
        return {
            f"{task}/{name}": info.size
            for task, of_task in zip(stored.tasks, infos, strict=True)
            if isinstance(of_task, dict)
            for name, info in of_task.items()
            if not name.startswith("_") and name not in ("notes", "picture")
        }

    said = by_pathspec(stored, "size")
    assert stored.server.ask(sizes) == {
        pathspec: size for pathspec, size in said.items() if not pathspec.endswith(("/notes", "/picture"))
    }


def test_logs_are_those_of_the_client(stored: Stored) -> None:
    async def texts(datastore: Datastore) -> dict[str, str]:
        files = [FileKey("default", s3.ROOT, f"{task}/0.runtime_stdout.log") for task in stored.tasks]
        statuses = [one for one in await datastore.file_statuses(files) if isinstance(one, FileStatus)]
        parts = await datastore.file_parts(
            [PartKey(file, 0, status.size) for file, status in zip(files, statuses, strict=True)]
        )
        return {task: text_of(part) for task, part in zip(stored.tasks, parts, strict=True)}

    assert stored.server.ask(texts) == {task: said["stdout"] for task, said in stored.tasks.items()}


def text_of(log: object) -> str:
    assert isinstance(log, bytes)
    return "".join(f"{mflog.parsed(line)[1].decode()}\n" for line in log.splitlines())
