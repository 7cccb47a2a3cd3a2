"""What a run of a made history consists of: five steps, seven tasks, 110 rows of metadata and 101 artifacts."""

from collections.abc import Generator
from typing import NamedTuple

# How far a run came. A failed one ended with the last task of its foreach, a running one is within it.
KINDS = ("completed", "failed", "running")
ROOT = "s3://metaflow-test/metaflow"
# SHA-1 of the pickles of True, False and None: what Metaflow's own flags are.
TRUE = "868436778cb011a1c6230bc12534683ab0b7f1c3"
FALSE = "2473d4676d5b2aba674167293142f8031ada401b"
NONE = "dbc1aaddc8b7343d6d33b34edcf608b8f8801918"
# After the start of the run, in ms.
STEP_TIMES = {"_parameters": 25, "start": 500, "body": 5_900, "join": 30_000, "end": 35_000}

_SYSTEM = {"runtime": "dev", "python_version": "3.11.7", "user": None, "metaflow_version": "2.19.39"}
_OF_PARAMETERS = ("name", "alpha", "_transition", "_task_ok", "_success", "_graph_info", "_foreach_stack")
_OF_STEPS = ("_iteration_stack", "_foreach_var", "_foreach_num_splits", "_exception", "_current_step")
_OWN = {
    "start": ("x", "items"),
    "body": ("items", "square", "_foreach_values"),
    "join": ("squares", "total"),
    "end": ("total", "result"),
}


class Task(NamedTuple):
    """The nth task of a run, at so many ms after its start; `ok` is None while it executes, `place` is in a foreach."""

    ordinal: int
    step: str
    at: int
    ok: bool | None
    place: int | None = None


class Datum(NamedTuple):
    """A row of metadata; a value that is None is the name of the user."""

    ordinal: int
    field_name: str
    value: str | None
    type: str
    tags: str
    at: int


class Artifact(NamedTuple):
    """One that a task made; `sha` is None where each run has another."""

    ordinal: int
    name: str
    sha: str | None
    at: int


def tasks(kind: str) -> list[Task]:
    """Those of a run of this kind, in their order."""
    body = [Task(2 + index, "body", 6_000 + 500 * index, True, index) for index in range(3)]
    first = [Task(0, "_parameters", 30, True), Task(1, "start", 510, True)]
    if kind == "completed":
        return [*first, *body, Task(5, "join", 30_010, True), Task(6, "end", 35_010, True)]
    last_ok = None if kind == "running" else False
    return [*first, *body[:-1], body[-1]._replace(ok=last_ok)]


def metadata(task: Task) -> Generator[Datum]:
    """Its rows: as the scheduler made it, as its attempt began, and as that ended."""
    of_attempt = '["attempt_id:0"]'
    system = {**_SYSTEM, "script-name": "made_flow.py"}
    told: list[tuple[str, str | None, int]] = [(name, value, 5) for name, value in system.items()]
    if task.step != "_parameters":
        told += [(name, value, 1_800) for name, value in system.items()]
        began = {"attempt": "0", "origin-run-id": "None", "ds-type": "s3", "ds-root": ROOT}
        if task.place is not None:
            began |= {"foreach-stack": f"{{items={task.place}}}", "foreach-execution-path": f"body:{task.place}"}
        told += [(name, value, 2_000) for name, value in began.items()]
        told += [] if task.ok is None else [("attempt_ok", str(task.ok), 4_700)]
    told += [] if task.ok is None else [("attempt-done", "0", 4_750 if told[-1][2] > 5 else 400)]
    for name, value, after in told:
        kind = "internal_attempt_status" if name == "attempt_ok" else name
        yield Datum(task.ordinal, name, value, kind, of_attempt, task.at + after)
    if task.step == "_parameters":
        for name in ("start", "end"):
            yield Datum(task.ordinal, f"{name}_step", name, "graph_structure", "[]", task.at + 420)


def artifacts(task: Task) -> Generator[Artifact]:
    """Its artifacts, all of which appear at the end of its attempt."""
    if task.ok is None:
        return
    succeeded = TRUE if task.ok else FALSE
    known = {"_task_ok": succeeded, "_success": succeeded, "_configs_processed": TRUE, "_transition": NONE}
    known |= {"_foreach_var": NONE, "_exception": NONE if task.ok else "d6a1d13bcead7154b075395e6192a6093c386ff3"}
    names = [*_OF_PARAMETERS, "_configs_processed"]
    if task.step != "_parameters":
        names += [*_OF_STEPS, *_OWN[task.step]]
    after = 410 if task.step == "_parameters" else 4_760
    for place, name in enumerate(names):
        yield Artifact(task.ordinal, name, known.get(name), task.at + after + place)
