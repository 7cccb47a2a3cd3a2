"""What the tests share: real runs, and what Metaflow's own client answers about them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import chromium
from gateways import Gateway, serving
from running import Runs, made

# Ignored in the background of a shell, and then by the schedulers of runs too, which are to be interrupted.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

TESTS = Path(__file__).parent
BUILDS = TESTS.parent / "build" / "test-runs"


@pytest.fixture(scope="session")
def runs() -> Runs:
    """Runs of real flows, one of each situation (`running.SCENARIOS`); to be read only."""
    return made(BUILDS)


@pytest.fixture
def own_runs(runs: Runs, tmp_path: Path) -> Runs:
    """A copy of the runs that a test may change; `runs.copy(tmp_path, "LinearFlow")` is faster."""
    return runs.copy(tmp_path / "runs")


@pytest.fixture(scope="session")
def oracle(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Metaflow's own client answers about the runs: see `oracle.py` for its shape."""
    asked = TESTS / "oracle.py"
    version = sha256(asked.read_bytes() + (TESTS / "json_view.py").read_bytes()).hexdigest()[:16]
    answers = runs.root / f"oracle-{version}.json"
    if not answers.exists():
        # A cache of its own: an older one may hold what an attempt's log left there.
        cache = tmp_path_factory.mktemp("client-cache")
        answered = cache / "answers.json"
        environment = runs.environment(METAFLOW_CLIENT_CACHE_PATH=str(cache))
        subprocess.run([sys.executable, str(asked), str(answered)], env=environment, check=True)
        answered.replace(answers)
    return json.loads(answers.read_text())


@pytest.fixture(scope="session")
def gateway(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway]:
    """A gateway over a copy of the runs: whoever changes a tag there changes it back."""
    copied = runs.copy(tmp_path_factory.mktemp("gateway") / "runs")
    with serving(copied.root) as served:
        yield served


@pytest.fixture(scope="session")
def gateway_url(gateway: Gateway) -> str:
    """Its address, without a path."""
    return gateway.url


@pytest.fixture
def page() -> Generator[chromium.Page]:
    """A tab of a real browser."""
    if not chromium.PROGRAM:
        missing = "Pages were not tested in a browser: Chromium is missing (Debian's package chromium)"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with chromium.new_page() as page:
        yield page
