"""A made history of many runs: written by SQL from what one run consists of, 2 million rows in seconds."""

import json
import sqlite3
from random import Random
from typing import NamedTuple

from .made_run import KINDS, ROOT, STEP_TIMES, artifacts, metadata, tasks
from .store import Store

USERS = ("alice", "bob", "carol", "dave")
# Between the starts of two runs: none but those that are running can have had a heartbeat of late.
APART = 20 * 60 * 1000

_TEMPLATES = """
CREATE TEMP TABLE made (kind TEXT, run_key INTEGER PRIMARY KEY, first_task INTEGER, starts INTEGER);
CREATE TEMP TABLE made_steps (kind TEXT, step_name TEXT, at INTEGER);
CREATE TEMP TABLE made_tasks (kind TEXT, ordinal INTEGER, step_name TEXT, at INTEGER);
CREATE TEMP TABLE made_metadata (
    kind TEXT, ordinal INTEGER, field_name TEXT, value TEXT, type TEXT, tags TEXT, at INTEGER);
CREATE INDEX temp.made_metadata_of ON made_metadata (kind);
CREATE TEMP TABLE made_artifacts (kind TEXT, ordinal INTEGER, name TEXT, sha TEXT, at INTEGER);
CREATE INDEX temp.made_artifacts_of ON made_artifacts (kind);
"""
# CROSS keeps the order of the runs: rows come to their tables' ends, which is fast.
_ROWS = f"""
INSERT INTO steps (run_key, step_name, user_name, ts_epoch)
    SELECT run_key, step_name, user_name, starts + at FROM made CROSS JOIN made_steps USING (kind)
    JOIN runs USING (run_key);
INSERT INTO tasks (task_key, run_key, step_name, task_name, user_name, ts_epoch, last_heartbeat_ts)
    SELECT first_task + ordinal, run_key, step_name, step_name || '-' || substr(run_id, -6) || '-' || ordinal,
        user_name, starts + at, min((starts + at) / 1000 + 5, last_heartbeat_ts)
    FROM made CROSS JOIN made_tasks USING (kind) JOIN runs USING (run_key);
INSERT INTO metadata (task_key, field_name, value, type, user_name, ts_epoch, tags)
    SELECT first_task + ordinal, field_name, ifnull(value, user_name), type, user_name, starts + at, m.tags
    FROM made CROSS JOIN made_metadata m USING (kind) JOIN runs USING (run_key);
INSERT INTO artifacts (
    task_key, attempt_id, name, location, ds_type, sha, type, content_type, user_name, ts_epoch)
    SELECT first_task + ordinal, 0, name, ':root:{ROOT}', 's3',
        ifnull(sha, printf('%040x', run_key * 1000 + ordinal * 100 + a.rowid)), 'metaflow.artifact', 'pickle-v4',
        user_name, starts + at
    FROM made CROSS JOIN made_artifacts a USING (kind) JOIN runs USING (run_key);
"""
_MADE = ("made", "made_steps", "made_tasks", "made_metadata", "made_artifacts")


class History(NamedTuple):
    """What was made: names of flows, numbers of runs, oldest first, and their kinds."""

    flows: tuple[str, ...]
    runs: range
    kinds: tuple[str, ...]


def fill(
    store: Store,
    flows: int = 57,
    runs: int = 10_000,
    *,
    failed: float = 0.15,
    running: int = 5,
    named: float = 0.1,
    seed: int = 0,
) -> History:
    """Runs of MadeFlow00 (every other one) and of others in turn; the newest `running` of them have not ended.

    `failed` and `named` are shares; users are `USERS`, a run's tags are "nightly" or "team:ml" or none.
    """
    chance = Random(seed)
    names = tuple(f"MadeFlow{number:02}" for number in range(flows))
    shares = [failed if kind == "failed" else 1 - failed for kind in KINDS[:2]]
    kinds = (*chance.choices(KINDS[:2], shares, k=max(runs - running, 0)), *("running",) * min(running, runs))
    first_run, first_task = (_last(store, table) + 1 for table in ("runs", "tasks"))
    now = store.clock()
    with store.writing() as connection:
        _templates(connection)
        of_flow = [(name, now - (runs + 1) * APART) for name in names]
        connection.executemany("INSERT OR IGNORE INTO flows VALUES (?, ?)", of_flow)
        sizes = {kind: len(tasks(kind)) for kind in KINDS}
        for place, kind in enumerate(kinds):
            # The newest began seconds ago.
            starts = now - 10_000 - (runs - 1 - place) * (1_000 if kind == "running" else APART)
            flow = names[0 if place % 2 == 0 or flows == 1 else 1 + place // 2 % (flows - 1)]
            _run(connection, chance, first_run + place, flow, kind, starts, chance.random() < named)
            connection.execute("INSERT INTO made VALUES (?, ?, ?, ?)", (kind, first_run + place, first_task, starts))
            first_task += sizes[kind]
        for statement in _ROWS.split(";\n"):
            connection.execute(statement)
        for table in _MADE:
            connection.execute(f"DROP TABLE {table}")
    return History(names, range(first_run, first_run + runs), kinds)


def _run(
    connection: sqlite3.Connection, chance: Random, key: int, flow: str, kind: str, starts: int, has_name: bool
) -> None:
    user = chance.choice(USERS)
    tags = chance.choice(([], [], ["nightly"], ["nightly", "team:ml"], ["team:ml"]))
    system = [f"user:{user}", "runtime:dev", "python_version:3.11.7", "metaflow_version:2.19.39"]
    name = f"argo-{flow.lower()}-{key:06x}" if has_name else None
    if has_name:
        system += [f"production:{flow.lower()}-0"]
    heartbeat = starts // 1000 + {"completed": 40, "failed": 12, "running": 8}[kind]
    values = (key, flow, name, user, starts, json.dumps(tags), json.dumps(system), heartbeat)
    connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


def _templates(connection: sqlite3.Connection) -> None:
    for statement in _TEMPLATES.split(";\n"):
        connection.execute(statement)
    for kind in KINDS:
        of_kind = tasks(kind)
        steps = {task.step: STEP_TIMES[task.step] for task in of_kind}
        for table, rows in {
            "made_steps": [*steps.items()],
            "made_tasks": [task[:3] for task in of_kind],
            "made_metadata": [row for task in of_kind for row in metadata(task)],
            "made_artifacts": [row for task in of_kind for row in artifacts(task)],
        }.items():
            marks = ", ".join("?" * (1 + len(rows[0])))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", [(kind, *row) for row in rows])


def _last(store: Store, table: str) -> int:
    found = store.row("SELECT seq FROM sqlite_sequence WHERE name = ?", table)
    return found["seq"] if found else 0
