"""Every attribute that Metaflow's client has of every object of some runs, against the gateway's answer over HTTP."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any

import pytest

from differences import Case, Difference
from gateways import Gateway

OF_ALL = "createdAt pathspec pathComponents tags userTags systemTags originPathspec parent { pathspec }"
CODE = "code { path info scriptName flowspec tarball { files { path size } } }"
EVENT = "{ name id: eventId timestamp type }"
TRIGGER = f"trigger {{ event {EVENT} events {EVENT} run {{ pathspec }} runs {{ pathspec }} }}"
QUERIES = {
    "flow": OF_ALL + " latestRun { pathspec } latestSuccessfulRun { pathspec } runs(first: 500) { nodes { runId } }",
    "run": OF_ALL + " status successful finished finishedAt endTask { pathspec } steps { name } data { names }"
    f" {CODE} {TRIGGER}",
    "step": OF_ALL + " status task { pathspec } finishedAt parentSteps { pathspec } childSteps { pathspec }"
    " controlTasks { pathspec } tasks(first: 500) { nodes { taskId } } environmentInfo",
    "task": OF_ALL + " status successful finished finishedAt runtimeName attempt index"
    " exception { type message stacktrace caught } metadata { name value type createdAt } metadataDict"
    " parentTasks(first: 500) { nodes { pathspec } } childTasks(first: 500) { nodes { pathspec } }"
    " artifacts { name } data { names } stdout stderr stdoutSize stderrSize"
    f" {CODE} environmentInfo cards {{ type id: cardId hash html }}"
    " stdoutLines: loglines(stream: STDOUT, first: 1000) { nodes { timestamp text } }"
    " stderrLines: loglines(stream: STDERR, first: 1000) { nodes { timestamp text } }",
    "artifact": OF_ALL + " sha size finishedAt data type",
}
KINDS = tuple(QUERIES)
AT_ONCE = {"artifact": 60}  # objects in a query, of as many fields as a document may select; of others 15


def pathspec_of(found: dict[str, Any] | None) -> str | None:
    return found["pathspec"] if found else None


def pathspecs_of(found: list[dict[str, Any]] | None) -> list[str] | None:
    return None if found is None else [of["pathspec"] for of in found]


def exception_of(found: dict[str, Any] | None) -> list[str] | None:
    return [found["type"], found["message"], found["stacktrace"]] if found else None


def by_time(lines: Iterable[list[str]]) -> list[list[list[str]]]:
    """Lines of one microsecond together: among them, the client has the order of random ids."""
    return [sorted(group) for _, group in groupby(lines, key=itemgetter(0))]


def code_of(found: dict[str, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    files = {file["path"]: file["size"] for file in found["tarball"]["files"]}
    return {name: found[ours] for name, ours in CODE_FIELDS.items()} | {"files": files}


CODE_FIELDS = {"path": "path", "info": "info", "script_name": "scriptName", "flowspec": "flowspec"}


def trigger_of(found: dict[str, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    events = [event_of(event) for event in found["events"]]
    runs = {"run": pathspec_of(found["run"]), "runs": pathspecs_of(found["runs"])}
    return {"event": event_of(found["event"]), "events": events, **runs}


def event_of(found: dict[str, Any] | None) -> dict[str, Any] | None:
    return found and {**found, "type": found["type"].lower()}


def cards_of(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    told = [{"sha256": sha256(card.pop("html").encode()).hexdigest(), **card} for card in found]
    return sorted(told, key=itemgetter("hash"))


# The gateway's answer, in the form of the client's attribute.
OURS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "tags": lambda found: found["tags"],
    "user_tags": lambda found: found["userTags"],
    "system_tags": lambda found: found["systemTags"],
    "created_at": lambda found: found["createdAt"],
    "pathspec": lambda found: found["pathspec"],
    "path_components": lambda found: found["pathComponents"],
    "parent": lambda found: pathspec_of(found["parent"]),
    "origin_pathspec": lambda found: found["originPathspec"],
    "latest_run": lambda found: pathspec_of(found["latestRun"]),
    "latest_successful_run": lambda found: pathspec_of(found["latestSuccessfulRun"]),
    "runs": lambda found: [run["runId"] for run in found["runs"]["nodes"]],
    "successful": lambda found: found["successful"],
    "finished": lambda found: found["finished"],
    "finished_at": lambda found: found["finishedAt"],
    "end_task": lambda found: pathspec_of(found["endTask"]),
    "steps": lambda found: [step["name"] for step in found["steps"]],
    "task": lambda found: pathspec_of(found["task"]),
    "parent_steps": lambda found: pathspecs_of(found["parentSteps"]),
    "child_steps": lambda found: pathspecs_of(found["childSteps"]),
    "control_task": lambda found: next(iter(pathspecs_of(found["controlTasks"]) or []), None),
    "control_tasks": lambda found: pathspecs_of(found["controlTasks"]),
    "tasks": lambda found: [task["taskId"] for task in found["tasks"]["nodes"]],
    "exception": lambda found: exception_of(found["exception"]),
    "runtime_name": lambda found: found["runtimeName"],
    "current_attempt": lambda found: found["attempt"],
    "index": lambda found: found["index"],
    "metadata": lambda found: sorted(
        [event["name"], event["value"], event["type"], event["createdAt"]] for event in found["metadata"]
    ),
    "metadata_dict": lambda found: found["metadataDict"],
    "parent_tasks": lambda found: sorted(pathspecs_of(found["parentTasks"]["nodes"]) or []),
    "child_tasks": lambda found: sorted(pathspecs_of(found["childTasks"]["nodes"]) or []),
    "stdout": lambda found: sorted(found["stdout"].split("\n")),
    "stderr": lambda found: sorted(found["stderr"].split("\n")),
    "stdout_size": lambda found: found["stdoutSize"],
    "stderr_size": lambda found: found["stderrSize"],
    "stdout_lines": lambda found: by_time([line["timestamp"], line["text"]] for line in found["stdoutLines"]["nodes"]),
    "stderr_lines": lambda found: by_time([line["timestamp"], line["text"]] for line in found["stderrLines"]["nodes"]),
    "code": lambda found: code_of(found["code"]),
    "environment_info": lambda found: found["environmentInfo"],
    "trigger": lambda found: trigger_of(found["trigger"]),
    "cards": lambda found: cards_of(found["cards"]),
    "artifacts": lambda found: [artifact["name"] for artifact in found["artifacts"]],
    "sha": lambda found: found["sha"],
    "size": lambda found: found["size"],
    "data": lambda found: found["data"]["names"] if "names" in (found["data"] or ()) else found["data"],
}


def text(value: Any) -> str:
    """A metadata value as the gateway tells it: JSON text, where it is no text."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# The client's answer in a form that does not depend on the order of a directory.
