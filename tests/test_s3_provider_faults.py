"""A datastore without metadata, and S3 in trouble; and as people ask it, on the command line."""

import gzip
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Generator
from contextvars import copy_context
from pathlib import Path

import pytest

import faults
import s3
from faults import Fault
from metaflow_graphql.providers import usage
from metaflow_graphql.providers.base import Key
from metaflow_graphql.providers.errors import Busy
from metaflow_graphql.providers.room import Room
from metaflow_graphql.providers.s3.client import S3Client
from metaflow_graphql.providers.s3.datastore import S3Datastore
from metaflow_graphql.providers.s3.provider import S3Provider
from metaflow_graphql.providers.s3.settings import S3Settings
from s3_trees import MICROSECONDS, PRE, errors_of, put_done, put_run, sha_of


@pytest.fixture(scope="module")
def server() -> Generator[s3.Server]:
    with s3.serving() as server:
        yield server


def provider(url: str, root: str = s3.ROOT) -> S3Provider:
    """One of a client that does not try for long."""
    client = S3Client(S3Settings(endpoint_url=url, client_params=s3.KEYS, tries=1, seconds=5))
    return S3Provider("default", root, S3Datastore(client, [root]))


BROKEN = '{ serverInfo { version } flows { totalCount } run(pathspec: "Made/1") { runId } }'


def told_of(server: s3.Server, over: S3Provider) -> list[tuple[list[str | int], str, str, object]]:
    try:
        return sorted(errors_of(server.answer(BROKEN, over)))
    finally:
        server.loop.run(over.close())


def test_a_bucket_that_is_not_there_is_told_of_where_it_is_asked_for(server: s3.Server) -> None:
    message = "The datastore can't be listed. The bucket in S3 that it is stored in does not exist."
    assert told_of(server, provider(server.url, "s3://no-such-bucket/x")) == [
        (["flows"], message, "PROVIDER_ERROR", False),
        (["run"], message, "PROVIDER_ERROR", False),
    ]


# what becomes of each request: the error
TROUBLES = {
    Fault.FORBIDDEN: ("The datastore can't be listed. The gateway may not read it in S3.", "PROVIDER_ERROR", False),
    Fault.RESET: ("S3 did not answer; try again.", "PROVIDER_UNAVAILABLE", True),
    Fault.BUSY: ("S3 did not answer; try again.", "PROVIDER_UNAVAILABLE", True),
    Fault.HTML: ("S3 did not answer; try again.", "PROVIDER_UNAVAILABLE", True),
}


@pytest.mark.parametrize("fault", TROUBLES)
def test_s3_in_trouble_is_told_of_where_it_is_asked(server: s3.Server, fault: Fault) -> None:
    with faults.spoiled(server.url, faults.always(fault)) as proxy:
        found = told_of(server, provider(proxy.url))
    assert found == [(["flows"], *TROUBLES[fault]), (["run"], *TROUBLES[fault])]


def test_a_place_in_a_foreach_that_there_is_no_room_to_read_is_not_called_corrupt(server: s3.Server) -> None:
    stack, task = [("loop", "x", 2, 0)], f"Made/{MICROSECONDS}/loop/3"
    put_done(server, task, _foreach_stack=stack)
    sha = sha_of(stack)
    whole = {"cas_raw": False, "cas_version": 1}
    server.put(f"{PRE}/Made/data/{sha[:2]}/{sha}", gzip.compress(pickle.dumps(stack, 4)), whole)
    over = provider(server.url)

    async def read() -> list[object]:
        full = Room(1)
        full.share(None).take(1)
        usage.current.set(usage.Usage(share=full.share(None)))
        return [*await over.for_operation().metadata_of([Key("default", task)])]

    (found,) = server.loop.run(read(), context=copy_context())
    server.loop.run(over.close())
    assert type(found) is Busy


def test_the_command_line_reads_a_datastore_by_metaflows_settings(server: s3.Server, tmp_path: Path) -> None:
    run = put_run(server, f"Made/{MICROSECONDS}")
    command = [sys.executable, "-m", "metaflow_graphql", "query", "--metadata", f"x=s3@{s3.ROOT}"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("METAFLOW_", "AWS_"))}
    done = subprocess.run(
        [*command, "{ runs { nodes { pathspec status } } metadataProviders { name type info } }"],
        env={**kept, **server.environment, "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "data": {
            "runs": {"nodes": [{"pathspec": run, "status": "SUCCEEDED"}]},
            "metadataProviders": [{"name": "x", "type": "s3", "info": s3.ROOT}],
        }
    }
