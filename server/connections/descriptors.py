"""How many files the process may hold open, and for what: each connection is one of them."""

import sys
from contextlib import suppress
from typing import NamedTuple

from .connection import MOST_CONNECTIONS

# Of which no more than MOST_CONNECTIONS are served, and the others are told so.
_ENOUGH = 4_096
# What is read, is asked for of others, and belongs to the process itself: each provider has some 20 open at a time.
_FILES = 256
_MOST_WAITING = 1_792


class Room(NamedTuple):
    """What may be open at a time. `connections`: that are served. `waiting`: that the system holds until they are
    accepted, all in one go, and those beyond the others are refused. `short_of`: what there is room for, where that is
    less than what is needed for MOST_CONNECTIONS."""

    connections: int = MOST_CONNECTIONS
    waiting: int = _MOST_WAITING
    short_of: int | None = None

    @property
    def notice(self) -> str | None:
        """A line on what there is no room for."""
        if self.short_of is None:
            return None
        return (
            f"This process may open {self.short_of} files: {self.connections} connections are served at a time, not "
            f"{MOST_CONNECTIONS}. Allow it {_ENOUGH} (ulimit -Hn) for these."
        )


def room_among(allowed: int) -> Room:
    """The room that so many files make, a part of which is kept for files that are none of connections."""
    if allowed >= _ENOUGH:
        return Room()
    left = allowed - min(_FILES, allowed // 2)
    waiting = left // 4
    served = min(MOST_CONNECTIONS, left - waiting)
    return Room(served, waiting, allowed if served < MOST_CONNECTIONS else None)


if sys.platform == "win32":

    def made_room() -> Room:
        """As much as is needed: Windows has no such limit."""
        return Room()

else:
    import resource

    def made_room() -> Room:
        """As much as is needed, as far as the process may take it: its soft limit is raised, which is often 1,024."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < _ENOUGH:
            wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
            with suppress(ValueError, OSError):  # macOS has one more limit, which is told by no error but this
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return Room() if soft == resource.RLIM_INFINITY else room_among(soft)
