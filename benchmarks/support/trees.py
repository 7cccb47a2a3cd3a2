"""Local trees of many runs, copied from one that Metaflow made: once, into build/benchmarks/."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

FLOW = "WideFlow"
SCRIPT = Path(__file__).with_name("wide_flow.py")
BUILDS = Path(__file__).parents[2] / "build/benchmarks"
APART = 60  # seconds between two runs

_TIME = re.compile(rb'("ts_epoch": )(\d+)')


def tree(whole: int, alone: int = 0) -> Path:
    """The folder that holds `.metaflow` with so many whole runs, and older ones that have no steps."""
    made = b"".join([SCRIPT.read_bytes(), Path(__file__).read_bytes(), version("metaflow").encode()])
    root = BUILDS / f"{whole}-and-{alone}-{hashlib.sha256(made).hexdigest()[:8]}"
    done = root / "done"
    if not done.exists():
        shutil.rmtree(root, ignore_errors=True)
        (root / ".metaflow").mkdir(parents=True)
        print(f"making {whole + alone:,} runs in {root.relative_to(BUILDS.parents[1])}, once", flush=True)
        newest = _run(root)
        for number in range(1, whole + alone):
            _copy(newest, number, whole=number < whole)
        done.touch()
    return root


def environment(root: Path) -> Mapping[str, str]:
    """Of a process that writes or reads the tree with Metaflow, whatever else that is configured for."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("METAFLOW_")}
    return kept | {
        "USER": "benchmark",
        "METAFLOW_USER": "benchmark",
        "METAFLOW_HOME": str(root / "home"),
        "METAFLOW_DEFAULT_METADATA": "local",
        "METAFLOW_DEFAULT_DATASTORE": "local",
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(root),
    }


def _run(root: Path) -> Path:
    command = [sys.executable, str(SCRIPT), "--no-pylint", "--quiet", "run", "--run-id-file", str(root / "run-id")]
    subprocess.run(command, env=environment(root), cwd=root, check=True, capture_output=True)
    return root / ".metaflow" / FLOW / (root / "run-id").read_text()


def _copy(run: Path, number: int, *, whole: bool) -> None:
    """The same run once more, so many minutes older."""
    seconds = number * APART
    run_id = str(int(run.name) - seconds * 1_000_000)
    for folder, _, names in os.walk(run if whole else run / "_meta"):
        copied = run.with_name(run_id) / Path(folder).relative_to(run)
        copied.mkdir(parents=True)
        for name in names:
            content = Path(folder, name).read_bytes().replace(run.name.encode(), run_id.encode())
            shifted = _TIME.sub(lambda found: found[1] + b"%d" % (int(found[2]) - seconds * 1000), content)
            (copied / name).write_bytes(shifted)
