"""Starts the gateway over the demo's runs and asks it one query: python examples/demo.py DIR [--once]."""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
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
        get(url)
    except urllib.error.URLError:
        return False
    return True


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    """Until the server answers there; ends the program where it does not."""
    end = time.monotonic() + STARTS_WITHIN
    while not answers(url):
        if server.poll() is not None or time.monotonic() > end:
            sys.exit(f"what should answer at {url} did not start")
        time.sleep(0.05)


@contextmanager
def gateway(metadata: str, settings: Mapping[str, str] | None = None) -> Generator[str]:
    """The URL of a gateway over these metadata (TYPE@INFO), which is stopped in the end.

    `settings`: Metaflow's, in its environment.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = Path(sys.executable).with_name("metaflow-graphql")
    command = [program, "serve", "--port", str(port), "--metadata", f"demo={metadata}"]
    # In a group of its own: Ctrl-C is for us, and we stop it.
    with subprocess.Popen(command, process_group=0, env={**os.environ, **(settings or {})}) as server:
        try:
            wait_for(f"{url}/healthz", server)
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


def arguments(description: str | None, *, of_a_folder: bool = True) -> argparse.Namespace:
    """Those of the command line; from now on Ctrl-C and SIGTERM end the program in order."""
    parser = argparse.ArgumentParser(description=description)
    if of_a_folder:
        parser.add_argument("root", type=Path, help="the folder with the runs")
    parser.add_argument("--once", action="store_true", help="end after the answer")
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, stop)
    return parser.parse_args()


def demonstrate(url: str, *, once: bool) -> None:
    """Shows the query and its answer, and, unless it is for once, where to ask others, until Ctrl-C."""
    show(url)
    if not once:
        print(f"\nThe gateway is at {url}/graphql: open it in a browser. Ctrl-C ends it.", flush=True)
        signal.pause()


def main() -> None:
    given = arguments(__doc__)
    with gateway(f"local@{given.root.resolve()}") as url:
        demonstrate(url, once=given.once)


if __name__ == "__main__":
    main()
