"""The recorded traffic of a real service, and a store that holds the runs behind it."""

import json
from pathlib import Path
from typing import Any, NamedTuple, cast

from .store import Row, Store

_FOLDER = Path(__file__).parent / "recorded"
# What the named run and its tasks are called in the database.
_HIDDEN = {
    "argo-linearflow-0f226d": 8,
    "argo-linearflow-0f226d-params": 38,
    "start-8f3a": 39,
    "middle-8f3a": 40,
    "end-8f3a": 41,
}
# These change what they tell.
_CHANGING = ("tags", "writes")


class Exchange(NamedTuple):
    """A request and its reply; `told` is what its JSON says, or `text`."""

    file: str
    name: str
    method: str
    path: str
    headers: dict[str, str]
    body: str | None
    status: int
    reply_headers: dict[str, str]
    told: Any
    text: bool


def exchanges(file: str) -> list[Exchange]:
    """Those of a file, in their order."""
    recorded = json.loads((_FOLDER / f"{file}.json").read_text())["exchanges"]
    return [_exchange(file, **one) for one in recorded]


def _exchange(file: str, name: str, request: dict[str, Any], reply: dict[str, Any], note: str = "") -> Exchange:
    query = f"?{request['query']}" if "query" in request else ""
    body = json.dumps(request["json"]) if "json" in request else request.get("text")
    return Exchange(
        *(file, name, request["method"], request["path"] + query, request.get("headers", {}), body),
        *(reply["status"], reply["headers"], reply.get("json", reply.get("text")), "text" in reply),
    )


class Rows:
    """The rows that the recordings tell of."""

    def __init__(self) -> None:
        self.flows: dict[str, Row] = {}
        self.runs: dict[int, Row] = {}
        self.steps: dict[tuple[int, str], Row] = {}
        self.tasks: dict[int, Row] = {}
        self.metadata: dict[int, Row] = {}
        self.artifacts: dict[tuple[int, int, str], Row] = {}

    def note(self, row: Row, *, made: bool) -> None:
        """`made`: its tags are those at its making."""
        if "run_number" not in row:
            self.flows.setdefault(row["flow_id"], row)
            return
        if "step_name" not in row:
            self.runs[_number(row["run_number"])] = row
            return
        run, step = _number(row["run_number"]), row["step_name"]
        if "task_id" not in row:
            self.steps[run, step] = row
            self.runs.setdefault(run, row)
            return
        self.steps.setdefault((run, step), row)
        task = _number(row["task_id"])
        self.tasks.setdefault(task, row)
        if "field_name" in row:
            self.metadata[row["id"]] = row
            return
        # Of some runs only what is below them was asked for.
        self.runs.setdefault(run, row)
        if "sha" in row:
            self.artifacts[task, row["attempt_id"], row["name"]] = row
        elif "made_tags" not in self.tasks[task]:
            self.tasks[task] = {**row, "made_tags": row["tags"] if made else None}


def _number(of: int | str) -> int:
    return _HIDDEN[of] if of in _HIDDEN else int(of)


def recorded_store() -> Store:
    """The runs behind the recordings; its clock stands still, long after all of them ended."""
    rows = Rows()
    for path in sorted(_FOLDER.glob("*.json")):
        for one in exchanges(path.stem) if path.stem not in _CHANGING else ():
            if one.status == 200 and one.method == "GET":
                for row in cast("list[Any]", one.told if isinstance(one.told, list) else [one.told]):
                    if isinstance(row, dict):
                        rows.note(cast("Row", row), made=path.stem == "older-releases")
    store = Store()
    store.clock = lambda: 1795474000000
    _write(store, rows)
    _write_what_was_not_recorded(store)
    return store


def _write(store: Store, rows: Rows) -> None:
    for flow in rows.flows.values():
        store.insert("flows", flow_id=flow["flow_id"], ts_epoch=flow["ts_epoch"])
    for key, run in sorted(rows.runs.items()):
        named = run["run_number"] if isinstance(run["run_number"], str) else None
        tags = {name: json.dumps(run[name]) for name in ("tags", "system_tags")}
        store.insert("runs", run_key=key, run_id=named, **_of(run, "flow_id", "last_heartbeat_ts"), **tags)
    for (key, _), step in sorted(rows.steps.items()):
        store.insert("steps", run_key=key, **_of(step, "step_name"))
    for key, task in sorted(rows.tasks.items()):
        named = task["task_id"] if not str(task["task_id"]).isnumeric() else None
        made = json.dumps(task["made_tags"]) if task.get("made_tags") else None
        columns = _of(task, "step_name", "last_heartbeat_ts")
        run = _number(task["run_number"])
        store.insert("tasks", task_key=key, run_key=run, task_name=named, tags=made, **columns)
    for key, datum in sorted(rows.metadata.items()):
        of_row = _of(datum, "field_name", "value", "type")
        store.insert("metadata", id=key, task_key=_number(datum["task_id"]), tags=json.dumps(datum["tags"]), **of_row)
    names = ("attempt_id", "name", "location", "ds_type", "sha", "type", "content_type")
    for (task, _, _), artifact in rows.artifacts.items():
        store.insert("artifacts", task_key=task, **_of(artifact, *names))


def _of(row: Row, *names: str) -> Row:
    return {name: row.get(name) for name in (*names, "user_name", "ts_epoch")}


def _write_what_was_not_recorded(store: Store) -> None:
    """The end of the run whose status is all that was asked for."""
    of_end = {"run_key": 2, "step_name": "end"}
    store.insert("steps", **of_end)
    store.insert("tasks", task_key=8, **of_end)
    store.insert("metadata", id=111, task_key=8, field_name="attempt_ok", value="True", ts_epoch=1795473105000)
