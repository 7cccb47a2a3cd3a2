"""The decoder against pickle.loads, on artifacts that Metaflow wrote: time and memory, of `data` and of `table`."""

import hashlib
import json
import pickle
import shutil
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from support.timing import Taken, timed
from support.trees import BUILDS, environment

from metaflow_graphql import decoding

FLOW = "ValuesFlow"
SCRIPT = Path(__file__).parent / "support/values_flow.py"
ARTIFACTS = ("small_dict", "small_dicts", "floats", "array", "frame")
TABLE_ROWS = 20
CHUNK = 256 * 1024


def pickles() -> dict[str, bytes]:
    """The artifacts by name, as they were serialized."""
    root = BUILDS / f"values-{hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:8]}"
    if not (root / "done").exists():
        shutil.rmtree(root, ignore_errors=True)
        (root / ".metaflow").mkdir(parents=True)
        command = [sys.executable, str(SCRIPT), "--no-pylint", "--quiet", "run"]
        subprocess.run(command, env=environment(root), cwd=root, check=True, capture_output=True)
        (root / "done").touch()
    flow = root / ".metaflow" / FLOW
    (info,) = flow.glob("*/only/*/0.data.json")
    shas: dict[str, str] = json.loads(info.read_text())["objects"]
    stored = {name: flow / "data" / shas[name][:2] / shas[name] for name in ARTIFACTS}
    return {name: zlib.decompress(path.read_bytes(), zlib.MAX_WBITS | 16) for name, path in stored.items()}


def data(pickled: bytes) -> object:
    return decoding.to_json(decoding.decode(pickled))


def table(pickled: bytes) -> decoding.Table | None:
    return decoding.table(decoding.decode(pickled), TABLE_ROWS)


def streamed_table(pickled: bytes) -> decoding.Table | None:
    """As one that is too large to be held is read."""
    reader = decoding.TableReader(TABLE_ROWS, decoding.Limits(seconds=60))  # while memory is traced, all is slow
    for start in range(0, len(pickled), CHUNK):
        reader.feed(pickled[start : start + CHUNK])
    return decoding.table(reader.close(), TABLE_ROWS)


def peak(do: Callable[[], object]) -> int:
    """Bytes of memory at the most, beside the pickle's own."""
    tracemalloc.start()
    try:
        do()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> None:
    found = pickles()
    print(f"{'ratios are to pickle.loads':28} {'min ms':>9} {'median ms':>10} {'ratio':>7} {'peak MB':>8}")
    for name, pickled in found.items():
        rounds = 5 if len(pickled) > 1_000_000 else 200
        loads = partial(pickle.loads, pickled)
        ways: dict[str, Callable[[], object]] = {"pickle.loads": loads, "data": partial(data, pickled)}
        if table(pickled) is not None:
            ways |= {"table": partial(table, pickled), "table, streamed": partial(streamed_table, pickled)}
        measured = {way: timed(do, rounds)[0] for way, do in ways.items()}
        print(f"{name}, {len(pickled):,} bytes")
        for way, taken in measured.items():
            show(way, taken, taken.least / measured["pickle.loads"].least, peak(ways[way]))


def show(way: str, taken: Taken, ratio: float, peak: int) -> None:
    times = f"{taken.least * 1000:9.3f} {taken.median * 1000:10.3f}"
    print(f"  {way:26} {times} {ratio:7.1f} {peak / 2**20:8.1f}")


if __name__ == "__main__":
    main()
