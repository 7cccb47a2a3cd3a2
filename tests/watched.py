"""A gateway in a process of its own that is watched: its memory, sockets and tasks, and what it says in its log."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

# Counts blocks of memory, and tasks by what they do, when it is signalled; the product itself has nothing of that kind.
_SCRIPT = """
import asyncio, gc, json, signal, sys
from collections import Counter
from metaflow_graphql.server.cli import main

def tell(*_):
    gc.collect()
    tasks = Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks())
    print(json.dumps([sys.getallocatedblocks(), tasks]), flush=True)

signal.signal(signal.SIGUSR1, tell)
sys.exit(main(sys.argv[1:]))
"""


_OF_TROUBLE = " WARNING metaflow_graphql.providers.service.client: "


class Held(NamedTuple):
    """What a process holds: `memory` in MiB, `blocks` of it that Python's objects take, `tasks` by what they do."""

    memory: float
    blocks: int
    sockets: int
    tasks: dict[str, int]


class Watched:
    """`url`: without a path. It has its own process group."""

    def __init__(self, process: subprocess.Popen[str], url: str, said: Path) -> None:
        self.url = url
        self._process = process
        self._said = said

    @property
    def said(self) -> str:
        """What it wrote to stderr so far, but for that a service is in trouble, as services of tests are."""
        with self._said.open() as written:
            return "".join(line for line in written if _OF_TROUBLE not in line)

    def held(self) -> Held:
        """What it holds now."""
        folder = Path(f"/proc/{self._process.pid}")
        pages = int((folder / "statm").read_text().split()[1])
        blocks, tasks = self._told()
        return Held(pages * os.sysconf("SC_PAGESIZE") / 2**20, blocks, self.sockets(), tasks)

    def sockets(self) -> int:
        """How many it has open, and pipes are none."""
        count = 0
        for file in Path(f"/proc/{self._process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed since it was listed
                count += file.readlink().name.startswith("socket:")
        return count

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ended(self, seconds: float = 20) -> int:
        """Its exit code; it must end within the time."""
        return self._process.wait(seconds)

    async def held_soon(self) -> Held:
        """The same, without keeping those who keep it busy."""
        return await asyncio.to_thread(self.held)

    def _told(self) -> tuple[int, dict[str, int]]:
        assert self._process.stdout
        self._process.send_signal(signal.SIGUSR1)
        return json.loads(self._process.stdout.readline())


@contextmanager
def watching(folder: Path, service: str, *options: str, root: Path | None = None) -> Generator[Watched]:
    """A gateway over a metadata service, started in `root`, by default `folder`, where what it says is kept."""
    command = [sys.executable, "-c", _SCRIPT, "serve", "--port", "0", "--metadata", f"default=service@{service}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("METAFLOW_")}
    said = folder / "gateway.stderr"
    with (
        said.open("w") as stderr,
        subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment, cwd=root or folder
        ) as process,
    ):
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert line, said.read_text()
            yield Watched(process, line.split()[2].removesuffix("/graphql"), said)
        finally:
            process.terminate()
            process.wait(20)
