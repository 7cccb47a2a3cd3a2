"""How the service is asked for a page of a flow's runs; what it can't be asked for is looked at afterwards."""

import base64
from collections.abc import Callable, Iterable
from urllib.parse import quote

import msgspec

from .. import run_filters
from ..base import Position, RunPageKey
from ..records import RunStatus
from . import rows
from .routes import Query

MOST = 500  # rows of a page
# Of tags in a URL, which the service takes up to 8,190 bytes of.
_MOST_TAG_BYTES = 3_000
_LARGEST = 2**31 - 1
# The years 1 to 9999: a cursor is a client's word, and the service has no larger numbers.
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999

# The same for all where none is looked at.
ANY: Query = (("_limit", str(MOST)),)

COMPLETED = "completed"
_UNFINISHED = "failed,running"
# Filters nothing, and has every row tell its status.
EVERY = f"{COMPLETED},{_UNFINISHED}"


def conditions(key: RunPageKey) -> Query:
    """Those that the service can check, but for the status and the page."""
    wanted = key.runs.filter
    query = _with_tags(_tags(key)) + _with_any_tag(wanted.any_tags or ())
    query += (("ts_epoch:ge", str(oldest(key))),) if oldest(key) > _FIRST_MS else ()
    return query + (() if wanted.created_before_ms is None else (("ts_epoch:lt", str(wanted.created_before_ms)),))


def condition(key: RunPageKey) -> Callable[[rows.RunPlace], bool]:
    """Tells of a row whether its run is in the namespace and meets the filter's conditions on what it holds."""
    if not run_filters.is_read_for(key.runs):
        return lambda _: True
    tags, any_tags, users = _tags(key), key.runs.filter.any_tags, key.runs.filter.users
    by_tag = frozenset(f"user:{user}" for user in users or ())

    def may_pass(row: rows.RunRow) -> bool:
        carried = (*(row.tags or ()), *(row.system_tags or ()))
        return (
            tags.issubset(carried)
            and (any_tags is None or not any_tags.isdisjoint(carried))
            and (users is None or row.user_name in users or not by_tag.isdisjoint(carried))
        )

    def passes(row: rows.RunPlace) -> bool:
        # To make a record takes twenty times as long as to see that it is not wanted.
        if not isinstance(row, rows.RunRow) or not may_pass(row):
            return False
        return run_filters.passes(rows.run_record(key.provider, row), key.runs)

    return passes


def oldest(key: RunPageKey) -> int:
    """None that began before (ms) is on the page."""
    began = key.runs.filter.created_from_ms
    before = _FIRST_MS if key.before is None else _ms(key.before)
    return before if began is None else max(began, before)


def status(key: RunPageKey) -> str | None:
    """The filter by status; it is only trusted to tell which runs have completed."""
    if key.statuses is None:
        return EVERY if key.with_status else None
    if key.statuses == frozenset({RunStatus.SUCCEEDED}):
        return COMPLETED
    return EVERY if RunStatus.SUCCEEDED in key.statuses else _UNFINISHED


def first_cursor(key: RunPageKey) -> str | None:
    """Where the page starts: at the time of the run that it comes after."""
    if key.after is None:
        return None
    row = {"ts_epoch": _ms(key.after), "run_number": _LARGEST}
    return base64.b64encode(msgspec.json.encode(row)).decode()


def page(limit: int, cursor: str | None) -> Query:
    size = ("_limit", str(min(limit, MOST)))
    return (size,) if cursor is None else (size, ("_cursor", cursor))


def _tags(key: RunPageKey) -> frozenset[str]:
    namespace = key.runs.namespace
    return key.runs.filter.tags if namespace is None else key.runs.filter.tags | {namespace}


def _with_tags(tags: Iterable[str]) -> Query:
    """Runs that carry all of these (the user's and system tags alike), as far as the service can be asked so."""
    asked: list[tuple[str, str]] = []
    room = _MOST_TAG_BYTES
    for tag in sorted(tags):
        room -= len(quote(tag, safe=""))
        if room >= 0 and _expressible(tag):
            asked.append(("_tags", tag))
    return tuple(asked)


def _with_any_tag(tags: Iterable[str]) -> Query:
    """Runs that carry one of these, if the service can be asked so."""
    text = ",".join(sorted(tags))
    fits = len(quote(text, safe="")) <= _MOST_TAG_BYTES
    return (("_tags:any", text),) if text and fits and all(map(_expressible, tags)) else ()


def _expressible(tag: str) -> bool:
    """Whether a filter can hold it: a comma separates tags there, and `null` is no tag."""
    return "," not in tag and tag != "null"


def _ms(position: Position) -> int:
    return max(_FIRST_MS, min(position.microseconds // 1000, _LAST_MS))
