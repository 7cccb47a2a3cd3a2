"""Datastores in S3 made by hand: what Metaflow would leave there."""

import hashlib
import json
import pickle
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import s3

PRE = "pre/fix"
MICROSECONDS = 1_795_000_000_000_000


def sha_of(value: object) -> str:
    return hashlib.sha1(pickle.dumps(value, 4)).hexdigest()


def put_attempt(
    server: s3.Server, task: str, attempt: int = 0, names: Iterable[str] = ("attempt.json", "task_begin"), **more: bytes
) -> None:
    """Files of an attempt; `more`: with these contents, `data_json` and the like."""
    contents = dict.fromkeys(names, b"{}") | {name.replace("_json", ".json"): more[name] for name in more}
    for name, content in contents.items():
        server.put(f"{PRE}/{task}/{attempt}.{name}", content)


def put_done(server: s3.Server, task: str, attempt: int = 0, **values: object) -> None:
    """An attempt that has ended, with these artifacts, which are not stored themselves."""
    values = {"_task_ok": True, "_success": True, **values}
    data = {"objects": {name: sha_of(value) for name, value in values.items()}, "info": {"x": {"size": 5}}}
    put_attempt(server, task, attempt, ["attempt.json", "task_begin", "DONE.lock"], data_json=json.dumps(data).encode())


def put_run(server: s3.Server, run: str, steps: Mapping[str, Sequence[str]] | None = None) -> str:
    """A run that has succeeded; `steps`: the ids of the tasks of each."""
    put_done(server, f"{run}/_parameters/0")
    for step, tasks in (steps or {"start": ["1"], "end": ["2"]}).items():
        for task in tasks:
            put_done(server, f"{run}/{step}/{task}")
    return run


def put_bare_runs(server: s3.Server, ids: Iterable[str], flow: str = "Many") -> None:
    """Runs of which there is but one file."""
    for run_id in ids:
        server.put(f"{PRE}/{flow}/{run_id}/_parameters/0/0.attempt.json", b"{}")


def numbered(count: int) -> list[str]:
    return [str(MICROSECONDS + number) for number in range(count)]


def modified(server: s3.Server, key: str) -> str:
    """When an object was stored, as the gateway tells times."""
    at = server.boto.head_object(Bucket=s3.BUCKET, Key=f"{PRE}/{key}")["LastModified"]
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def errors_of(answer: dict[str, Any]) -> list[tuple[list[str | int], str, str, object]]:
    """The path of each error, its message, code, and whether to try again."""
    return [
        (error["path"], error["message"], error["extensions"]["code"], error["extensions"].get("retryable"))
        for error in answer["errors"]
    ]
