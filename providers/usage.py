"""What an operation costs upstream: counted where it is spent, shown in `extensions` on request, asserted in tests."""

from asyncio import CancelledError, Future
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Any

from .errors import Busy, GatewayError, LimitExceeded, TimedOut
from .room import Room, Share

_TOO_LARGE = "The values of this answer are too large together (valuesBytes in serverInfo.limits): ask for fewer."
_NO_ROOM = "The values of all answers that are under way take too much memory at the moment: try again."

# What is not there by the deadline.
TOO_LONG = "It was not there within the time that an operation may take (seconds in serverInfo.limits): ask for less."

_TOO_MANY_OBJECTS = "The answer has too many objects (answerObjects in serverInfo.limits): ask for shorter lists."
_TOO_MANY_FIELDS = (
    "The answer has too many fields (answerFields in serverInfo.limits): ask for fewer, or shorter lists."
)
_TOO_MANY = "This operation needs more requests than it may make (upstreamRequests in serverInfo.limits): ask for less."


@dataclass(slots=True, eq=False)
class Usage:
    """`calls`: batches that went to a provider, by method. `file_reads`: files that were opened for them.

    `requests`: requests that went upstream, by route; `requests_left`: how many more may; `deadline`: until when
    (time.monotonic()) they may last.
    `values_left`: bytes of memory that artifacts, logs, cards and files of code may still take; `share`: what they take
    of the room that there is for those of all operations.
    `objects`: of the answer, with what it holds of itself. `objects_left`, `fields_left`: how many more it may have;
    `found_left`: how many more objects may be looked for, which are found before they are made part of the answer, of
    thousands of lists at once.
    `logs_read`: bytes of logs that were read for pages of lines and for texts; `log_lines`: lines gone through.
    `asker`: whose turn it is, where others wait too; None: nobody's but its own.
    `over`: nobody waits for the answer any more. `work`: what is then to be cancelled.
    """

    calls: Counter[str] = field(default_factory=Counter[str])
    file_reads: int = 0
    requests: Counter[str] = field(default_factory=Counter[str])
    requests_left: float = inf
    deadline: float = inf
    values_left: float = inf
    share: Share = field(default_factory=lambda: Room().share(None))
    objects: int = 0
    objects_left: float = inf
    fields_left: float = inf
    found_left: float = inf
    logs_read: int = 0
    log_lines: int = 0
    asker: str | None = None
    over: bool = False
    work: set[Future[Any]] = field(default_factory=set[Future[Any]])

    @property
    def seconds_left(self) -> float | None:
        """Until the deadline; None where there is none."""
        return None if self.deadline == inf else self.deadline - monotonic()

    def answer(self, objects: int, fields: int) -> None:
        """Count objects of the answer, with so many fields each; LimitExceeded where those are too many, TimedOut
        where time is up."""
        self.objects += objects
        self.objects_left -= objects
        self.fields_left -= objects * fields
        if self.objects_left < 0:
            raise LimitExceeded(_TOO_MANY_OBJECTS)
        if self.fields_left < 0:
            raise LimitExceeded(_TOO_MANY_FIELDS)
        if monotonic() > self.deadline:
            raise TimedOut(TOO_LONG)

    def find(self, objects: int) -> None:
        """Count objects that are looked for; raises LimitExceeded where they are too many."""
        self.found_left -= objects
        if self.found_left < 0:
            raise LimitExceeded(_TOO_MANY_OBJECTS)

    def full(self) -> GatewayError | None:
        """Why there is no room for a value; None where there is."""
        if self.values_left <= 0:
            return LimitExceeded(_TOO_LARGE)
        return Busy(_NO_ROOM) if self.share.is_full else None

    def hold(self, size: int) -> None:
        """Count a value of so many bytes."""
        self.values_left -= size
        self.share.take(size)

    def spend(self, size: int) -> None:
        """The same, if there is room for it; raises what `full` says."""
        if full := self.full():
            raise full
        self.hold(size)

    def take_request(self) -> None:
        """Count a request upstream, before it is made; raises LimitExceeded where no more may be made."""
        if self.requests_left < 1:
            raise LimitExceeded(_TOO_MANY)
        self.requests_left -= 1

    def end(self) -> None:
        """Nobody waits for the answer any more: what is still under way for it is cancelled."""
        self.over = True
        for future in list(self.work):
            future.cancel()

    def go_on(self) -> None:
        """Raises CancelledError once the operation is over: loaders' batches outlive who asked for them."""
        if self.over:
            raise CancelledError


# Threads that read for an operation run in a copy of its context, hence see the same object.
current: ContextVar[Usage] = ContextVar("usage", default=Usage())  # noqa: B039 - nobody reads the default's counts
