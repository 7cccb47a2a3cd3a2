"""The instructions that answers take, counted by valgrind: unlike times the same whatever else the machine does.

The shapes and ways of execution.py, whose first answers are not counted. Arguments pick shapes by parts of their names.
"""

import asyncio
import gc
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from support.answering import Answering, answerings
from support.shapes import QUERIES

from metaflow_graphql.execution import work
from metaflow_graphql.server import encoding

DUMPS = "INSTRUCTION_DUMPS"  # where the counts are written, of the process that counts

# Times as long as without valgrind: so much more is done in a slice of time, for it to be as much as ever.
SLOWER = 50


def control(*asked: str) -> None:
    command = ["callgrind_control", *asked, str(os.getpid())]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def counted(answer: Answering, body: bytes) -> int:
    """The instructions that an answer takes, in user space; with the few of switching the count on and off."""
    before = set(_dumps())
    control("--instr=on")
    control("--zero")
    await answer(body)
    control("--dump")
    control("--instr=off")
    (made,) = set(_dumps()) - before
    (count,) = re.findall(r"^totals: (\d+)", made.read_text(), re.MULTILINE)
    return int(count)


def _dumps() -> list[Path]:
    return list(Path(os.environ[DUMPS]).iterdir())


async def _nothing(_body: bytes) -> bytes:
    return b""


async def main(*names: str) -> None:
    logging.disable()
    gc.disable()  # when it runs is chance
    work.SLICE *= SLOWER
    encoding.SLICE *= SLOWER
    switching = await counted(_nothing, b"")
    for shape, query in QUERIES.items():
        if names and not any(name in shape for name in names):
            continue
        body = json.dumps({"query": query}).encode()
        print(shape)
        least = 0
        for way, answer in (await answerings(body)).items():
            for _ in range(3):  # until what is remembered is
                await answer(body)
            count = await counted(answer, body) - switching
            least = least or count
            print(f"  {way:18} {count / 1e6:10.3f} M {count / least:8.2f}", flush=True)


def begin() -> None:
    """Itself once more, under valgrind; nothing is counted where there is none."""
    if not shutil.which("valgrind"):
        print("Instructions are not counted: there is no valgrind here.")
        return
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no"]
        command += [f"--callgrind-out-file={folder}/counts", sys.executable, *sys.argv]
        subprocess.run(command, check=True, env={**os.environ, DUMPS: folder, "PYTHONHASHSEED": "0"})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:])) if DUMPS in os.environ else begin()
