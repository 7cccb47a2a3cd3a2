"""Fields of time and duration out of ms since the epoch."""

import time

from ..providers.times import rfc3339


def text(milliseconds: int | None) -> str | None:
    """A time as it is sent."""
    return None if milliseconds is None else rfc3339(milliseconds)


def duration(started: int | None, ended: int | None, *, running: bool) -> int | None:
    """In ms, up to now while it runs; None where the beginning or the end is not known."""
    until = ended if ended is not None else now() if running else None
    return None if started is None or until is None else max(0, until - started)


def now() -> int:
    """ms since the epoch."""
    return time.time_ns() // 1_000_000
