"""All artifacts of 100 runs, by runs, steps and tasks: Metaflow's client, one query, and what is the least of each."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import orjson
from support.serving import Gateway, serving
from support.timing import Taken, show, taken, timed
from support.trees import FLOW, environment, tree

RUNS = 100
QUERY = f"""{{
  flow(name: "{FLOW}") {{
    runs(first: {RUNS}) {{
      nodes {{ runId steps {{ name tasks(first: 100) {{ nodes {{ taskId artifacts {{ name sha }} }} }} }} }}
    }}
  }}
}}"""

# Runs, steps, tasks and artifacts: each by its id, with what is below it; an artifact with its sha.
Walk: TypeAlias = list[tuple[str, list[tuple[str, list[tuple[str, list[tuple[str, str]]]]]]]]


def by_client(root: Path) -> tuple[float, Walk]:
    """The seconds, without those that starting takes; and what was found, the artifacts of each task by name."""
    command = [sys.executable, str(Path(__file__).parent / "support/client_walk.py"), FLOW]
    walked = subprocess.run(command, env=environment(root), cwd=root, check=True, stdout=subprocess.PIPE)
    seconds, found = json.loads(walked.stdout)
    return seconds, [
        (run, [(step, [(task, sorted(artifacts)) for task, artifacts in tasks]) for step, tasks in steps])
        for run, steps in found
    ]


def by_cold_gateway(root: Path) -> tuple[Taken, bytes]:
    with serving(root) as gateway:
        return timed(lambda: gateway.answer(QUERY), 1)


def file_reads(gateway: Gateway) -> int:
    return json.loads(gateway.answer(QUERY, extensions={"usage": True}))["extensions"]["usage"]["fileReads"]


def by_reading(root: Path, *, hidden: bool = False) -> Walk:
    """One pass over the files that hold the answer: each opened once, and read as JSON.

    `hidden`: and those of the artifacts that start with `_`, which are not in it, but which the others read too.
    """
    return [
        (
            run,
            [
                (step, [(task, artifacts(f"{of_task}/_meta", hidden)) for task, of_task in below(of_step)])
                for step, of_step in steps
            ],
        )
        for run, of_run in below(f"{root}/.metaflow/{FLOW}")
        if (steps := [(step, of_step) for step, of_step in below(of_run) if step != "_parameters"])
    ]


def below(folder: str) -> list[tuple[str, str]]:
    """The names and folders of the objects below another, newest first."""
    found: list[tuple[int, str, str]] = []
    for entry in os.scandir(folder):
        if entry.name not in ("_meta", "data") and entry.is_dir():
            found.append((read(f"{entry.path}/_meta/_self.json")["ts_epoch"], entry.name, entry.path))
    return [(name, path) for _, name, path in sorted(found, reverse=True)]


def artifacts(folder: str, hidden: bool) -> list[tuple[str, str]]:
    paths = [entry.path for entry in os.scandir(folder) if entry.name.startswith("0_artifact_")]
    records = [read(path) for path in paths if hidden or "/0_artifact__" not in path]
    return sorted((record["name"], record["sha"]) for record in records if record["name"][0] != "_")


def read(path: str) -> Any:
    with open(path, "rb") as file:
        return json.loads(file.read())


def as_answer(walk: Walk) -> bytes:
    """The gateway's answer, made of plain dicts."""
    nodes = [
        {
            "runId": run,
            "steps": [
                {
                    "name": step,
                    "tasks": {
                        "nodes": [
                            {"taskId": task, "artifacts": [{"name": name, "sha": sha} for name, sha in found]}
                            for task, found in tasks
                        ]
                    },
                }
                for step, tasks in steps
            ],
        }
        for run, steps in walk
    ]
    return orjson.dumps({"data": {"flow": {"runs": {"nodes": nodes}}}})


def main() -> None:
    root = tree(RUNS)
    clients = [by_client(root) for _ in range(3)]
    colds = [by_cold_gateway(root) for _ in range(5)]
    with serving(root) as gateway:
        reads = file_reads(gateway)
        repeated, answer = timed(lambda: gateway.answer(QUERY), 15)
    reading, walk = timed(lambda: by_reading(root), 5)
    reading_all, again = timed(lambda: by_reading(root, hidden=True), 5)
    building, built = timed(lambda: as_answer(walk), 15)

    found = [as_answer(one) for one in (again, *(of_client for _, of_client in clients))]
    answers = [json.loads(one) for one in (answer, built, *found, *(cold for _, cold in colds))]
    assert answers == answers[:1] * len(answers), "the answers differ"
    steps = [step for _, steps in walk for step in steps]
    tasks = [task for _, tasks in steps for task in tasks]
    count = sum(len(artifacts) for _, artifacts in tasks)
    objects = len(walk) + len(steps) + len(tasks) + count
    print(
        f"{len(walk):,} runs, {len(steps):,} steps, {len(tasks):,} tasks, {count:,} artifacts: {len(answer):,} bytes;"
    )
    print(f"all {len(answers)} answers are equal; {objects:,} files hold them, and the gateway opens {reads:,}")
    client, first, warm = "Metaflow's client (without its start)", "gateway, first query", "gateway, the same again"
    files, all_files = "files that hold the answer, open and json", "the same with _ artifacts, open and json"
    plain = "plain dicts, orjson"
    rows = {
        client: taken([seconds for seconds, _ in clients]),
        first: taken([cold.least for cold, _ in colds]),
        warm: repeated,
        files: reading,
        all_files: reading_all,
        plain: building,
    }
    show(rows, (client, first), (client, warm), (client, all_files), (first, all_files), (first, files), (warm, plain))


if __name__ == "__main__":
    main()
