"""Metaflow itself runs a flow through the tests' metadata service, and reads it back."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from running import FLOWS, environment

TESTS = Path(__file__).parent

# What the client answers, as JSON; the tag is added and removed in between.
READ = """
import json, sys
from metaflow import Flow, Metaflow, Step, Task, namespace
namespace(None)
flow, run = Flow("LinearFlow"), Flow("LinearFlow").latest_successful_run
told = {
    "flows": [flow.id for flow in Metaflow()],
    "runs": [run.id for run in flow],
    "successful": run.successful,
    "finished": run.finished,
    "in order": run.created_at <= run.finished_at,
    "steps": [step.id for step in run],
    "parents": {step.id: [parent.id for parent in step.parent_steps] for step in run},
    "x": {step.id: step.task["x"].data for step in run},
    "x of attempt 0": Task(run["end"].task.pathspec, attempt=0)["x"].data,
    "names": sorted(artifact.id for artifact in run["middle"].task),
    "metadata": {name: run["end"].task.metadata_dict[name] for name in ("attempt", "attempt_ok", "origin-run-id")},
    "stdout": run["start"].task.stdout,
    "user_tags": sorted(run.user_tags),
    "user": [tag for tag in run.system_tags if tag.startswith("user:")],
}
run.replace_tag("written", "mutated")
told["tags of a task"] = sorted(Step(run.pathspec + "/end").task.user_tags)
print(json.dumps(told))
"""


@contextmanager
def program(store: Path) -> Generator[str]:
    """The URL of the service as a process of its own."""
    command = [sys.executable, "-m", "service", "--store", str(store)]
    with subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def test_a_flow_runs_through_the_service_and_is_read_back(tmp_path: Path) -> None:
    with program(tmp_path / "service.sqlite") as url:
        settings = {"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": url}
        env = environment(tmp_path, **settings, METAFLOW_DEFAULT_DATASTORE="local")
        flow = [sys.executable, str(FLOWS / "linear.py"), "--no-pylint", "--quiet"]
        subprocess.run([*flow, "run", "--tag", "written"], env=env, cwd=tmp_path, check=True, capture_output=True)
        read = subprocess.run([sys.executable, "-c", READ], env=env, cwd=tmp_path, check=True, capture_output=True)
        told: dict[str, Any] = json.loads(read.stdout)
    assert told == {
        "flows": ["LinearFlow"],
        "runs": ["1"],
        "successful": True,
        "finished": True,
        "in order": True,
        "steps": ["end", "middle", "start"],
        "parents": {"start": [], "middle": ["start"], "end": ["middle"]},
        "x": {"start": 1, "middle": 2, "end": 3},
        "x of attempt 0": 3,
        "names": ["message", "name", "numbers", "x"],
        "metadata": {"attempt": "0", "attempt_ok": "True", "origin-run-id": "None"},
        "stdout": "start writes to stdout\n",
        "user_tags": ["written"],
        "user": ["user:tester"],
        "tags of a task": ["mutated"],
    }
