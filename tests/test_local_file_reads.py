"""What many runs cost, in files that are opened."""

import os
import shutil
from pathlib import Path

from local_trees import key, opened, page_of, provider, put_runs, runs_key, settle
from metaflow_graphql.providers import records
from metaflow_graphql.providers.base import RunFilter, RunPageKey
from metaflow_graphql.providers.local.provider import LocalProvider
from running import Runs

FLOW, RUNS, TASKS = "BranchFlow", 100, 14


def copy(source: Path, target: Path) -> None:
    """The files of a folder and of its metadata, as links: what is in them is the same."""
    for folder in (source, source / "_meta"):
        to = target / folder.relative_to(source)
        to.mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            if file.is_file():
                os.link(file, to / file.name)


def multiplied(run: Path, root: Path) -> None:
    """RUNS runs like a real one, each of five steps and TASKS tasks in all."""
    flow = root / ".metaflow" / FLOW
    # Whoever else links the files of the samples changes their inodes meanwhile.
    run = shutil.copytree(run.parent, root / "own") / run.name
    copy(run.parent, flow)
    steps = sorted(path for path in run.iterdir() if path.name not in ("_meta", "start"))
    for number in range(RUNS):
        copied = flow / str(1_795_000_000_000_000 + number * 1_000_000)
        copy(run, copied)
        for place, step in enumerate(steps):
            copy(step, copied / step.name)
            task = next(path for path in step.iterdir() if path.name != "_meta")
            for task_id in range(place, place + 1 if place < len(steps) - 1 else TASKS):
                copy(task, copied / step.name / str(task_id))


async def artifacts_of_all(local: LocalProvider) -> int:
    """How many artifacts there are, found from the runs downwards."""
    (page,) = await local.run_pages([RunPageKey(runs_key(), 1000)])
    assert not isinstance(page, Exception)
    runs = [key(run.pathspec) for run in page.runs if isinstance(run, records.Run)]
    steps = [key(step.pathspec) for of_run in await local.steps_of(runs) for step in found(of_run)]
    tasks = [key(task.pathspec) for of_step in await local.tasks_of(steps) for task in found(of_step)]
    assert (len(runs), len(steps), len(tasks)) == (RUNS, 5 * RUNS, TASKS * RUNS)
    return sum(len(found(of_task)) for of_task in await local.artifacts_of(tasks))


def found(answer: object) -> list[records.Record]:
    assert isinstance(answer, list)
    return answer  # pyright: ignore[reportUnknownVariableType] - what each level lists


def test_a_second_walk_over_a_hundred_runs_opens_no_file(runs: Runs, tmp_path: Path) -> None:
    multiplied(runs.datastore / runs["branch"].pathspec, tmp_path)
    settle()
    local = provider(tmp_path)
    assert opened(lambda: artifacts_of_all(local)) > TASKS * RUNS
    assert opened(lambda: artifacts_of_all(local)) == 0


def test_a_page_of_five_thousand_runs_opens_its_own_files(tmp_path: Path) -> None:
    listed = put_runs(tmp_path, 5000)
    settle()
    local = provider(tmp_path)
    first = RunPageKey(runs_key(), 50)
    nothing = RunPageKey(runs_key(filter=RunFilter(users=frozenset({"nobody"}))), 50)
    assert opened(lambda: local.run_pages([first])) == 51
    assert [run.run_id for run in page_of(local, 50).runs if isinstance(run, records.Run)] == listed[:50]
    assert opened(lambda: local.run_pages([nothing])) == 5000 - 51
    assert opened(lambda: local.run_pages([nothing])) == 0
