"""Pages of runs: of a flow, and merged of many, newest first."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import NamedTuple

from .. import run_filters
from ..base import Position, RunPage, RunPageKey
from ..errors import LimitExceeded
from ..memory import Lately
from ..pathspec import is_component
from ..records import Run
from . import rows, run_queries
from .client import Crashed, Failed, Reply
from .routes import Routes

_MOST_WALKED = 100_000  # runs that a page may have to be looked for among
_OF_EACH = 50  # runs that are asked for of each of many flows

Rows = list[rows.RunRow]


class Source(NamedTuple):
    """Where runs are listed from, and what is made of their rows.

    `lists`: of older releases, which have no pages, shared for some seconds. `spoilt`: flows whose runs' status can't
    be told. `ends_as_usual`: whether the last step of a run is called `end`, without which the service can't tell that
    it has completed; `usual`: flows of which that is known.
    """

    routes: Routes
    lists: Lately
    spoilt: Lately
    made: Callable[[rows.RunRow], Run]
    ends_as_usual: Callable[[str], Awaitable[bool]]
    usual: dict[str, bool]


class FlowRuns:
    """The runs of a flow that a page may take, the newest first, fetched as they are asked for."""

    def __init__(self, source: Source, flow: str, key: RunPageKey, size: int) -> None:
        self._source = source
        self._flow = flow
        self._key = key
        self._size = size
        self._conditions = run_queries.conditions(key)
        self._status = run_queries.status(key)
        self._cursor = run_queries.first_cursor(key)
        self._oldest = run_queries.oldest(key)
        self._unsettled: list[tuple[Position, Run]] = []
        self._ready: deque[tuple[Position, Run]] = deque()
        self._walked = 0
        self._over = False

    @property
    def known(self) -> bool:
        """Whether it is known which one is the newest."""
        return bool(self._ready) or self._over

    async def newest(self) -> tuple[Position, Run] | None:
        """The newest that was not taken yet."""
        while not self.known:
            await self._fetch()
        return self._ready[0] if self._ready else None

    def take(self) -> None:
        _ = self._ready.popleft()

    async def _fetch(self) -> None:
        found = await self._page()
        # Releases without filters go on beyond the oldest that may be wanted.
        last = found.content[-1].ts_epoch if found.content else self._oldest - 1
        self._cursor, self._over = found.next_cursor, found.next_cursor is None or last < self._oldest
        self._walked += len(found.content)
        if self._walked > _MOST_WALKED:
            raise LimitExceeded(f"Too many runs of {self._flow} would have to be looked at: ask for newer ones.")
        for row in await self._of_status(found):
            place = _position(row)
            if is_component(place.run_id) and self._within(place):
                run = self._source.made(row)
                if run_filters.passes(run, self._key.runs):
                    self._unsettled.append((place, run))
        # Runs of one millisecond are ordered by numbers that the service does not tell: they are known once all are.
        settled = None if self._over else 1000 * (last + 1)
        self._unsettled.sort(key=_place)
        while self._unsettled and (settled is None or self._unsettled[-1][0].microseconds >= settled):
            self._ready.append(self._unsettled.pop())

    async def _page(self) -> Reply[Rows]:
        known = self._source.lists.get(self._flow)
        if known is not None:
            return Reply(known, paged=False, next_cursor=None)
        query = self._conditions + run_queries.page(self._size, self._cursor)
        # Whoever reads on may have to read much.
        self._size = min(4 * self._size, run_queries.MOST)
        asked = monotonic()
        found = await self._filtered(query)
        if not found.paged:
            self._source.lists.put(self._flow, found.content, asked)
        return found

    async def _filtered(self, query: run_queries.Query) -> Reply[Rows]:
        """The page, filtered by status where the service can do that."""
        status, asked = self._status, self._source.routes.runs
        if status == run_queries.COMPLETED and not self._source.usual.get(self._flow):
            status = run_queries.EVERY
        if status is None or self._source.spoilt.get(self._flow):
            return await asked(self._flow, query)
        try:
            return await asked(self._flow, (("status", status), *query))
        except (Crashed, Failed):
            # One outcome that is no boolean, of whichever run, spoils every list that tells the status.
            found = await asked(self._flow, query)
            self._source.spoilt.put(self._flow, answer=True)
            return found

    async def _of_status(self, found: Reply[Rows]) -> Rows:
        """Where those that have completed are wanted, these, if the service tells which they are; else all."""
        if self._status != run_queries.COMPLETED or not found.content or found.content[0].status is None:
            return found.content
        newest, usual = found.content[0], self._source.usual
        if self._flow not in usual:
            told = newest.status == run_queries.COMPLETED
            usual[self._flow] = told or await self._source.ends_as_usual(rows.run_of(newest))
        if usual[self._flow]:
            return [row for row in found.content if row.status == run_queries.COMPLETED]
        self._status = None
        return found.content

    def _within(self, place: Position) -> bool:
        key = self._key
        between = (key.after is None or place < key.after) and (key.before is None or place > key.before)
        return between and place.run_id.startswith(key.runs.filter.run_id_prefix)


async def page_of(source: Source, flows: list[str], key: RunPageKey) -> RunPage:
    """A page of the runs of these flows; raises what one of them met, for what follows its runs would come too early.

    Where statuses are wanted, it may be shorter than asked for, if more would take another request.
    """
    # One more tells whether there are others, one that it is settled; the run that the page comes after is read again.
    size = key.limit + 2 + (key.after is not None)
    size = size if len(flows) == 1 else min(size, _OF_EACH)
    of_flows = [FlowRuns(source, flow, key, size) for flow in flows]
    heads = await asyncio.gather(*(of_flow.newest() for of_flow in of_flows))
    newest = {number: head for number, head in enumerate(heads) if head is not None}
    found: deque[tuple[Position, Run]] = deque(maxlen=key.limit + 1)
    cut = False
    while newest and not cut:
        number = max(newest, key=lambda number: newest[number][0])
        found.append(newest.pop(number))
        of_flows[number].take()
        if not key.backward and len(found) > key.limit:
            break
        cut = key.statuses is not None and not key.backward and not of_flows[number].known
        if not cut and (head := await of_flows[number].newest()) is not None:
            newest[number] = head
    if len(found) <= key.limit:
        return RunPage([run for _, run in found], cut, tuple(place for place, _ in found))
    # The one too many is the farthest in the direction of the page.
    _ = found.popleft() if key.backward else found.pop()
    return RunPage([run for _, run in found], True, tuple(place for place, _ in found))


def _position(row: rows.RunRow) -> Position:
    return Position(1000 * row.ts_epoch, row.flow_id, str(row.run_number))


def _place(one: tuple[Position, Run]) -> Position:
    return one[0]
