"""The memory that all values under way may take together."""

from collections import Counter
from math import inf
from threading import Lock


class Share:
    """Of an operation of one asker. Threads may share it; what it has taken is free again once it is let go."""

    def __init__(self, room: "Room", asker: str | None) -> None:
        self._room = room
        self._asker = asker
        self._taken: int | None = 0

    @property
    def is_full(self) -> bool:
        return self._room.is_full_for(self._asker)

    def take(self, size: int) -> None:
        """So many bytes more, whether or not there is room: a value is known once it is there."""
        with self._room.lock:
            if self._taken is not None:  # else nobody waits for it any more
                self._taken += size
                self._room.taken[self._asker] += size

    def let_go(self) -> None:
        with self._room.lock:
            taken, self._taken = self._taken or 0, None
            self._room.taken[self._asker] -= taken
            if not self._room.taken[self._asker]:
                del self._room.taken[self._asker]


class Room:
    """So many bytes, of which no asker who is known has more than half. `taken`: by asker; None: all who are not."""

    def __init__(self, size: float = inf) -> None:
        self.lock = Lock()
        self.taken = Counter[str | None]()
        self._size = size

    def is_full_for(self, asker: str | None) -> bool:
        with self.lock:
            of_one = 0 if asker is None else self.taken[asker]
            return 2 * of_one >= self._size or self.taken.total() >= self._size

    def share(self, asker: str | None) -> Share:
        return Share(self, asker)
