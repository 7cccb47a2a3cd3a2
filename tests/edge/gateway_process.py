"""A gateway in a process of its own, whose memory is looked at, and another client of it, whose waiting is."""

import multiprocessing
import os
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from executors import PROGRAM

from .hostile import sent
from .socket_client import Client

_PAUSE = 0.005
TRIVIAL = sent("{ __typename }")


class Process(NamedTuple):
    url: str
    pid: int

    def memory(self) -> float:
        """MiB that it holds."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20

    def computed(self) -> float:
        """Seconds that it has computed, by its own clock (Linux has one for each process: clock_getcpuclockid(3))."""
        return time.clock_gettime((~self.pid << 3) | 2)


class Asked(NamedTuple):
    """Seconds of the monotonic clock, which all processes share."""

    began: float
    ended: float


@contextmanager
def serving(root: Path) -> Generator[Process]:
    """The gateway over a local tree, as people start it."""
    command = [*PROGRAM, "serve", "--port", "0", "--metadata", f"default=local@{root}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("METAFLOW_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=root) as process:
        try:
            assert process.stdout
            yield Process(process.stdout.readline().split()[2].removesuffix("/graphql"), process.pid)
        finally:
            process.terminate()


def asked(client: Client, times: int) -> list[float]:
    """The seconds that each of some trivial queries took."""
    found: list[float] = []
    for _ in range(times):
        began = time.monotonic()
        client.answer(TRIVIAL)
        found.append(time.monotonic() - began)
        time.sleep(_PAUSE)
    return found


class Other:
    """Asks trivial queries, one after another, in a process of its own."""

    def __init__(self, url: str) -> None:
        self._ended = multiprocessing.Event()
        self._receiving, sending = multiprocessing.Pipe(duplex=False)
        self._process = multiprocessing.Process(target=_ask, args=(url, self._ended, sending))

    def __enter__(self) -> "Other":
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.is_alive():
            self._process.terminate()
        self._process.join()

    def waited(self) -> list[Asked]:
        """When it asked, and was answered, until now; it ends."""
        self._ended.set()
        return [Asked(*of) for of in self._receiving.recv()]


def _ask(url: str, ended: Any, sending: Any) -> None:
    found: list[Asked] = []
    with Client(url) as client:
        while not ended.is_set():
            began = time.monotonic()
            client.answer(TRIVIAL)
            found.append(Asked(began, time.monotonic()))
            time.sleep(_PAUSE)
    sending.send([tuple(of) for of in found])
