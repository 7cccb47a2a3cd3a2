"""Starts the gateway over the demo's runs and asks it one query: python examples/demo.py DIR [--once]."""

import argparse
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

QUERY = Path(__file__).parent / "queries/from-run-to-artifact.graphql"
STARTS_WITHIN = 30  # seconds


def free_port(preferred: int = 8080) -> int:
    for port in (preferred, 0):
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                server.bind(("127.0.0.1", port))
            except OSError:
                continue
            return server.getsockname()[1]
    raise OSError("no port is free")


def get(url: str, body: object = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return response.read()


def answers(url: str) -> bool:
    try:
        get(f"{url}/healthz")
    except urllib.error.URLError:
        return False
    return True


@contextmanager
def gateway(root: Path) -> Generator[str]:
    """The URL of a gateway over the runs in `root`, which is stopped in the end."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = Path(sys.executable).with_name("metaflow-graphql")
    command = [program, "serve", "--port", str(port), "--metadata", f"demo=local@{root.resolve()}"]
    # In a group of its own: Ctrl-C is for us, and we stop it.
    with subprocess.Popen(command, process_group=0) as server:
        try:
            end = time.monotonic() + STARTS_WITHIN
            while not answers(url):
                if server.poll() is not None or time.monotonic() > end:
                    sys.exit(f"the gateway did not start at {url}")
                time.sleep(0.05)
            yield url
        finally:
            server.terminate()


def show(url: str) -> None:
    query = QUERY.read_text()
    answer: Any = json.loads(get(f"{url}/graphql", {"query": query}))
    print(query, json.dumps(answer, indent=2, ensure_ascii=False), sep="\n", flush=True)
    if "errors" in answer or None in answer["data"].values():
        sys.exit("the query was not answered in full")


def stop(*_: object) -> None:
    sys.exit()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("root", type=Path, help="the folder with the runs")
    arguments.add_argument("--once", action="store_true", help="end after the answer")
    given = arguments.parse_args()
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, stop)
    with gateway(given.root) as url:
        show(url)
        if given.once:
            return
        print(f"\nThe gateway is at {url}/graphql: open it in a browser. Ctrl-C ends it.", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
