"""Questions to a metadata service of 10,000 runs: requests and time of Metaflow's client and of the gateway.

The service is that of the tests, in a process of its own; with and without 10 ms before each of its answers, as of a
network. A gateway is started for each question, and has asked nothing before. The client reads from S3 whether a run
was successful: that is moto's, and its requests are not counted.
"""

import gzip
import hashlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from support.serving import serving

HERE = Path(__file__).parent
TESTS = HERE.parent / "tests"
RUNS = 10_000
FLOW = "MadeFlow00"  # half of them are of this one
DELAYS = (0.0, 0.01)
BUCKET, PORT = "metaflow-test", 8765


class Question(NamedTuple):
    """In words, as a query, and what of its answer is the client's; `least`: the fewest requests that answer it."""

    words: str
    query: str
    answer: Callable[[Any], Any]
    least: str


def _tasks(runs: list[Any], entry: Callable[[Any, Any], Any]) -> dict[str, Any]:
    tasks = ((step, task) for run in runs for step in run["steps"] for task in step["tasks"]["nodes"])
    return {task["pathspec"]: entry(step, task) for step, task in tasks}


def _names(of: Any) -> list[str]:
    return sorted(artifact["name"] for artifact in of["artifacts"])


def _client_time(text: str) -> str:
    """As the client's datetime: without a zone, and without the thousandths where there are none."""
    whole, thousandths = text.removesuffix("Z").replace("T", " ").split(".")
    return whole if thousandths == "000" else f"{whole}.{thousandths}000"


def _names_of_tasks(data: Any) -> Any:
    return _tasks(data["flow"]["runs"]["nodes"], lambda _, task: _names(task))


def _whole_tasks(data: Any) -> Any:
    def whole(step: Any, task: Any) -> Any:
        return [_client_time(step["createdAt"]), _client_time(task["createdAt"]), _names(task)]

    return _tasks(data["flow"]["runs"]["nodes"], whole)


def _latest(data: Any) -> Any:
    return data["flow"]["latestSuccessfulRun"]["runId"]


def _latest_of_each(data: Any) -> Any:
    found: list[Any] = [flow for flow in data["flows"]["nodes"] if flow["latestSuccessfulRun"]]
    return {flow["name"]: flow["latestSuccessfulRun"]["runId"] for flow in found}


def _newest(data: Any) -> Any:
    found: list[Any] = data["runs"]["nodes"]
    return [[run["pathspec"], run["status"] == "SUCCEEDED"] for run in found]


def _run_page(data: Any) -> Any:
    def page(_: Any, task: Any) -> Any:
        return [task["status"] == "SUCCEEDED", sorted(event["name"] for event in task["metadata"]), _names(task)]

    return _tasks([data["flow"]["latestSuccessfulRun"]], page)


_RUNS_OF = f'flow(name: "{FLOW}") {{ runs(first: 100) {{ nodes {{'
_TASKS = "tasks(first: 100) { nodes { pathspec"
_ARTIFACTS = "artifacts { name } } }"
QUESTIONS = {
    "names": Question(
        "100 runs > steps > tasks > artifact names",
        f"{{ {_RUNS_OF} steps {{ {_TASKS} {_ARTIFACTS} }} }} }} }} }}",
        _names_of_tasks,
        "201",
    ),
    "whole": Question(
        "the same with whole step and task objects",
        f"{{ {_RUNS_OF} steps {{ createdAt {_TASKS} createdAt {_ARTIFACTS} }} }} }} }} }}",
        _whole_tasks,
        "1 + 100 (2 + steps)",
    ),
    "latest": Question(
        "latest successful run of a flow",
        f'{{ flow(name: "{FLOW}") {{ latestSuccessfulRun {{ runId }} }} }}',
        _latest,
        "1",
    ),
    "latest_of_each": Question(
        "latest successful run of each of 57 flows",
        "{ flows(first: 100) { nodes { name latestSuccessfulRun { runId } } } }",
        _latest_of_each,
        "58",
    ),
    "newest": Question(
        "newest 30 runs of all flows with status",
        "{ runs(first: 30) { nodes { pathspec status } } }",
        _newest,
        "58",
    ),
    "run_page": Question(
        "run page: tasks, states, metadata, artifact names",
        f'{{ flow(name: "{FLOW}") {{ latestSuccessfulRun {{ createdAt steps {{ createdAt {_TASKS} createdAt status'
        f" metadata {{ name }} {_ARTIFACTS} }} }} }} }}",
        _run_page,
        "4 + steps",
    ),
}


