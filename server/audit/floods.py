"""What changed nothing may come in floods: of each sender some is told one by one, and then how much there was."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .entries import now

# What one who is known, and a network of strangers, has in the log in a minute; and one line that counts the rest.
LINES_OF_KNOWN = 1_000
LINES_OF_STRANGERS = 100
SECONDS = 60
# Of those who are known, and again of strangers: how many are told apart. The others of a minute are counted together.
_MOST_SENDERS = 1_000
Line = Mapping[str, Any]
# All that names who asks, from wherever they do; a network of strangers; or nothing, of the others.
_Key = tuple[Any, ...]


@dataclass(slots=True)
class _Minute:
    """Of one sender; it begins with his first line. `address`: None of who is known, and may ask from many."""

    end: asyncio.TimerHandle
    lines_left: int
    address: str | None
    principal: Mapping[str, Any] | None
    since: str
    counted: Counter[str] = field(default_factory=Counter[str])


class Floods:
    """Passes lines on, by `write`, and counts those that are too many."""

    def __init__(self, write: Callable[[Line], None]) -> None:
        self._write = write
        self._known: dict[_Key, _Minute] = {}
        self._strangers: dict[_Key, _Minute] = {}

    def tell(self, line: Line, network: str) -> None:
        """Of a request from that network, which changed nothing."""
        principal: Mapping[str, Any] | None = line["principal"]
        # No stranger takes the place of somebody who is known, nor these several, one in each network that they have.
        minutes = self._known if principal else self._strangers
        sender: _Key = tuple(principal.values()) if principal else (network,)
        address = None if principal else network
        if sender not in minutes and len(minutes) >= _MOST_SENDERS:
            sender, address, principal = (), "others who are known" if principal else "others", None
        minute = minutes.get(sender)
        if minute is None:
            end = asyncio.get_running_loop().call_later(SECONDS, self._end, minutes, sender)
            lines = LINES_OF_KNOWN if line["principal"] else LINES_OF_STRANGERS
            minute = minutes[sender] = _Minute(end, lines, address, principal, since=line["time"])
        if minute.lines_left:
            minute.lines_left -= 1
            self._write(line)
        else:
            minute.counted[line["outcome"]] += 1

    def close(self) -> None:
        """Tell what was counted so far."""
        for minutes in (self._known, self._strangers):
            for sender, minute in list(minutes.items()):
                minute.end.cancel()
                self._end(minutes, sender)

    def _end(self, minutes: dict[_Key, _Minute], sender: _Key) -> None:
        minute = minutes.pop(sender)
        if minute.counted:
            more = {"since": minute.since, "address": minute.address, "principal": minute.principal}
            self._write({"time": now(), **more, "more": dict(minute.counted)})
