"""Refusals that come in floods: of each sender some are told one by one, and then how many there were."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .entries import now

# What one sender, and one who asks from there, has in the log in a minute: so many lines, and one that counts the rest.
MOST_LINES = 30
SECONDS = 60
# Senders that are told apart. The others of a minute are counted together.
_MOST_SENDERS = 1_000
Line = Mapping[str, Any]
# A network, and all that names who asks from there.
_Key = tuple[str, tuple[Any, ...]]
_OTHERS: _Key = ("others", ())


@dataclass(slots=True)
class _Minute:
    """Of one sender; it begins with his first refusal."""

    end: asyncio.TimerHandle
    principal: Mapping[str, Any] | None
    since: str = field(default_factory=now)
    lines: int = 0
    counted: Counter[str] = field(default_factory=Counter[str])


class Floods:
    """Passes lines on, by `write`, and counts those that are too many."""

    def __init__(self, write: Callable[[Line], None]) -> None:
        self._write = write
        self._minutes: dict[_Key, _Minute] = {}

    def tell(self, line: Line, network: str) -> None:
        """A refusal of a request from that network."""
        principal: Mapping[str, Any] | None = line["principal"]
        sender: _Key = (network, tuple((principal or {}).values()))
        if sender not in self._minutes and len(self._minutes) >= _MOST_SENDERS:
            sender, principal = _OTHERS, None
        minute = self._minutes.get(sender)
        if minute is None:
            end = asyncio.get_running_loop().call_later(SECONDS, self._end, sender)
            minute = self._minutes[sender] = _Minute(end, principal)
        if minute.lines < MOST_LINES:
            minute.lines += 1
            self._write(line)
        else:
            minute.counted[line["outcome"]] += 1

    def close(self) -> None:
        """Tell what was counted so far."""
        for sender, minute in list(self._minutes.items()):
            minute.end.cancel()
            self._end(sender)

    def _end(self, sender: _Key) -> None:
        minute = self._minutes.pop(sender)
        if minute.counted:
            more = {"since": minute.since, "address": sender[0], "principal": minute.principal}
            self._write({"time": now(), **more, "more": dict(minute.counted)})
