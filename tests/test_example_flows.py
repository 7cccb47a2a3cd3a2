"""The sample flows that `make demo` runs."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "examples" / "run_flows.py"


def run_into(folder: Path) -> list[str]:
    """The lines that the script prints."""
    done = subprocess.run([sys.executable, str(SCRIPT), str(folder)], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_the_sample_flows_run_once(tmp_path: Path) -> None:
    printed = run_into(tmp_path)
    assert len(printed) == 9
    assert [line for line in printed if not line.endswith(" done")] == [
        f"{'orders.py run --orders spoilt_orders.csv --tag nightly':70} failed, as it should"
    ]
    runs = {path.name: len(list(path.glob("1*"))) for path in (tmp_path / ".metaflow").glob("*Flow")}
    assert runs == {"TrainFlow": 4, "OrdersFlow": 3, "ForecastFlow": 2}
    assert run_into(tmp_path) == []
