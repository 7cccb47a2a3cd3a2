"""Clients that keep answers by the rules of HTTP, and what may happen meanwhile."""

import json
import os
import shutil
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from hishel import CacheOptions, SqliteStorage
from hishel.httpx import CacheTransport
from starlette.types import ASGIApp

from in_process import Calls

LATER_MS = 3_600_000


@contextmanager
def keeping(app: ASGIApp) -> Generator[httpx.Client]:
    """A client of an application with a private cache, as a browser has one (RFC 9111)."""
    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
        cache = CacheTransport(Calls(app), SqliteStorage(connection=connection), CacheOptions(shared=False))
        with httpx.Client(transport=cache, base_url="http://gateway") as client:
            yield client


def read(
    client: httpx.Client,
    query: str,
    headers: Mapping[str, str] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> httpx.Response:
    """The answer to a query by GET."""
    parameters = {"query": query, "variables": json.dumps(variables)}
    return client.get("/graphql", params=parameters, headers=headers)


def try_again(task: Path, *, done: bool = True) -> None:
    """A task's folder after another attempt, which stored other values under the same names."""
    for file in task.glob("0.*"):
        if done or file.name == "0.attempt.json":
            shutil.copy(file, file.with_name(f"1{file.name[1:]}"))
    if done:
        _store_others(task)
    for file in list((task / "_meta").glob("sysmeta_*")):
        event = json.loads(file.read_text())
        if "attempt_id:0" in event["tags"] and (done or event["field_name"] == "attempt"):
            event["ts_epoch"] += LATER_MS
            event["tags"] = ["attempt_id:1"]
            event["value"] = "1" if event["field_name"] in ("attempt", "attempt-done") else event["value"]
            _write(file.with_name(f"sysmeta_{event['field_name']}_{event['ts_epoch']}.json"), event)


def _store_others(task: Path) -> None:
    """Each artifact of people's gets the value of the one before it; the last is not there any more."""
    files = sorted((task / "_meta").glob("0_artifact_*.json"))
    own = {file: json.loads(file.read_text()) for file in files}
    shas = {one["name"]: one["sha"] for one in own.values()}
    *names, left_out = [name for name in shas if not name.startswith("_")]
    others = shas | dict(zip(names, [shas[left_out], *(shas[name] for name in names)], strict=False))
    del others[left_out]
    for file, one in own.items():
        if one["name"] in others:
            changed = one | {"sha": others[one["name"]], "attempt_id": 1, "ts_epoch": one["ts_epoch"] + LATER_MS}
            _write(file.with_name(f"1{file.name[1:]}"), changed)
    stored = json.loads((task / "1.data.json").read_text())
    _write(task / "1.data.json", stored | {"attempt": 1, "objects": others})


def _write(file: Path, content: Any) -> None:
    """As Metaflow does, under another name first."""
    written = file.with_name(f"tmp{os.getpid()}{file.name}")
    written.write_text(json.dumps(content))
    written.rename(file)
