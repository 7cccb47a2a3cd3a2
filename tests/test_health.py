"""Whether the process lives, and whether its providers answer."""

import socket
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from time import monotonic

import httpx
import pytest
from aiohttp import web

from gateways import serving
from local_trees import put_run
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.providers.local.root import find_root
from metaflow_graphql.providers.service.provider import ServiceProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.app import application
from serving import served
from upstreams import asking, in_a_loop, said


@pytest.fixture
def nobody() -> str:
    """The URL of a service that does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_process_lives(tmp_path: Path) -> None:
    with serving(tmp_path) as gateway:
        answer = httpx.get(f"{gateway.url}/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("runs", [0, 1])
def test_it_is_ready_as_long_as_its_providers_answer(tmp_path: Path, runs: int) -> None:
    for number in range(runs):
        put_run(tmp_path, str(number))
    with serving(tmp_path, "--metadata", f"other=local@{tmp_path}") as gateway:
        answers = [httpx.get(f"{gateway.url}/readyz") for _ in range(2)]
    expected = (200, {"status": "ok", "providers": {"default": "ok", "other": "ok"}})
    assert [(answer.status_code, answer.json()) for answer in answers] == [expected] * 2
    assert [answer.headers["cache-control"] for answer in answers] == ["no-store"] * 2


def readiness(url: str) -> tuple[int, dict[str, str]]:
    answer = httpx.get(f"{url}/readyz")
    return answer.status_code, answer.json()["providers"]


def without_folder(root: Path) -> None:
    root.rmdir()


def with_a_file_instead(root: Path) -> None:
    (root / ".metaflow").touch()


def with_a_link_to_a_disk_that_is_gone(root: Path) -> None:
    (root / ".metaflow").symlink_to(root / "gone")


@pytest.mark.parametrize("spoil", [without_folder, with_a_file_instead, with_a_link_to_a_disk_that_is_gone])
def test_a_folder_that_can_not_be_listed_is_not_ready(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    (tmp_path / "runs").mkdir()
    with serving(tmp_path, "--metadata", f"runs=local@{tmp_path}/runs") as gateway:
        before = readiness(gateway.url)
        spoil(tmp_path / "runs")
        time.sleep(1)  # an answer is kept for so long
        after = readiness(gateway.url)
    assert before == (200, {"default": "ok", "runs": "ok"})
    assert after == (503, {"default": "ok", "runs": "unavailable"})


def test_where_no_folder_is_named_the_first_flow_will_make_one(tmp_path: Path) -> None:
    gateway = Gateway({"default": LocalProvider("default", find_root(None, tmp_path))}, "default")
    with served(application(schema, gateway)) as client:
        assert readiness(str(client.base_url)) == (200, {"default": "ok"})


@in_a_loop
async def test_a_provider_is_asked_once_a_second_at_the_most() -> None:
    asked: list[float] = []
    told: set[int] = set()

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path == "/flows/Metaflow/runs/0":
            asked.append(monotonic())
        return said(status=404)

    async with asking(answer) as service:
        gateway = Gateway({"team": ServiceProvider("team", service, LocalDatastore(None))}, "team")
        transport = httpx.ASGITransport(application(schema, gateway))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            until = monotonic() + 2.5
            while monotonic() < until:
                told.add((await client.get("/readyz")).status_code)
        await gateway.close()
    between = [after - before for before, after in pairwise(asked)]
    assert (told, len(between) >= 1, [seconds for seconds in between if seconds < 1]) == ({200}, True, [])


def test_who_does_not_answer_is_named_and_nothing_else_of_it(tmp_path: Path, nobody: str) -> None:
    with serving(tmp_path, "--metadata", f"team=service@{nobody}") as gateway:
        ready, lives = (httpx.get(f"{gateway.url}/{path}", timeout=30) for path in ("readyz", "healthz"))
    told = {"status": "unavailable", "providers": {"default": "ok", "team": "unavailable"}}
    assert (ready.status_code, ready.json(), lives.status_code) == (503, told, 200)
    assert ready.headers["cache-control"] == "no-store"
    assert nobody.rpartition(":")[2] not in str(ready.headers)
