"""LevelExecutor against graphql-core's, over random schemas and queries: see `execution_fuzzing.py`."""

import re
import subprocess
import sys
from pathlib import Path

CASES = 10_000


def test_random_queries_are_answered_as_graphql_core_does() -> None:
    command = [sys.executable, str(Path(__file__).with_name("execution_fuzzing.py")), str(CASES)]
    ran = subprocess.run(command, capture_output=True, text=True)
    print(ran.stdout)  # the seed
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.findall(r"'cases': (\d+)", ran.stdout) == [str(CASES)]
