"""What the tests share: real runs, and what Metaflow's own client answers about them."""

import os
import signal
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

import chromium
import executors
from gateways import Gateway, serving
from metaflow_graphql.resolvers.context import Limit
from oracle_answers import client_answers
from running import Runs, made
from service_runs import ServiceRuns, runs_of_service

# Ignored in the background of a shell, and then by the schedulers of runs too, which are to be interrupted.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

executors.choose()

TESTS = Path(__file__).parent
BUILDS = TESTS.parent / "build" / "test-runs"


# Sets a limit of server/limits.py.
Limiting = Callable[[Limit, float], None]


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
    return client_answers(runs, tmp_path_factory.mktemp("client-cache"))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[ServiceRuns]:
    """The same scenarios, run through a metadata service; it serves a copy of what they left there."""
    with runs_of_service(BUILDS, tmp_path_factory.mktemp("service")) as served:
        yield served


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


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Limiting:
    """Sets limits for the time of a test."""

    def set_to(of: Limit, value: float) -> None:
        monkeypatch.setattr(of, "value", value)

    return set_to
