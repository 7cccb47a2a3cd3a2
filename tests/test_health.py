"""Whether the process lives, and whether its providers answer."""

import socket
from pathlib import Path

import httpx
import pytest

from gateways import serving
from local_trees import put_run


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


def test_who_does_not_answer_is_named_and_nothing_else_of_it(tmp_path: Path, nobody: str) -> None:
    with serving(tmp_path, "--metadata", f"team=service@{nobody}") as gateway:
        ready, lives = (httpx.get(f"{gateway.url}/{path}", timeout=30) for path in ("readyz", "healthz"))
    told = {"status": "unavailable", "providers": {"default": "ok", "team": "unavailable"}}
    assert (ready.status_code, ready.json(), lives.status_code) == (503, told, 200)
    assert ready.headers["cache-control"] == "no-store"
    assert nobody.rpartition(":")[2] not in str(ready.headers)
