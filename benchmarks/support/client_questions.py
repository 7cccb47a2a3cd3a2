"""One question to Metaflow's client, by its name: prints the seconds without those of the start, and the answer."""

import json
import sys
import time
from collections.abc import Callable
from itertools import chain, islice
from typing import Any

from metaflow.client.core import Flow, Metaflow, Run, namespace


def names(flow: str) -> Any:
    return {
        task.pathspec: sorted(artifact.id for artifact in task)
        for run in islice(Flow(flow), 100)
        for step in run
        for task in step
    }


def whole(flow: str) -> Any:
    return {
        task.pathspec: [str(step.created_at), str(task.created_at), sorted(artifact.id for artifact in task)]
        for run in islice(Flow(flow), 100)
        for step in run
        for task in step
    }


def latest(flow: str) -> Any:
    run = Flow(flow).latest_successful_run
    return run and run.id


def latest_of_each(_: str) -> Any:
    return {flow.id: run.id for flow in Metaflow() if (run := flow.latest_successful_run)}


def newest(_: str) -> Any:
    runs = sorted(chain.from_iterable(Metaflow()), key=lambda run: run.created_at, reverse=True)[:30]
    return [[run.pathspec, run.successful] for run in runs]


def run_page(flow: str) -> Any:
    run: Any = Flow(flow).latest_successful_run
    return {task.pathspec: _page(task) for step in Run(run.pathspec) for task in step}


def _page(task: Any) -> Any:
    return [task.finished, sorted(event.name for event in task.metadata), sorted(artifact.id for artifact in task)]


QUESTIONS: dict[str, Callable[[str], Any]] = {
    question.__name__: question for question in (names, whole, latest, latest_of_each, newest, run_page)
}

if __name__ == "__main__":
    namespace(None)
    asked, flow = QUESTIONS[sys.argv[1]], sys.argv[2]
    begun = time.perf_counter()
    answer = asked(flow)
    print(json.dumps([time.perf_counter() - begun, answer]))
