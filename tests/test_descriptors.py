"""Connections and files share what a process may open: a flood of the former leaves honest work the latter."""

import resource
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from executors import PROGRAM
from local_trees import put_run
from metaflow_graphql.server.connections.connection import MOST_CONNECTIONS
from metaflow_graphql.server.connections.descriptors import Room, room_among


class Limited(NamedTuple):
    address: tuple[str, int]
    pid: int
    said: Path


@contextmanager
def serving(root: Path, soft: int, hard: int) -> Generator[Limited]:
    """A gateway that may open so many files, over one run; `said`: what it writes to stderr."""
    put_run(root, "1")
    ulimit = f"ulimit -Sn {soft}; ulimit -Hn {hard}; exec " + '"$@"'
    command = ["sh", "-c", ulimit, "sh", *PROGRAM, "serve", "--port", "0", "--metadata", f"default=local@{root}"]
    said = root / "said"
    with said.open("w") as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process:
        try:
            assert process.stdout
            url = httpx.URL(process.stdout.readline().split()[2].decode())
            yield Limited((url.host, url.port or 80), process.pid, said)
        finally:
            process.terminate()


def runs(client: httpx.Client) -> list[str]:
    found = client.post("/graphql", json={"query": "{ runs { nodes { runId } } }"}).json()
    return sorted(run["runId"] for run in found["data"]["runs"]["nodes"])


def is_refused(connection: socket.socket) -> bool:
    """Whether it was told so; one that is served is told nothing."""
    connection.setblocking(False)
    try:
        return connection.recv(12) == b"HTTP/1.1 503"
    except BlockingIOError:
        return False


def test_a_flood_of_idle_connections_leaves_room_for_what_is_asked_on_others(tmp_path: Path) -> None:
    with serving(tmp_path, 128, 256) as gateway, ExitStack() as flood:
        host, port = gateway.address
        with httpx.Client(base_url=f"http://{host}:{port}", timeout=20) as client:
            assert runs(client) == ["1"]
            idle: list[socket.socket] = []
            for number in range(400):
                idle.append(flood.enter_context(socket.create_connection(gateway.address, timeout=20)))
                assert number % 10 or runs(client) == ["1"]
            time.sleep(0.5)
            refused = [is_refused(connection) for connection in idle]
            put_run(tmp_path, "2")  # which has to be read
            assert runs(client) == ["1", "2"]
            assert refused.count(False) == 95  # beside the one that asks
            flood.close()
        with httpx.Client(base_url=f"http://{host}:{port}", timeout=20) as another:
            assert runs(another) == ["1", "2"]
        (line,) = gateway.said.read_text().splitlines()
    assert line.endswith(
        "This process may open 256 files: 96 connections are served at a time, not 2000. Allow it 4096 (ulimit -Hn) "
        "for these."
    )


@pytest.mark.skipif(
    0 <= resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4_096, reason="these tests may not open as many either"
)
def test_the_soft_limit_is_raised_as_far_as_it_is_needed(tmp_path: Path) -> None:
    with serving(tmp_path, 200, 4_096) as gateway:
        assert resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE) == (4_096, 4_096)
        assert gateway.said.read_text() == ""


# files that may be open: the room that they make
ROOMS = {
    64: Room(24, 8, 64),
    256: Room(96, 32, 256),
    1_024: Room(576, 192, 1_024),
    3_000: Room(MOST_CONNECTIONS, 686),
    4_096: Room(),
    1_048_576: Room(),
}


@pytest.mark.parametrize("allowed", ROOMS)
def test_what_may_be_open_is_shared_out(allowed: int) -> None:
    room = room_among(allowed)
    assert room == ROOMS[allowed]
    assert allowed - room.connections - room.waiting >= min(256, allowed // 4)
    assert (room.notice is None) == (room.connections == MOST_CONNECTIONS)
