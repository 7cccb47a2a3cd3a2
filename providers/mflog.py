"""Lines of a log as Metaflow stores them: when each was written, by its prefix (metaflow/mflog/mflog.py)."""

import re
from datetime import datetime

MARK = b"[MFLOG|0|"
# The marker `[!` is normally gone before a line is stored.
_BEGINNINGS = (MARK, b"[!" + MARK)
_USUAL_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")
_LONGEST_TIME = 64


def parsed(line: bytes) -> tuple[str | None, bytes]:
    """When a line, without its newline, was written, and its text.

    The time is in UTC with microseconds, such that times are in order as texts are. A line without a prefix that can
    be read has none, and is its own text.
    """
    # Metaflow's regular expression, in time that is linear for any line:
    # (\[!)?\[MFLOG\|(0)\|(.+?)Z\|(.+?)\|(.+?)\](.*)
    if not line.startswith(_BEGINNINGS):
        return None, line
    begin = len(_BEGINNINGS[0]) if line.startswith(_BEGINNINGS[0]) else len(_BEGINNINGS[1])
    time_end = line.find(b"Z|", begin + 1)
    source_end = line.find(b"|", time_end + 3)
    id_end = line.find(b"]", source_end + 2)
    if time_end < 0 or source_end < 0 or id_end < 0:
        return None, line
    time = _time(line[begin:time_end])
    return (None, line) if time is None else (time, line[id_end + 1 :])


def text(line: bytes) -> str:
    """What a program wrote need not be UTF-8."""
    return line.decode(errors="replace")


def _time(written: bytes) -> str | None:
    try:
        if _USUAL_TIME.fullmatch(written):
            datetime.fromisoformat(usual := written.decode())
            return usual
        if len(written) > _LONGEST_TIME:
            return None
        # Fewer digits are allowed.
        moment = datetime.strptime(written.decode(), "%Y-%m-%dT%H:%M:%S.%f")  # noqa: DTZ007 - in UTC, as all are
        return moment.isoformat(timespec="microseconds")
    except ValueError:
        return None
