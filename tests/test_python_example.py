"""The scripts of examples/python/, run against a gateway."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import metaflow_graphql
from gateways import Gateway
from running import Runs

EXAMPLE = Path(metaflow_graphql.__path__[0]) / "examples/python"


def ended(gateway: Gateway, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A script that was run without what is installed: with the standard library alone."""
    environment = {"PATH": os.environ["PATH"], "METAFLOW_GRAPHQL_URL": f"{gateway.url}/graphql"}
    command = [sys.executable, "-S", script, *arguments]
    return subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True, timeout=60)


def printed(gateway: Gateway, script: str, *arguments: str) -> list[str]:
    """The lines that a script printed."""
    done = ended(gateway, script, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_it_lists_runs_with_a_metric_each(gateway: Gateway) -> None:
    runs = gateway.data('{ flow(name: "LinearFlow") { runs(first: 10) { nodes { createdAt pathspec status } } } }')
    assert printed(gateway, "runs_with_metric.py", "LinearFlow", "x") == [
        f"{run['createdAt']} {run['pathspec']} {run['status']} x=3" for run in runs["flow"]["runs"]["nodes"]
    ]


def test_a_run_without_the_metric_has_none(gateway: Gateway) -> None:
    (line,) = printed(gateway, "runs_with_metric.py", "BranchFlow", "no_such_metric")
    assert line.endswith(" SUCCEEDED no_such_metric=none")


def test_it_shows_which_task_failed_and_why(gateway: Gateway, runs: Runs) -> None:
    query = "query ($run: String!) { run(pathspec: $run) { failedTask { pathspec exception { stacktrace } } } }"
    task = gateway.data(query, run=runs["failed"].pathspec)["run"]["failedTask"]
    assert printed(gateway, "why_did_it_fail.py", runs["failed"].pathspec) == [
        f"{task['pathspec']} failed in attempt 0",
        "__main__.TooCold: -5 degrees are too cold",
        *task["exception"]["stacktrace"].splitlines(),
    ]


def test_a_run_that_did_not_fail_is_told_so(gateway: Gateway, runs: Runs) -> None:
    pathspec = runs["linear"].pathspec
    assert printed(gateway, "why_did_it_fail.py", pathspec) == [f"{pathspec}: SUCCEEDED, no task failed"]
    assert printed(gateway, "why_did_it_fail.py", "LinearFlow/1") == ["LinearFlow/1: no such run, no task failed"]


def test_it_tags_a_run(gateway: Gateway, runs: Runs) -> None:
    pathspec = runs["linear_tagged"].pathspec
    try:
        assert printed(gateway, "tag_run.py", pathspec, "from python") == [
            f"{pathspec} experiment:a b from python nightly ä🎉"
        ]
    finally:
        gateway.data(f'mutation {{ removeTags(pathspec: "{pathspec}", tags: "from python") {{ run {{ id }} }} }}')


def test_it_compares_a_metric_of_runs_with_a_tag(gateway: Gateway, runs: Runs) -> None:
    given, plain = runs["parameters_given"].run_id, runs["parameters"].run_id
    assert printed(gateway, "compare_runs.py", "ParametersFlow", "runtime:dev", "text") == [
        "run               text          absent  enabled  listed           number  ratio  tree",
        f"{given}  ä given text  set     False    ['x']            -3      1e-09  []",
        f"{plain}  a text        None    True     ['a', 'b', 'c']  7       0.25   {{'a': [1, None, {{'b': 2.5}}]}}",
    ]


def test_no_run_with_the_tag_is_an_empty_table(gateway: Gateway) -> None:
    assert printed(gateway, "compare_runs.py", "LinearFlow", "no such tag", "x") == [""]


@pytest.mark.parametrize("script", ["runs_with_metric.py", "why_did_it_fail.py", "tag_run.py"])
def test_a_script_without_arguments_says_how_it_is_used(script: str, gateway: Gateway) -> None:
    done = ended(gateway, script)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"python {script} " in done.stderr


def test_an_error_is_told_and_is_no_success(gateway: Gateway) -> None:
    done = ended(gateway, "tag_run.py", "LinearFlow/1", "tag")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "NOT_FOUND addTags: LinearFlow/1 does not exist.\n"
