"""All that Metaflow's own client answers about the runs that the environment names: `python tests/oracle.py FILE`.

FILE holds

    {"metaflow": "2.19.39",
     "flows": ["LinearFlow", ...],
     "objects": {"LinearFlow/17/start/1": {"successful": true, ...}, "LinearFlow/17/start/1@0": {...}, ...},
     "namespaces": {"user:tester": {"flows": [...], "runs": {...}, "latest_run": {...}, ...}, ...}}

Keys are pathspecs; `@0` is the object as of attempt 0. Answers are plain JSON: times are RFC 3339 in UTC, sets are
sorted, objects of the client are the keys that they have here. What the client raises is `{"error": "Class: message"}`.
A value is `{"type": "<class 'int'>", "json": its JSON view}`.
"""

import datetime as dt
import hashlib
import importlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from metaflow.client.core import DataArtifact, Flow, Metadata, Metaflow, Run, Step, Task, namespace
from metaflow.exception import MetaflowExceptionWrapper
from metaflow.plugins.cards.card_client import get_cards
from metaflow.plugins.metadata_providers.service import ServiceMetadataProvider

from json_view import json_view

KINDS = (Flow, Run, Step, Task, DataArtifact)
# Those that have classes of their own, which Metaflow's client cannot find.
FLOWS_WITH_CLASSES = ("values",)
# An iteration leaves them out; by name they answer.
HIDDEN_ARTIFACTS = (
    *("_catch_exception", "_configs_processed", "_control_mapper_tasks", "_control_task_is_mapper_zero"),
    *("_current_step", "_exception", "_foreach_num_splits", "_foreach_stack", "_foreach_values", "_foreach_var"),
    *("_graph_info", "_iteration_stack", "_parallel_ubf_iter", "_success", "_task_ok", "_transition"),
    "_unbounded_foreach",
)
NAMESPACES = ("user:tester", "user:alice", "production:token-1", "nightly", "user:nobody")

OF_ALL = ("tags", "user_tags", "system_tags", "created_at", "pathspec", "path_components", "parent", "origin_pathspec")
OF_KIND: dict[Any, tuple[str, ...]] = {
    Flow: ("latest_run", "latest_successful_run"),
    Run: ("successful", "finished", "finished_at", "end_task", "code", "trigger"),
    Step: ("task", "finished_at", "environment_info", "parent_steps", "child_steps", "control_task"),
    Task: (
        *("successful", "finished", "finished_at", "exception", "runtime_name", "current_attempt", "index"),
        *("metadata", "metadata_dict", "parent_tasks", "child_tasks", "code", "environment_info"),
        *("stdout_size", "stderr_size", "stdout", "stderr"),
    ),
    DataArtifact: ("sha", "size", "finished_at"),
}
# Most artifacts are Metaflow's own; these are answered from their own records alone, which is quick.
OF_HIDDEN = ("pathspec", "created_at", *OF_KIND[DataArtifact])

Answers = dict[str, Any]


def answer(ask: Callable[[], Any]) -> Any:
    """What the client says, as JSON, or what it raises."""
    try:
        return plain(ask())
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def plain(value: Any) -> Any:
    """An answer of the client as JSON; not for the values of artifacts."""
    if isinstance(value, KINDS):
        return key(value)
    if isinstance(value, dt.datetime):
        return rfc3339(value)
    if isinstance(value, Metadata):
        return {name: getattr(value, name) for name in ("name", "value", "type", "created_at")}
    if isinstance(value, MetaflowExceptionWrapper):
        return {name: getattr(value, name) for name in ("type", "exception", "stacktrace")}
    if isinstance(value, (set, frozenset)):
        return sorted(cast("set[str]", value))
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in cast("Mapping[Any, Any]", value).items()}
    if hasattr(value, "script_name"):
        return code(value)
    if hasattr(value, "events"):
        return trigger(value)
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [plain(item) for item in cast("Iterable[Any]", value)]
    return value


def key(of: Any) -> str:
    attempt = getattr(of, "_attempt", None)
    return str(of.pathspec) if attempt is None else f"{of.pathspec}@{attempt}"


def rfc3339(time: dt.datetime) -> str:
    """The client's times have no zone; here they are UTC (TZ)."""
    return time.isoformat(timespec="milliseconds") + "Z"


def loglines(task: Any, stream: str) -> list[tuple[str | None, str]]:
    """The lines of a log, with their times to the microsecond."""
    return [(time and time.isoformat(timespec="microseconds") + "Z", line) for time, line in task.loglines(stream)]


def code(of: Any) -> Answers:
    """A code package: its path, info, script, and the size of each file of it."""
    return {
        "path": of.path,
        "info": of.info,
        "script_name": of.script_name,
        "flowspec": of.flowspec.decode(),
        "files": {member.name: member.size for member in of.tarball.getmembers() if member.isfile()},
    }


def trigger(of: Any) -> Answers:
    events: list[Any] = of.events or []
    return {
        "event": answer(lambda: of.event and _event(of.event)),
        "events": [_event(event) for event in events],
        "run": answer(lambda: of.run),
        "runs": answer(lambda: of.runs),
        "by_name": {event.name: answer(lambda name=event.name: _event_or_run(of[name])) for event in events},
    }


def _event_or_run(found: Any) -> Any:
    return found if isinstance(found, Run) else _event(found)


