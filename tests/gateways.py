"""A gateway in a process of its own, as people run it; and answers of one that is in the tests' own."""

import json
import os
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from executors import PROGRAM
from metaflow_graphql.server.encoding import dumps


def as_sent(answer: dict[str, Any]) -> Any:
    """An answer of Operations as clients get it; its rows may be structs."""
    return json.loads(dumps(answer))


class Gateway:
    """Its address, and a client of it."""

    def __init__(self, url: str, client: httpx.Client) -> None:
        self.url = url
        self.client = client

    def answer(self, query: str, **parameters: Any) -> dict[str, Any]:
        """The whole answer, with its errors."""
        return self.client.post("/graphql", json={"query": query, **parameters}).json()

    def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """What it answers; it must have no errors."""
        answer = self.answer(query, variables=variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def usage(self, query: str, **variables: Any) -> dict[str, Any]:
        """What the query cost upstream: `calls` by method, and `fileReads`."""
        answer = self.answer(query, variables=variables, extensions={"usage": True})
        assert "errors" not in answer, answer["errors"]
        return answer["extensions"]["usage"]


@contextmanager
def serving(
    root: Path, *options: str, metadata: str = "", settings: Mapping[str, str] | None = None
) -> Generator[Gateway]:
    """A gateway started in a folder, over its runs or over other `metadata` (TYPE@INFO); SIGTERM ends it.

    `settings`: Metaflow's, in its environment.
    """
    command = [*PROGRAM, "serve", "--port", "0", "--metadata", f"default={metadata or f'local@{root}'}", *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("METAFLOW_")}
    environment |= settings or {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=root) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().split()[2].removesuffix("/graphql")
            with httpx.Client(base_url=url, timeout=60) as client:
                yield Gateway(url, client)
        finally:
            process.terminate()