CLIENTS: dict[str, Callable[[Any], Any]] = {
    "parent": lambda key: key and key.partition("@")[0],
    "exception": lambda raised: raised and [raised["type"], raised["exception"], raised["stacktrace"]],
    "metadata": lambda events: sorted(
        [event["name"], text(event["value"]), event["type"], time(event["created_at"])] for event in events
    ),
    "metadata_dict": lambda latest: {name: text(value) for name, value in latest.items()},
    "stdout": lambda text: sorted(text.split("\n")),
    "stderr": lambda text: sorted(text.split("\n")),
    "stdout_lines": by_time,
    "stderr_lines": by_time,
    "parent_tasks": sorted,
    "child_tasks": sorted,
    "trigger": lambda trigger: trigger and {name: trigger[name] for name in trigger if name != "by_name"},
}


def in_groups(parent: str, names: list[str], objects: dict[str, dict[str, Any]]) -> list[list[str]]:
    """Children of one millisecond together: among them, the client has the order of the directory."""
    times = [objects[f"{parent}/{name}"]["created_at"] for name in names]
    together = groupby(zip(times, names, strict=True), key=itemgetter(0))
    return [sorted(name for _, name in group) for _, group in together]


def in_turns(items: list[str], size: int) -> Iterator[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def asked(gateway: Gateway, keys: list[str]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """The gateway's answer about each object, which a key names by its pathspec and `@attempt`; None for no object."""
    for kind in KINDS:
        of_kind = [key for key in keys if KINDS[key.count("/")] == kind]
        for some in in_turns(of_kind, AT_ONCE.get(kind, 15)):
            fields = " ".join(f"o{number}: {_lookup(kind, key)} {{ ...all }}" for number, key in enumerate(some))
            on = "DataArtifact" if kind == "artifact" else kind.capitalize()
            found = gateway.data(f"{{ {fields} }} fragment all on {on} {{ {QUERIES[kind]} }}")
            yield from ((key, found[f"o{number}"]) for number, key in enumerate(some))


def _lookup(kind: str, key: str) -> str:
    pathspec, _, attempt = key.partition("@")
    given = f"{'name' if kind == 'flow' else 'pathspec'}: {json.dumps(pathspec)}"
    return f"{kind}({given}{f', attempt: {attempt}' if attempt else ''})"


def cases(gateway: Gateway, objects: dict[str, dict[str, Any]]) -> Iterator[Case]:
    for key, found in asked(gateway, list(objects)):
        pathspec, _, number = key.partition("@")
        kind, attempt = KINDS[pathspec.count("/")], int(number) if number else None
        if found is None:
            yield Case(kind, pathspec, attempt, "exists", True, False, {}, objects)
            continue
        for attribute, client in objects[key].items():
            if kind == "artifact" and attribute in ("data", "own_data"):
                continue
            raised = Case(kind, pathspec, attempt, attribute, client, None, found, objects).raised
            theirs: Any = client if raised or attribute not in CLIENTS else CLIENTS[attribute](client)
            ours = OURS[attribute](found)
            if attribute in ("runs", "steps", "tasks"):
                theirs, ours = (in_groups(pathspec, names, objects) for names in (theirs, ours))
            yield Case(kind, pathspec, attempt, attribute, theirs, ours, found, objects)
        if kind == "artifact":
            value = objects[key].get("own_data", objects[key]["data"])
            if "error" not in value:
                yield Case(kind, pathspec, attempt, "data", value["json"], found["data"], found, objects)


def compare(
    gateway: Gateway,
    oracle: dict[str, Any],
    differences: tuple[Difference, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Compares all, prints how much that is, and fails for what differs without a reason, or has one that is none."""
    compared: Counter[str] = Counter()
    meant: Counter[str] = Counter()
    wrong: list[str] = []
    for case in cases(gateway, oracle["objects"]):
        compared[f"{case.kind}.{case.attribute}"] += 1
        if case.ours != case.client:
            why = reason(case, differences)
            meant[why or "no reason"] += 1
            if why is None:
                wrong.append(f"{case.pathspec} {case.attempt} {case.attribute}: {case.ours} is not {case.client}"[:500])
    with capsys.disabled():
        print(f"\n{compared.total()} attributes of {len(oracle['objects'])} objects compared, {meant.total()} differ:")
        print(*(f"{count:6} {why}" for why, count in meant.items()), sep="\n")
    assert not wrong, wrong[:10]
    assert set(meant) == {difference.reason for difference in differences}
    assert compared.total() > 10_000


def reason(case: Case, differences: tuple[Difference, ...]) -> str | None:
    """Why the answers differ on purpose; None where they must not, or not in this way."""
    found = [d for d in differences if case.attribute in d.attributes and d.applies(case) and d.meant(case)]
    return found[0].reason if found else None
