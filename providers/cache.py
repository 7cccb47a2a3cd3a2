"""A cache bounded in bytes, for what cannot change any more."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any


class ByteCache:
    """Keeps what was used last. Costs are estimates, in bytes, by whoever puts a value in; threads may share it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Any:
        """The value, or None: None itself is not kept."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def get_all(self, keys: list[Any]) -> list[Any]:
        """The same of each of many keys, for a fraction of what it costs one by one."""
        with self._lock:
            entries = list(map(self._entries.get, keys))
            # While there is much room nothing is let go soon, and who was used last need not be known.
            for key, entry in zip(keys, entries, strict=True) if 2 * self._used > self._limit else ():
                if entry is not None:
                    self._entries.move_to_end(key)
        return [entry and entry[0] for entry in entries]

    def put(self, key: Hashable, value: Any, cost: int) -> None:
        """Keep the value, unless it alone would take a quarter of the room."""
        if cost * 4 > self._limit:
            return
        with self._lock:
            _, replaced = self._entries.pop(key, (None, 0))
            self._entries[key] = (value, cost)
            self._used += cost - replaced
            while self._used > self._limit:
                _, (_, freed) = self._entries.popitem(last=False)
                self._used -= freed
