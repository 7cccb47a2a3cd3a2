"""Times as they are sent: RFC 3339 in UTC with milliseconds, whatever the server's locale and time zone."""

import time
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil

_CLOCKS_DIFFER_MS = 60_000


@lru_cache(4096)  # The artifacts of an attempt share their time.
def rfc3339(ts_epoch: int) -> str:
    """`ts_epoch` (ms since the epoch) as text: 2026-11-23T08:14:24.120Z; ValueError beyond the years 1 to 9999."""
    try:
        second = datetime.fromtimestamp(ts_epoch // 1000, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{ts_epoch} ms is no time") from error
    return f"{second.isoformat()[:19]}.{ts_epoch % 1000:03}Z"


def microseconds_of(run_id: str) -> int | None:
    """The microseconds since the epoch that an id is made of, as Metaflow makes them (16 digits, 2001 to 2286)."""
    told = len(run_id) == 16 and run_id.isascii() and run_id.isdigit() and run_id[0] != "0"
    return int(run_id) if told else None


def latest_trace() -> int:
    """The latest time (ms since the epoch) that a trace of a run can have by now, where clocks differ."""
    return time.time_ns() // 1_000_000 + _CLOCKS_DIFFER_MS


def ts_epoch(text: str) -> int:
    """RFC 3339 text as ms since the epoch, rounded up, so that comparisons of whole ms with it are exact."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or len(text) < len("2026-11-23T08:14:24Z"):
        raise ValueError(f"{text} is no RFC 3339 date and time")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return ceil((since.days * 86_400 + since.seconds) * 1000 + since.microseconds / 1000)
