"""Pages as the newest release has them: `_limit`, `_cursor`, and what a page's headers say."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from .replies import Refused, broken, query_failed

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 500
# What is no number in a cursor.
_TEXTS = ("flow_id", "name")


class Page(NamedTuple):
    """At most `limit` rows, newest first, after the row that has the values `after`."""

    limit: int
    after: tuple[Any, ...] | None

    @property
    def rows_to_read(self) -> int:
        """One more than is shown tells that there is more; -1 shows all but the last, for no limit is left then."""
        if self.limit < -1:
            raise query_failed()
        return self.limit + 1 or -1


def page_of(query: Mapping[str, str], keys: Mapping[str, str]) -> Page:
    """The page that a query asks for; `keys` are the names in a cursor (and their columns)."""
    limit, cursor = query.get("_limit"), query.get("_cursor")
    try:
        number = min(int(limit), LARGEST_LIMIT) if limit else DEFAULT_LIMIT
    except ValueError as error:
        raise broken(str(error)) from error
    return Page(number, _decoded(cursor, keys) if cursor else None)


def headers_of(page: Page, rows: list[dict[str, Any]], keys: Mapping[str, str]) -> dict[str, str]:
    """`X-Limit`, and `X-Next-Cursor` if more was read than is shown; `rows` are all that were read."""
    shown = rows[: page.limit]
    headers = {"X-Limit": str(page.limit)}
    if shown and len(rows) > len(shown):
        last = {name: shown[-1][column] for name, column in keys.items()}
        headers["X-Next-Cursor"] = base64.b64encode(json.dumps(last).encode()).decode()
    return headers


def _decoded(cursor: str, keys: Mapping[str, str]) -> tuple[Any, ...]:
    invalid = Refused(400, "Invalid cursor")
    try:
        decoded: Any = json.loads(base64.b64decode(cursor))
    except (binascii.Error, ValueError) as error:
        raise invalid from error
    if isinstance(decoded, (int, float)) or decoded is None:
        # The service looks for its keys in whatever it finds.
        raise broken(f"argument of type '{type(decoded).__name__}' is not iterable")
    if not isinstance(decoded, dict) or not all(name in decoded for name in keys):
        raise invalid
    values = [cast("dict[str, Any]", decoded)[name] for name in keys]
    try:
        return tuple(value if name in _TEXTS else int(value) for name, value in zip(keys, values, strict=True))
    except ValueError as error:
        raise invalid from error
    except TypeError as error:
        raise broken(str(error)) from error
