"""The routes for reading. A list of what does not exist is empty; only one's own route says that it is missing."""

import sqlite3

from aiohttp import web

from . import ids
from .asked import Asked
from .filters import RUN_FIELDS, TASK_FIELDS, Condition, conditions
from .releases import Can
from .replies import OutOfHandlers, Refused, broken, missing

_FLOW_KEYS = {"ts_epoch": "ts_epoch", "flow_id": "flow_id"}
_RUN_KEYS = {"ts_epoch": "ts_epoch", "run_number": "run_key"}
_TASK_KEYS = {"ts_epoch": "ts_epoch", "task_id": "task_key"}
_METADATA_KEYS = {"ts_epoch": "ts_epoch", "id": "id"}
_ARTIFACT_KEYS = {"ts_epoch": "ts_epoch", "task_id": "task_key", "name": "name"}


async def flows(asked: Asked) -> web.Response:
    if asked.paged and asked.can(Can.NEWEST):
        return asked.page("flow_view", (), _FLOW_KEYS)
    return asked.all("SELECT * FROM flow_view")


async def flow(asked: Asked) -> web.Response:
    return _one(asked, "SELECT * FROM flow_view WHERE flow_id = ?", asked.flow)


async def runs(asked: Asked) -> web.Response:
    where = conditions(asked.request.query.items(), RUN_FIELDS) if asked.can(Can.FILTER_RUNS) else []
    view = "state_view" if any("status" in one.sql for one in where) else "run_view"
    if where or (asked.paged and asked.can(Can.PAGE_RUNS)):
        return asked.page(view, [Condition("flow_id = ?", (asked.flow,)), *where], _RUN_KEYS)
    return asked.all("SELECT * FROM run_view WHERE flow_id = ? ORDER BY run_key", asked.flow)


async def run(asked: Asked) -> web.Response:
    return _one(asked, "SELECT * FROM run_view WHERE run_key = ?", asked.run_key)


async def steps(asked: Asked) -> web.Response:
    return asked.all("SELECT * FROM step_view WHERE run_key = ? ORDER BY step_name", asked.run_key)


async def step(asked: Asked) -> web.Response:
    return _one(asked, "SELECT * FROM step_view WHERE run_key = ? AND step_name = ?", asked.run_key, asked.step)


async def tasks(asked: Asked) -> web.Response:
    of_step = Condition("run_key = ? AND step_name = ?", (asked.run_key, asked.step))
    where = conditions(asked.request.query.items(), TASK_FIELDS) if asked.can(Can.FILTER_TASKS) else []
    if asked.can(Can.NEWEST) and (where or asked.paged):
        return asked.page("task_view", [of_step, *where], _TASK_KEYS)
    sql = " AND ".join(one.sql for one in (of_step, *where))
    values = [value for one in (of_step, *where) for value in one.values]
    return asked.all(f"SELECT * FROM task_view WHERE {sql} ORDER BY task_key DESC", *values)


async def task(asked: Asked) -> web.Response:
    return _one(asked, "SELECT * FROM task_view WHERE task_key = ?", asked.task_key)


async def filtered_tasks(asked: Asked) -> web.Response:
    asked.must(Can.FILTER_BY_METADATA)
    sql = "SELECT DISTINCT flow_id, run_number, step_name, task_id, task_key FROM metadata_view"
    sql += " WHERE run_key = ? AND step_name = ?"
    values: list[object] = [asked.run_key, asked.step]
    for parameter, condition in (("metadata_field_name", "field_name = ?"), ("pattern", "value REGEXP ?")):
        if given := asked.request.query.get(parameter):
            sql += f" AND {condition}"
            values.append(given)
    try:
        rows = asked.store.rows(f"{sql} ORDER BY task_key", *values)
    except sqlite3.Error as error:
        raise broken("not enough values to unpack (expected 6, got 1)") from error
    names = ("flow_id", "run_number", "step_name", "task_id")
    return asked.answer(["/".join(str(row[name]) for name in names) for row in rows])


