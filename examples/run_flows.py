"""Runs the sample flows with Metaflow into a folder, once: `python examples/run_flows.py DIR`."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

FLOWS = Path(__file__).parent / "flows"
AT_ONCE = 2
# The file of the folder that says which of the runs are done.
DONE = "sample-runs"

RUNS = (
    "train.py run --tag baseline",
    "orders.py run --orders orders.csv --tag nightly",
    "train.py run --learning-rates 0.05,0.5,5.0 --tag sweep",
    "forecast.py run --tag nightly",
    "orders.py run --orders spoilt_orders.csv --tag nightly",
    "train.py run --epochs 60 --tag sweep --tag long",
    "orders.py run --orders orders.csv --currency USD --tag monthly",
    "forecast.py run --days 2 --tag nightly",
    "train.py run --seed 11 --tag baseline",
)
# The first of them, which are of every flow and end in every way.
SOME = RUNS[:5]
LOCAL = {"METAFLOW_DEFAULT_METADATA": "local", "METAFLOW_DEFAULT_DATASTORE": "local"}
EXPECTED_TO_FAIL = {"orders.py run --orders spoilt_orders.csv --tag nightly"}


def main(folder: Path, settings: Mapping[str, str] | None = None, runs: Sequence[str] = RUNS) -> None:
    """`settings`: Metaflow's, where metadata and data are to be elsewhere than in the folder."""
    folder = folder.resolve()
    (folder / ".metaflow").mkdir(parents=True, exist_ok=True)
    done = folder / DONE
    finished = done.read_text().splitlines() if done.exists() else []
    left = [run for run in runs if run not in finished]
    with ThreadPoolExecutor(AT_ONCE) as pool, done.open("a") as file:
        for run, ended in zip(
            left, pool.map(partial(execute, folder=folder, settings=settings or LOCAL), left), strict=False
        ):
            print(f"{run:70} {ended}", flush=True)
            print(run, file=file, flush=True)


def execute(run: str, folder: Path, settings: Mapping[str, str]) -> str:
    """Runs one flow to its end: `done`, or `failed` where that is what it shows."""
    script, command, *options = run.split()
    ended = subprocess.run(
        [sys.executable, str(FLOWS / script), "--no-pylint", "--quiet", command, *_with_paths(options)],
        env=environment(folder, settings),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if bool(ended.returncode) != (run in EXPECTED_TO_FAIL):
        raise SystemExit(f"{run} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return "failed, as it should" if ended.returncode else "done"


def _with_paths(options: list[str]) -> list[str]:
    return [str(FLOWS / option) if option.endswith(".csv") else option for option in options]


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Of a run by these settings and no others of Metaflow's; root has no name that Metaflow accepts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("METAFLOW_")}
    user = os.environ.get("USER", "root")
    return kept | {
        "METAFLOW_USER": "demo" if user == "root" else user,
        "METAFLOW_HOME": str(folder),
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(folder),
        **settings,
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
