"""A gateway in a process of its own, and a client that keeps its connection."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class Gateway:
    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = HTTPConnection(urlsplit(url).netloc)
        self._connection.connect()

    def answer(self, query: str, **more: Any) -> bytes:
        """The answer as it was sent; it must have no errors."""
        body = json.dumps({"query": query, **more})
        self._connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse().read()
        if not answer.startswith(b'{"data":'):
            sys.exit(answer.decode())
        return answer

    def close(self) -> None:
        self._connection.close()


@contextmanager
def serving(runs: Path | str) -> Generator[Gateway]:
    """A gateway over a folder, or other metadata (TYPE@INFO), that has just been started, and answered nothing yet."""
    metadata = f"local@{runs}" if isinstance(runs, Path) else runs
    command = [sys.executable, "-m", "metaflow_graphql", "serve", "--port", "0", "--metadata", f"runs={metadata}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            gateway = Gateway(process.stdout.readline().split()[2])
            yield gateway
            gateway.close()
        finally:
            process.terminate()
