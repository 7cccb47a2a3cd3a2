"""Filters of runs and tasks in a query, as conditions in SQL."""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .replies import Refused, query_failed

_COMPARISONS = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_PATTERNS = {"co": "%{}%", "sw": "{}%", "ew": "%{}", "li": "{}"}
STATUSES = ("completed", "failed", "running")


class Field(NamedTuple):
    """A column that can be filtered by, and what it holds: text, number, time, status or json."""

    column: str
    holds: str = "text"


RUN_FIELDS = {
    "flow_id": Field("flow_id"),
    "run_number": Field("run_key", "number"),
    "run_id": Field("run_id"),
    "user": Field("user"),
    "user_name": Field("user_name"),
    "ts_epoch": Field("ts_epoch", "time"),
    "last_heartbeat_ts": Field("last_heartbeat_ts", "time"),
    "status": Field("status", "status"),
    "tags": Field("tags", "json"),
    "system_tags": Field("system_tags", "json"),
    "_tags": Field("", "tags"),
}
TASK_FIELDS = {
    "task_id": Field("task_key", "number"),
    "task_name": Field("task_name"),
    "user_name": Field("user_name"),
    "ts_epoch": Field("ts_epoch", "time"),
    "last_heartbeat_ts": Field("last_heartbeat_ts", "time"),
}


class Condition(NamedTuple):
    sql: str
    values: tuple[object, ...]


def conditions(query: Iterable[tuple[str, str]], fields: Mapping[str, Field]) -> list[Condition]:
    """What rows must be, all of it; fields that do not exist are passed over."""
    found: list[Condition] = []
    for key, value in query:
        name, _, operator = key.partition(":")
        if field := fields.get(name):
            found.append(_condition(name, field, operator, value))
    return found


def _condition(name: str, field: Field, operator: str, value: str) -> Condition:
    if field.holds == "tags":
        return _tags(operator or "all", value)
    operator = operator or "eq"
    if operator not in (*_COMPARISONS, *_PATTERNS, "is"):
        raise Refused(400, f"unsupported operator '{operator}' for field '{name}'")
    return _any(_compared(field, operator, one) for one in value.split(","))


def _any(of: Iterable[Condition]) -> Condition:
    them = list(of)
    return Condition(f"({' OR '.join(one.sql for one in them)})", tuple(value for one in them for value in one.values))


def _compared(field: Field, operator: str, value: str) -> Condition:
    if value == "null":
        # Whatever the operator: ne=null, too.
        return Condition(f"{field.column} IS NULL", ())
    typed = _typed(field, value)
    if operator == "is":
        raise query_failed()
    if pattern := _PATTERNS.get(operator):
        if field.holds != "text":
            raise query_failed()
        return Condition(f"{field.column} LIKE ?", (pattern.format(value),))
    return Condition(f"{field.column} {_COMPARISONS[operator]} ?", (typed,))


def _typed(field: Field, value: str) -> str | int:
    if field.holds == "status" and value not in STATUSES:
        raise Refused(400, f"unsupported status filter: {value}")
    if field.holds == "json":
        raise query_failed()
    if field.holds in ("text", "status"):
        return value
    try:
        return int(value)
    except ValueError as error:
        if field.holds == "time":
            told = f"invalid {field.column}: expected integer epoch milliseconds, got '{value}'"
            raise Refused(400, told) from error
        raise query_failed() from error


_TAGGED = "? IN (SELECT value FROM json_each(tags) UNION ALL SELECT value FROM json_each(system_tags))"
# Case matters, and what is searched is the text of the JSON.
_LIKE_TAGS = "instr(tags || system_tags, ?)"


def _tags(operator: str, value: str) -> Condition:
    """Some or all of the tags; an operator that does not exist means all."""
    sql = _LIKE_TAGS if operator.startswith("like") else _TAGGED
    each = [Condition(sql, (tag,)) for tag in value.split(",")]
    if operator in ("any", "likeany"):
        return _any(each)
    return Condition(" AND ".join(one.sql for one in each), tuple(value for one in each for value in one.values))


def tags_as_json(tags: Iterable[str]) -> str:
    """Tags as the store has them: none twice."""
    return json.dumps(list(dict.fromkeys(tags)), ensure_ascii=False)