def _event(event: Any) -> Answers:
    return {name: plain(getattr(event, name)) for name in ("name", "id", "timestamp", "type")}


def value(read: Callable[[], Any]) -> Any:
    """The type and JSON view of an artifact's object."""
    try:
        read_value = read()
        return {"type": str(cast("object", type(read_value))), "json": json_view(read_value)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def listed(of: Any) -> list[str]:
    """The children's own names, in the client's order."""
    return [child.id for child in of]


class Oracle:
    """The answers about one object after the other, downwards from the flows."""

    def __init__(self) -> None:
        self.objects: dict[str, Answers] = {}

    def everything(self) -> None:
        for flow in Metaflow().flows:
            self.note(flow, {"runs": answer(lambda flow=flow: listed(flow))})
            for run in flow:
                self.run(run)

    def note(self, of: Any, more: Answers, names: tuple[str, ...] = ()) -> None:
        names = names or (*OF_ALL, *OF_KIND[type(of)])
        asked = {name: answer(lambda name=name: getattr(of, name)) for name in names}
        self.objects[key(of)] = asked | more

    def run(self, run: Any) -> None:
        self.note(run, {"steps": answer(lambda: listed(run)), "data": answer(lambda: values_of(run.data))})
        for step in [*run, run["_parameters"]]:
            more = {"tasks": answer(lambda step=step: listed(step))}
            more["control_tasks"] = answer(lambda step=step: list(step.control_tasks()))
            self.note(step, more)
            for task in step:
                at_attempts = [Task(task.pathspec, attempt=attempt) for attempt in range(task.current_attempt + 1)]
                # All sizes first: who reads the log as of an attempt spoils the client's cache for them.
                for seen in (task, *at_attempts):
                    self.artifacts(seen)
                for seen in (task, *at_attempts):
                    self.task(seen)

    def artifacts(self, task: Any) -> None:
        for artifact in task:
            self.note(artifact, {"data": value(lambda artifact=artifact: artifact.data)})
        for artifact in [task[name] for name in HIDDEN_ARTIFACTS if name in task]:
            self.note(artifact, {"data": value(lambda artifact=artifact: artifact.data)}, OF_HIDDEN)

    def task(self, task: Any) -> None:
        more = {
            "artifacts": answer(lambda: sorted(listed(task))),
            "data": answer(lambda: values_of(task.data)),
            "stdout_lines": answer(lambda: loglines(task, "stdout")),
            "stderr_lines": answer(lambda: loglines(task, "stderr")),
            "cards": answer(lambda: cards(task)),
        }
        self.note(task, more)

    def objects_of_own_classes(self) -> None:
        """Answers of the client if it found the classes of the flows' own files, as `own_data`."""
        main = sys.modules["__main__"]
        for flow in FLOWS_WITH_CLASSES:
            for name, found in vars(importlib.import_module(flow)).items():
                if getattr(found, "__module__", None) == flow:
                    found.__module__ = "__main__"
                    setattr(main, name, found)
        for pathspec, answers in self.objects.items():
            if "'__main__'" in str(answers.get("data")) and pathspec.count("/") == 4:
                path, _, attempt = pathspec.partition("@")
                artifact = DataArtifact(path, attempt=int(attempt) if attempt else None)
                answers["own_data"] = value(lambda artifact=artifact: artifact.data)


def values_of(data: Any) -> Any:
    """The names that a MetaflowData holds; their values stand with the artifacts."""
    return None if data is None else sorted(name for name in data._artifacts)


def cards(task: Any) -> list[Answers]:
    found: list[Any] = list(get_cards(task))
    told = [{"type": card.type, "id": card.id, "hash": card.hash, "sha256": _sha256(card.get())} for card in found]
    return sorted(told, key=lambda card: card["hash"])


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def ask_once() -> None:
    """A service is asked once for what the client asks again and again: nothing changes there meanwhile."""
    session: Any = cast(Any, ServiceMetadataProvider)._session
    ask: Callable[..., Any] = session.get
    answers: dict[str, Any] = {}

    def get(url: str, **settings: Any) -> Any:
        if url not in answers:
            answers[url] = ask(url, **settings)
        return answers[url]

    session.get = get


def seen_in(tag: str) -> Answers:
    """What is there for who looks from the namespace `tag`."""
    namespace(tag)
    flows = sorted(Metaflow().flows, key=lambda flow: flow.id)
    return {
        "flows": [flow.id for flow in flows],
        "runs": {flow.id: [run.id for run in flow] for flow in flows},
        "latest_run": {flow.id: answer(lambda flow=flow: flow.latest_run) for flow in flows},
        "latest_successful_run": {flow.id: answer(lambda flow=flow: flow.latest_successful_run) for flow in flows},
    }


def main(file: Path) -> None:
    ask_once()
    namespace(None)
    flows = [flow.id for flow in Metaflow().flows]
    runs = [run.pathspec for flow in flows for run in Flow(flow)]
    oracle = Oracle()
    oracle.everything()
    oracle.objects_of_own_classes()
    namespaces = {
        tag: seen_in(tag) | {"object": {run: answer(lambda run=run: Run(run)) for run in runs}} for tag in NAMESPACES
    }
    found = {"metaflow": version("metaflow"), "flows": flows, "objects": oracle.objects, "namespaces": namespaces}
    file.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
