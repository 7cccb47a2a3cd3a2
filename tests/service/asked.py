"""A request: who asks for what of which service."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from aiohttp import web

from . import ids, pages
from .filters import Condition
from .options import Options
from .releases import Can, can, version_of
from .replies import NoRoute, broken, query_failed, reply
from .store import Row, Store

# Columns that are for questions only.
_HIDDEN = ("run_key", "task_key", "run_id", "task_name", "made_tags", "made_system_tags")


class Asked(NamedTuple):
    store: Store
    options: Options
    request: web.Request

    def part(self, name: str) -> str:
        """A component of the path, decoded."""
        return ids.plain(self.request.match_info[name])

    @property
    def flow(self) -> str:
        return self.part("flow")

    @property
    def step(self) -> str:
        return self.part("step")

    @property
    def run_key(self) -> int | None:
        return self.store.run_key(self.flow, ids.run_id(self.request.match_info["run"]))

    @property
    def task_key(self) -> int | None:
        return self.store.task_key(self.run_key, self.step, ids.task_id(self.request.match_info["task"]))

    @property
    def version(self) -> str:
        return version_of(self.options.release)

    def can(self, what: Can) -> bool:
        return can(self.options.release, what)

    async def body(self) -> Any:
        """What the body's JSON says."""
        try:
            return await self.request.json()
        except ValueError as error:
            raise broken(str(error)) from error

    async def fields(self) -> dict[str, Any]:
        """The body, which must be an object."""
        body = await self.body()
        if not isinstance(body, dict):
            raise broken(f"'{type(body).__name__}' object has no attribute 'get'")
        return cast("dict[str, Any]", body)

    def must(self, what: Can) -> None:
        if not self.can(what):
            raise NoRoute

    def told(self, row: Row) -> Row:
        """A row as it is sent."""
        sent = dict(row)
        if self.can(Can.TAGS_OF_RUN):
            tags = row["tags"], row["system_tags"]
        else:
            tags = row.get("made_tags", row["tags"]), row.get("made_system_tags", row["system_tags"])
        sent["tags"], sent["system_tags"] = _decoded(tags[0]), _decoded(tags[1])
        for name in _HIDDEN:
            sent.pop(name, None)
        # Absent, not null, and unknown to older releases.
        if sent.get("user", "") is None or not self.can(Can.FILTER_RUNS):
            sent.pop("user", None)
        return sent

    def all(self, sql: str, *values: object, versioned: bool = True) -> web.Response:
        """All rows of a question."""
        rows = self.store.rows(sql, *values)
        return self.answer([self.told(row) for row in rows], versioned=versioned)

    def page(self, view: str, where: Sequence[Condition], keys: Mapping[str, str]) -> web.Response:
        """A page of the rows of a view, newest first; `keys` are the names of its cursor, and their columns."""
        page = pages.page_of(self.request.query, keys)
        conditions, columns = list(where), ", ".join(keys.values())
        if page.after is not None:
            conditions.append(Condition(f"({columns}) < ({', '.join('?' * len(keys))})", page.after))
        sql = f"SELECT * FROM {view} WHERE {' AND '.join(one.sql for one in conditions) or '1'}"
        sql += f" ORDER BY {', '.join(f'{column} DESC' for column in keys.values())} LIMIT {page.rows_to_read}"
        try:
            rows = self.store.rows(sql, *(value for one in conditions for value in one.values))
        except sqlite3.Error as error:
            raise query_failed() from error
        headers = pages.headers_of(page, rows, keys)
        return reply([self.told(row) for row in rows[: page.limit]], self.version, headers=headers)

    def answer(self, body: Any, *, versioned: bool = True) -> web.Response:
        return reply(body, self.version if versioned else None)

    @property
    def paged(self) -> bool:
        return not {"_limit", "_cursor"}.isdisjoint(self.request.query)


@lru_cache(10_000)
def _decoded(tags: str | None) -> list[str] | None:
    return None if tags is None else json.loads(tags)