@contextmanager
def service(delay: float) -> Generator[str]:
    command = [sys.executable, "-m", "service", "--fill", str(RUNS), "--delay", str(delay)]
    with subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def s3() -> Generator[str]:
    """The outcomes of the runs' tasks: the pickles of True and False, in the store of each flow."""
    with subprocess.Popen(
        [sys.executable, "-m", "moto.server", "--port", str(PORT)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            time.sleep(3)
            put(f"http://127.0.0.1:{PORT}/{BUCKET}", b"")
            for flow, outcome in product(range(57), (True, False)):
                pickled = pickle.dumps(outcome, 4)
                sha = hashlib.sha1(pickled, usedforsecurity=False).hexdigest()
                place = f"metaflow/MadeFlow{flow:02}/data/{sha[:2]}/{sha}"
                put(f"http://127.0.0.1:{PORT}/{BUCKET}/{place}", gzip.compress(pickled))
            yield f"http://127.0.0.1:{PORT}"
        finally:
            process.terminate()


def put(url: str, content: bytes) -> None:
    stored = json.dumps({"cas_raw": False, "cas_version": 1})
    attributes = {"x-amz-meta-metaflow-user-attributes": stored, "Content-Type": "application/octet-stream"}
    urllib.request.urlopen(urllib.request.Request(url, content, attributes, method="PUT")).close()


def requests(url: str) -> int:
    """How many it has answered since it was asked last."""
    with urllib.request.urlopen(f"{url}/_test/requests") as answer:
        counted = sum(json.load(answer)["requests"].values())
    urllib.request.urlopen(urllib.request.Request(f"{url}/_test/reset", method="POST")).close()
    return counted


def by_client(name: str, url: str, s3_url: str) -> tuple[float, int, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("METAFLOW_")}
    environment |= {"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": url, "METAFLOW_USER": "benchmark"}
    environment |= {"METAFLOW_S3_ENDPOINT_URL": s3_url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    environment |= {"AWS_DEFAULT_REGION": "us-east-1", "METAFLOW_DATASTORE_SYSROOT_S3": f"s3://{BUCKET}/metaflow"}
    command = [sys.executable, str(HERE / "support/client_questions.py"), name, FLOW]
    with tempfile.TemporaryDirectory() as folder:
        environment["METAFLOW_DATASTORE_SYSROOT_LOCAL"] = folder
        asked = subprocess.run(command, env=environment, cwd=folder, check=True, stdout=subprocess.PIPE)
    seconds, answer = json.loads(asked.stdout)
    return seconds, requests(url), answer


def by_gateway(name: str, url: str) -> tuple[float, int, Any]:
    question = QUESTIONS[name]
    with serving(f"service@{url}") as gateway:
        begun = time.perf_counter()
        answer = gateway.answer(question.query)
        seconds = time.perf_counter() - begun
    return seconds, requests(url), question.answer(json.loads(answer)["data"])


def main() -> None:
    for delay in DELAYS:
        print(f"{1000 * delay:.0f} ms before each answer of the service; {RUNS:,} runs")
        print(f"{'':50} {'client':>15} {'gateway':>15}  {'least':20} ratio")
        with service(delay) as url, s3() as s3_url:
            requests(url)
            for name, question in QUESTIONS.items():
                (slow, many, expected), (quick, few, answer) = by_client(name, url, s3_url), by_gateway(name, url)
                differs = "" if answer == expected else "  the answers differ"
                print(
                    f"{question.words:50} {many:5} {slow:7.2f} s {few:5} {quick:7.2f} s  {question.least:20}"
                    f" {slow / quick:.1f}{differs}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
