"""What the service knows: rows in SQLite, read by views and written as Metaflow's client does."""

import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from .database import connected
from .filters import tags_as_json
from .replies import Refused, database_refused

Row = dict[str, Any]
# So many seconds must lie between two heartbeats of which both count.
HEARTBEAT_SECONDS = 10


def now() -> int:
    """In ms."""
    return time.time_ns() // 1_000_000


class Store:
    """Rows in a file, or in memory; `clock` (ms) and `inactive_after` (s) may be set at any time."""

    def __init__(self, file: Path | str = ":memory:") -> None:
        self.clock: Callable[[], int] = now
        # RUN_INACTIVE_CUTOFF_TIME of the service.
        self.inactive_after = 360
        self._connection = connected(str(file), lambda: self.clock(), lambda: self.inactive_after)
        self._lock = threading.RLock()

    def close(self) -> None:
        self._connection.close()

    def rows(self, sql: str, *values: object) -> list[Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> Row | None:
        found = self.rows(sql, *values)
        return found[0] if found else None

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A transaction: all of it, or nothing."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def insert(self, table: str, **columns: object) -> int:
        """A new row's number; Refused with 409 where there is one."""
        names = ", ".join(columns)
        sql = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
        with self._lock:
            try:
                return self._connection.execute(sql, list(columns.values())).lastrowid or 0
            except sqlite3.IntegrityError as error:
                message = f'duplicate key value violates unique constraint "{table}"'
                raise database_refused("23505", message, 409) from error

    def run_key(self, flow: str, run: int | str) -> int | None:
        """The number of a run that a name or a number tells."""
        column = "run_key" if isinstance(run, int) else "run_id"
        found = self.row(f"SELECT run_key FROM runs WHERE flow_id = ? AND {column} = ?", flow, run)
        return found["run_key"] if found else None

    def task_key(self, run_key: int | None, step: str, task: int | str) -> int | None:
        column = "task_key" if isinstance(task, int) else "task_name"
        sql = f"SELECT task_key FROM tasks WHERE run_key = ? AND step_name = ? AND {column} = ?"
        found = self.row(sql, run_key, step, task)
        return found["task_key"] if found else None

    def add_flow(self, flow: str) -> None:
        self.insert("flows", flow_id=flow, ts_epoch=self.clock())

    def add_run(self, flow: str, run: str | None, of: Row) -> int:
        """The number of a new run of a flow; it has a name, too, if it was given one."""
        if self.row("SELECT 1 FROM flows WHERE flow_id = ?", flow) is None:
            raise _no_parent("runs")
        return self.insert("runs", flow_id=flow, run_id=run, **self._made(of), last_heartbeat_ts=self._first_beat(of))

    def add_step(self, run_key: int, step: str, of: Row) -> None:
        self.insert("steps", run_key=run_key, step_name=step, **self._made(of))

    def add_task(self, run_key: int, step: str, task: str | None, of: Row) -> int:
        if self.row("SELECT 1 FROM steps WHERE run_key = ? AND step_name = ?", run_key, step) is None:
            raise _no_parent("tasks")
        place = {"run_key": run_key, "step_name": step, "task_name": task}
        return self.insert("tasks", **place, **self._made(of), last_heartbeat_ts=self._first_beat(of))

    def add_metadata(self, task_key: int, rows: Sequence[Row]) -> None:
        with self.writing():
            for row in rows:
                tags, value = tags_as_json(row.get("tags") or ()), as_text(row["value"])
                told = {name: row[name] for name in ("field_name", "type", "user_name")}
                self.insert("metadata", task_key=task_key, value=value, ts_epoch=self.clock(), tags=tags, **told)

    def add_artifacts(self, task_key: int, rows: Sequence[Row]) -> None:
        names = ("attempt_id", "name", "location", "ds_type", "sha", "type", "content_type")
        with self.writing():
            for row in rows:
                self.insert("artifacts", task_key=task_key, **{name: row[name] for name in names}, **self._made(row))

    def beat(self, table: str, key_column: str, key: int | None) -> bool:
        """Whether it counted: there is such a row, and its last heartbeat was a while ago."""
        sql = f"""UPDATE {table} SET last_heartbeat_ts = ?1
            WHERE {key_column} = ?2 AND (last_heartbeat_ts IS NULL OR last_heartbeat_ts + {HEARTBEAT_SECONDS} <= ?1)"""
        with self._lock:
            return self._connection.execute(sql, (self._seconds(), key)).rowcount > 0

    def tag(self, run_key: int, tags: Sequence[str]) -> None:
        with self._lock:
            self._connection.execute("UPDATE runs SET tags = ? WHERE run_key = ?", (tags_as_json(tags), run_key))

    def _first_beat(self, of: Row) -> int | None:
        """When it was made, if by a client that says its version: only such send any."""
        told = any(tag.startswith("metaflow_version:") for tag in of.get("system_tags") or ())
        return self._seconds() if told else None

    def _seconds(self) -> int:
        return self.clock() // 1000

    def _made(self, of: Row) -> Row:
        tags = {name: tags_as_json(of.get(name) or ()) for name in ("tags", "system_tags")}
        return {"user_name": of.get("user_name"), "ts_epoch": self.clock(), **tags}


def _no_parent(table: str) -> Refused:
    return database_refused("23503", f'insert or update on table "{table}" violates foreign key constraint', 404)


def as_text(value: object) -> str | None:
    """A metadata value as the database has it: a list becomes the literal of an array, as of `foreach-stack`."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "{" + ",".join(_element(as_text(one)) for one in cast("list[object]", value)) + "}"
    return str(value)


def _element(text: str | None) -> str:
    if text is None:
        return "NULL"
    if text and text.lower() != "null" and not any(sign in text for sign in '{},"\\ \t\n'):
        return text
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'
