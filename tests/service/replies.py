"""The service's answers, those of its errors among them, as they look on the wire."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

# The names of a server's files are in it, as in the real ones: who passes it on is found out.
_TRACEBACK = """Traceback (most recent call last):
  File "/srv/metadata-service/services/metadata_service/api/utils.py", line 86, in wrapper
    return await func(*args, **kwargs)
  File "/srv/metadata-service/services/data/postgres_async_db.py", line 878, in execute_sql
    raise error

{detail}
"""
VERSION = "METADATA_SERVICE_VERSION"


class Refused(Exception):
    """An answer in place of what was asked for; `body` is sent as JSON, or as it is if it is bytes."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


class NoRoute(Exception):
    """This release has no such route."""


class OutOfHandlers(Exception):
    """An error that nobody catches: the web framework answers."""


def missing() -> Refused:
    return Refused(404, {})


def broken(detail: str) -> Refused:
    """What a bug looks like."""
    body = {"traceback": _TRACEBACK.format(detail=detail), "detail": detail}
    return Refused(500, {**body, "status": 500, "title": "Internal Server Error", "type": "about:blank"})


def query_failed() -> Refused:
    """What a question looks like that the database refuses to a page or a filter."""
    return broken("'NoneType' object has no attribute '_replace'")


def database_refused(code: str | None, message: str | None, status: int = 500) -> Refused:
    """What the database said, in JSON within JSON; without a code when it is down."""
    severity = None if message is None else "ERROR"
    told = {
        "pgerror": message and f"ERROR:  {message}\n",
        "pgcode": code,
        "diag": {"message_primary": message, "severity": severity},
    }
    return Refused(status, json.dumps({"err_msg": told}))


def reply(body: Any, version: str | None, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON that says it is text; `version` None leaves its header out."""
    sent = dict(headers or {})
    if version is not None:
        sent[VERSION] = version
    return web.Response(text=json.dumps(body), status=status, headers=sent)


def text(body: str, version: str | None, status: int = 200) -> web.Response:
    return web.Response(text=body, status=status, headers={} if version is None else {VERSION: version})


def trouble() -> web.Response:
    """The web framework's own words for an error that nobody caught."""
    return text("500 Internal Server Error\n\nServer got itself in trouble", None, 500)
