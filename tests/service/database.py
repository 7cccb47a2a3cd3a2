"""The tables and views of the store, and the functions that their SQL calls."""

import re
import sqlite3
from collections.abc import Callable
from typing import Any

# A key is the number that every run and task has; an id or name is what it is called if it has a name of its own.
# Tags are JSON; those of steps, tasks and artifacts are as they were at their making, or null for the run's.
TABLES = """
CREATE TABLE IF NOT EXISTS flows (flow_id TEXT PRIMARY KEY, ts_epoch INTEGER);
CREATE TABLE IF NOT EXISTS runs (
    run_key INTEGER PRIMARY KEY AUTOINCREMENT, flow_id TEXT, run_id TEXT, user_name TEXT, ts_epoch INTEGER,
    tags TEXT, system_tags TEXT, last_heartbeat_ts INTEGER);
CREATE UNIQUE INDEX IF NOT EXISTS runs_by_id ON runs (flow_id, run_id);
CREATE INDEX IF NOT EXISTS runs_by_time ON runs (flow_id, ts_epoch, run_key);
CREATE TABLE IF NOT EXISTS steps (
    run_key INTEGER, step_name TEXT, user_name TEXT, ts_epoch INTEGER, tags TEXT, system_tags TEXT,
    PRIMARY KEY (run_key, step_name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tasks (
    task_key INTEGER PRIMARY KEY AUTOINCREMENT, run_key INTEGER, step_name TEXT, task_name TEXT, user_name TEXT,
    ts_epoch INTEGER, tags TEXT, system_tags TEXT, last_heartbeat_ts INTEGER);
CREATE UNIQUE INDEX IF NOT EXISTS tasks_by_name ON tasks (run_key, step_name, task_name);
CREATE TABLE IF NOT EXISTS metadata (
    id INTEGER PRIMARY KEY AUTOINCREMENT, task_key INTEGER, field_name TEXT, value TEXT, type TEXT, user_name TEXT,
    ts_epoch INTEGER, tags TEXT);
CREATE INDEX IF NOT EXISTS metadata_by_task ON metadata (task_key);
CREATE TABLE IF NOT EXISTS artifacts (
    task_key INTEGER, attempt_id INTEGER, name TEXT, location TEXT, ds_type TEXT, sha TEXT, type TEXT,
    content_type TEXT, user_name TEXT, ts_epoch INTEGER, tags TEXT, system_tags TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS artifacts_by_task ON artifacts (task_key, attempt_id, name);
"""

# Columns are in the order of the service's objects; those after system_tags of the run are for questions only.
VIEWS = """
CREATE TEMP VIEW flow_view AS SELECT
    flow_id, NULL AS user_name, ts_epoch, NULL AS tags, NULL AS system_tags FROM flows;
CREATE TEMP VIEW run_view AS SELECT
    flow_id, ifnull(run_id, run_key) AS run_number, user_name, ts_epoch, tags, system_tags, last_heartbeat_ts,
    (SELECT r.user_name FROM json_each(r.system_tags) AS tag WHERE tag.value = 'user:' || r.user_name) AS user,
    run_key, run_id FROM runs r;
CREATE TEMP VIEW state_view AS SELECT run_view.*, state(
        (SELECT m.value FROM tasks t JOIN metadata m USING (task_key)
         WHERE t.run_key = run_view.run_key AND t.step_name = 'end' AND m.field_name = 'attempt_ok'
         ORDER BY m.ts_epoch DESC, m.id DESC LIMIT 1),
        (SELECT max(m.ts_epoch) FILTER (WHERE m.field_name = 'attempt')
              > max(m.ts_epoch) FILTER (WHERE m.field_name = 'attempt_ok')
         FROM tasks t JOIN metadata m USING (task_key)
         WHERE t.run_key = run_view.run_key AND t.step_name = 'end'),
        last_heartbeat_ts) AS status
    FROM run_view;
CREATE TEMP VIEW step_view AS SELECT
    flow_id, ifnull(run_id, '' || run_key) AS run_number, step_name, s.user_name, s.ts_epoch, r.tags, r.system_tags,
    ifnull(s.tags, r.tags) AS made_tags, ifnull(s.system_tags, r.system_tags) AS made_system_tags, run_key
    FROM steps s JOIN runs r USING (run_key);
CREATE TEMP VIEW task_view AS SELECT
    flow_id, ifnull(run_id, run_key) AS run_number, step_name, ifnull(task_name, task_key) AS task_id, t.user_name,
    t.ts_epoch, r.tags, r.system_tags, t.last_heartbeat_ts,
    ifnull(t.tags, r.tags) AS made_tags, ifnull(t.system_tags, r.system_tags) AS made_system_tags,
    t.run_key, task_key, task_name
    FROM tasks t JOIN runs r USING (run_key);
CREATE TEMP VIEW metadata_view AS SELECT
    m.id, flow_id, ifnull(run_id, r.run_key) AS run_number, step_name, ifnull(task_name, t.task_key) AS task_id,
    field_name, value, type, m.user_name, m.ts_epoch, m.tags, NULL AS system_tags, t.run_key, t.task_key
    FROM metadata m JOIN tasks t USING (task_key) JOIN runs r USING (run_key);
CREATE TEMP VIEW artifact_view AS SELECT
    flow_id, ifnull(run_id, r.run_key) AS run_number, step_name, ifnull(task_name, t.task_key) AS task_id, name,
    location, ds_type, sha, type, content_type, a.user_name, attempt_id, a.ts_epoch, r.tags, r.system_tags,
    ifnull(a.tags, r.tags) AS made_tags, ifnull(a.system_tags, r.system_tags) AS made_system_tags,
    t.run_key, t.task_key
    FROM artifacts a JOIN tasks t USING (task_key) JOIN runs r USING (run_key);
"""

# What PostgreSQL takes for booleans; anything else fails the whole question.
TRUE = frozenset({"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"})
FALSE = frozenset({"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"})


def connected(file: str, now: Callable[[], int], inactive_after: Callable[[], int]) -> sqlite3.Connection:
    """A connection to the tables, made where absent; `now` is in ms, `inactive_after` in seconds."""
    connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    connection.row_factory = _object
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")

    def state(ok: str | None, began_again: int | None, heartbeat: int | None) -> str:
        if ok is None:
            alive = heartbeat is not None and abs(now() // 1000 - heartbeat) <= inactive_after()
            return "running" if alive else "failed"
        if _boolean(ok):
            return "completed"
        return "running" if began_again else "failed"

    connection.create_function("state", 3, state)
    connection.create_function("regexp", 2, _found, deterministic=True)
    connection.executescript(TABLES)
    connection.executescript(VIEWS)
    return connection


def _boolean(text: str) -> bool:
    stripped = text.strip().lower()
    if stripped not in TRUE | FALSE:
        raise ValueError(f"invalid input syntax for type boolean: {text!r}")
    return stripped in TRUE


def _found(pattern: str, value: str | None) -> bool:
    return value is not None and re.search(pattern, value) is not None


def _object(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}
