"""Some thousands of drawn requests, others each time: `edge_fuzzing.py` draws as many as are wanted."""

from pathlib import Path
from random import SystemRandom

import pytest

from edge.trees import fresh, gateway_over
from edge_fuzzing import copied, run
from executors import ON_GRAPHQL_CORE
from running import Runs

# graphql-core's executor leaves coroutines that it did not await, where null goes up.
if ON_GRAPHQL_CORE:
    pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_drawn_requests_are_answered_in_form_and_leave_nothing(runs: Runs, tmp_path: Path) -> None:
    with gateway_over(copied(runs, tmp_path)) as gateway:
        report = run(fresh(gateway), SystemRandom().randrange(2**31), 2_000, 60)
    assert report.outcomes.total() >= 2_050  # hypothesis may have come to no more than these
    assert report.outcomes["answered 200"] > 800