async def metadata_of_run(asked: Asked) -> web.Response:
    return _metadata(asked, Condition("run_key = ?", (asked.run_key,)), "id")


async def metadata_of_task(asked: Asked) -> web.Response:
    order = "ts_epoch DESC, id DESC" if asked.can(Can.NEWEST) else "id"
    return _metadata(asked, Condition("task_key = ?", (asked.task_key,)), order)


def _metadata(asked: Asked, where: Condition, order: str) -> web.Response:
    if asked.paged and asked.can(Can.NEWEST):
        return asked.page("metadata_view", [where], _METADATA_KEYS)
    return asked.all(f"SELECT * FROM metadata_view WHERE {where.sql} ORDER BY {order}", *where.values)


async def artifacts_of_run(asked: Asked) -> web.Response:
    return _artifacts(asked, Condition("run_key = ?", (asked.run_key,)))


async def artifacts_of_step(asked: Asked) -> web.Response:
    return _artifacts(asked, Condition("run_key = ? AND step_name = ?", (asked.run_key, asked.step)))


async def artifacts_of_task(asked: Asked) -> web.Response:
    return _artifacts(asked, Condition("task_key = ?", (asked.task_key,)))


# Paged, it is the newest of each name; unpaged, it is the task's latest attempt.
_NEWEST_OF_NAME = """NOT EXISTS (SELECT 1 FROM artifacts AS newer WHERE newer.task_key = artifact_view.task_key
    AND newer.name = artifact_view.name AND newer.attempt_id > artifact_view.attempt_id)"""
_LATEST_ATTEMPT = "attempt_id = (SELECT max(attempt_id) FROM artifacts AS a WHERE a.task_key = artifact_view.task_key)"


def _artifacts(asked: Asked, where: Condition) -> web.Response:
    newest = asked.can(Can.NEWEST)
    if asked.paged and newest:
        return asked.page("artifact_view", [where, Condition(_NEWEST_OF_NAME, ())], _ARTIFACT_KEYS)
    sql = f"SELECT * FROM artifact_view WHERE {where.sql} AND {_LATEST_ATTEMPT} ORDER BY attempt_id DESC, task_key"
    return asked.all(sql, *where.values, versioned=newest)


async def artifacts_of_attempt(asked: Asked) -> web.Response:
    asked.must(Can.ATTEMPTS)
    try:
        attempt = ids.attempt(asked.part("attempt"))
    except Refused as error:
        raise OutOfHandlers from error
    sql = "SELECT * FROM artifact_view WHERE task_key = ? AND attempt_id = ?"
    return asked.all(sql, asked.task_key, attempt, versioned=False)


async def artifact(asked: Asked) -> web.Response:
    name = asked.part("artifact")
    # The latest attempt is that of the artifact called "name", which every attempt has.
    told_by = "name" if asked.can(Can.LATEST_ATTEMPT_ONLY) else name
    latest = "(SELECT max(attempt_id) FROM artifacts AS a WHERE a.task_key = ?1 AND a.name = ?2)"
    sql = f"SELECT * FROM artifact_view WHERE task_key = ?1 AND name = ?3 AND attempt_id = {latest}"
    return _one(asked, sql, asked.task_key, told_by, name)


async def artifact_at_attempt(asked: Asked) -> web.Response:
    asked.must(Can.ATTEMPTS)
    attempt = ids.attempt(asked.part("attempt"))
    sql = "SELECT * FROM artifact_view WHERE task_key = ? AND name = ? AND attempt_id = ?"
    return _one(asked, sql, asked.task_key, asked.part("artifact"), attempt)


def _one(asked: Asked, sql: str, *values: object) -> web.Response:
    row = asked.store.row(sql, *values)
    if row is None:
        raise missing()
    return asked.answer(asked.told(row))
