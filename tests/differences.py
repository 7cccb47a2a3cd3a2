"""Where the gateway's answer differs from the client's on purpose, with the reason, and what it answers instead."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """An attribute of an object: the client's answer, the gateway's in the same form, and all it answered of it."""

    kind: str
    pathspec: str
    attempt: int | None
    attribute: str
    client: Any
    ours: Any
    found: dict[str, Any]
    objects: dict[str, dict[str, Any]]

    @property
    def raised(self) -> str:
        """The class of what the client raised; empty where it answered."""
        match self.client:
            case {"error": str(raised)}:
                return raised.partition(":")[0]
            case _:
                return ""

    @property
    def run(self) -> str:
        return "/".join(self.pathspec.split("/")[:2])


@dataclass(frozen=True)
class Difference:
    """`applies` says where; `meant` whether the gateway's answer is what it has to be there."""

    reason: str
    attributes: tuple[str, ...]
    applies: Callable[[Case], bool]
    meant: Callable[[Case], bool]


def _cloned(case: Case) -> bool:
    """Whether a task of the step was cloned on a resume, as the client tells of its tasks."""
    tasks = [path for path in case.objects if path.startswith(f"{case.pathspec}/") and path.count("/") == 3]
    return any(case.objects[task]["origin_pathspec"] for task in tasks if "@" not in task)


def _resumed_with_another_end(case: Case) -> bool:
    return "/RenamedFlow/" in f"/{case.pathspec}/" and not case.objects[case.run]["origin_pathspec"].endswith("/None")


def _neighbours(case: Case) -> list[str]:
    """The steps before or after the object's own that have run, as the artifact `_graph_info` has them."""
    graph = next(path for path in case.objects if path.startswith(f"{case.run}/_") and path.endswith("/_graph_info"))
    steps = case.objects[graph]["data"]["json"]["steps"]
    own = case.pathspec.split("/")[2]
    after = steps.get(own, {"next": []})["next"]
    names = [name for name, step in steps.items() if own in step["next"]] if "parent" in case.attribute else after
    return [f"{case.run}/{name}" for name in names if f"{case.run}/{name}" in case.objects]


def _with_json_lists(metadata: Any) -> Any:
    """Metadata whose foreach-stack is as in local metadata: ["letters=a"], where the service has {letters=a}."""
    if isinstance(metadata, dict):
        return {name: _json_list(value) if name == "foreach-stack" else value for name, value in metadata.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - any JSON
    return [[name, _json_list(value) if name == "foreach-stack" else value, *rest] for name, value, *rest in metadata]


def _json_list(literal: str) -> str:
    """None of the tests' values has a comma, or a quote within."""
    return json.dumps([item.strip('"') for item in literal[1:-1].split(",")], separators=(",", ":"))


def _tasks_of(case: Case, steps: list[str]) -> list[str]:
    """All tasks of these steps: none of those that the client can't tell of stands in a foreach."""
    return sorted(path for path in case.objects if path.rpartition("/")[0] in steps and "@" not in path)


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "The client says Flow/None of a run that was not resumed, and of its steps (reference trap 3).",
        ("origin_pathspec",),
        lambda case: "/None" in str(case.client),
        lambda case: case.ours is None,
    ),
    Difference(
        "The client names an origin for the steps of a resumed run that were executed, not cloned.",
        ("origin_pathspec",),
        lambda case: case.kind == "step" and not _cloned(case),
        lambda case: case.ours is None,
    ),
    Difference(
        "The client finds neither end task nor success of a resumed run whose end step is not called end (trap 2).",
        ("end_task", "successful", "finished", "finished_at", "data"),
        lambda case: case.kind == "run" and _resumed_with_another_end(case),
        lambda case: bool(case.ours),
    ),
    Difference(
        "So it does not find the flow's latest successful run either.",
        ("latest_successful_run",),
        lambda case: case.pathspec == "RenamedFlow",
        lambda case: case.ours == case.objects["RenamedFlow"]["latest_run"],
    ),
    Difference(
        "latestSuccessfulRun goes by status, which a caught failure of the end step does not spoil.",
        ("latest_successful_run",),
        lambda case: case.pathspec == "CatchFlow",
        lambda case: case.objects[case.ours]["finished"] is True,
    ),
    Difference(
        "A failed run has ended: the client says when only if its end task failed.",
        ("finished_at",),
        lambda case: case.kind == "run" and case.client is None and case.found["status"] == "FAILED",
        lambda case: case.ours is not None,
    ),
    Difference(
        "An attempt whose process was killed, or could not store its artifacts, has ended: its scheduler wrote that.",
        ("finished_at",),
        lambda case: case.kind in ("task", "step") and case.client is None and case.found["status"] == "FAILED",
        lambda case: case.ours is not None,
    ),
    Difference(
        "A step that never ran is no error, and is left out (trap 5).",
        ("parent_steps", "child_steps"),
        lambda case: case.raised in ("MetaflowNotFound", "KeyError", "TypeError"),
        lambda case: case.ours == _neighbours(case),
    ),
    Difference(
        "Parents and children are known before a task has finished: the run's graph is.",
        ("parent_tasks", "child_tasks"),
        lambda case: case.raised == "KeyError",
        lambda case: case.ours == _tasks_of(case, _neighbours(case)),
    ),
    Difference(
        "finished is None in the client after SystemExit or KeyboardInterrupt: it did not finish.",
        ("finished",),
        lambda case: case.client is None,
        lambda case: case.ours is False,
    ),
    Difference(
        "An exception that @catch caught is told too.",
        ("exception",),
        lambda case: case.client is None and case.found["exception"] is not None,
        lambda case: case.found["exception"]["caught"] and case.found["finished"] and not case.found["successful"],
    ),
    Difference(
        "An attempt that never started does not exist, and none of _parameters is recorded.",
        ("exists",),
        lambda case: case.pathspec.split("/")[2] == "_parameters",
        lambda case: case.attempt == 0,
    ),
    Difference(
        "The pickle of a class that extends set is that of any call: what it was called with is told.",
        ("data",),
        lambda case: case.pathspec.endswith("/tags"),
        lambda case: case.ours == {"__class__": "shapes.Tags", "args": [case.client]},
    ),
    Difference(
        "What never started has no log: of that, the client makes an empty line.",
        ("stdout", "stderr", "stdout_lines", "stderr_lines"),
        lambda case: case.client in (["", ""], [[[None, ""]]]) and case.found["attempt"] is None,
        lambda case: case.ours in ([""], []),
    ),
    Difference(
        "A task without cards is no error (trap 22), nor one that does not record its datastore, as _parameters.",
        ("cards",),
        lambda case: case.raised in ("CardNotPresentException", "UnresolvableDatastoreException"),
        lambda case: case.ours == [],
    ),
    Difference(
        "The cards of each attempt are told apart (trap 22).",
        ("cards",),
        lambda case: case.pathspec.startswith("CardFlow/") and "/end/" in case.pathspec,
        lambda case: len(case.ours) == 1 and case.ours[0] in case.client,
    ),
    Difference(
        "No attempt of _parameters is recorded, where the client says 0.",
        ("current_attempt",),
        lambda case: "/_parameters/" in case.pathspec,
        lambda case: case.ours is None,
    ),
)

DIFFERENCES_OVER_SERVICE = (
    *DIFFERENCES,
    Difference(
        "The service tells the list foreach-stack as PostgreSQL writes arrays; here it is JSON, as in local metadata.",
        ("metadata", "metadata_dict"),
        lambda case: "foreach-stack" in str(case.client),
        lambda case: case.ours == _with_json_lists(case.client),
    ),
)
