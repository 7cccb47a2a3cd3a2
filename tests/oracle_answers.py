"""What Metaflow's own client answers about runs, kept beside them."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from running import Runs, locked

TESTS = Path(__file__).parent


def client_answers(runs: Runs, cache: Path) -> dict[str, Any]:
    """Its answers: see `oracle.py` for their shape. `cache` is an empty folder: older ones may hold logs of before."""
    asked = TESTS / "oracle.py"
    version = sha256(asked.read_bytes() + (TESTS / "json_view.py").read_bytes()).hexdigest()[:16]
    answers = runs.root / f"oracle-{version}.json"
    with locked(answers.with_suffix(".lock")):
        if not answers.exists():
            answered = cache / "answers.json"
            # Values that hold objects of the client name the service they were made with, which has gone.
            environment = runs.environment(METAFLOW_CLIENT_CACHE_PATH=str(cache), METAFLOW_SERVICE_RETRY_COUNT="1")
            subprocess.run([sys.executable, str(asked), str(answered)], env=environment, check=True)
            answered.replace(answers)
    return json.loads(answers.read_text())
