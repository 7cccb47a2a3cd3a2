"""Pages of runs: of a flow, and merged of many, newest first."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic
from typing import NamedTuple

from .. import usage
from ..base import Position, RunPage, RunPageKey
from ..errors import CorruptMetadata, GatewayError, LimitExceeded
from ..memory import Lately
from ..pathspec import is_component
from ..records import Run
from . import rows, run_queries
from .client import Crashed, Failed, Reply
from .routes import Routes
from .run_lists import RunList, place

_MOST_WALKED = 100_000  # runs that a page may have to be looked for among
_OF_EACH = 50  # runs that are asked for of each of many flows
_AT_ONCE = 250  # rows of a list that are looked at while others wait

Placed = tuple[Position, rows.RunPlace]


class Source(NamedTuple):
    """Where runs are listed from, and what is made of their rows.

    `lists`: RunLists of older releases, which have no pages, shared for some seconds. `spoilt`: flows whose runs'
    status can't be told. `ends_as_usual`: whether the last step of a run is called `end`, without which the service
    can't tell that it has completed; `usual`: flows of which that is known.
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
        self._passes = run_queries.condition(key)
        self._status = run_queries.status(key)
        self._cursor = run_queries.first_cursor(key)
        self._oldest = run_queries.oldest(key)
        self._unsettled: list[Placed] = []
        self._ready: deque[Placed] = deque()
        self._walked = 0
        self._over = False

    @property
    def known(self) -> bool:
        """Whether it is known which one is the newest."""
        return bool(self._ready) or self._over

    async def newest(self) -> Placed | None:
        """The newest that was not taken yet."""
        while not self.known:
            await self._fetch()
        return self._ready[0] if self._ready else None

    def take(self) -> None:
        taken, _ = self._ready.popleft()
        # A service may give all at once in the middle of its pages: what was taken does not come again.
        self._key = self._key._replace(after=taken)

    async def _fetch(self) -> None:
        whole: RunList | None = self._source.lists.get(self._flow)
        if whole is None:
            asked = monotonic()
            found = await self._page()
            if found.paged:
                await self._go_on(found)
                return
            whole = found.content
            self._source.lists.put(self._flow, whole, asked, size=whole.size)
        self._unsettled.clear()
        self._ready.extend(await self._of_whole(whole))
        self._over = True

    async def _page(self) -> Reply[RunList]:
        """The next page, or all."""
        if self._source.routes.run_pages is False:
            # Whichever pages are asked for at the same time, one question brings them all.
            found = await self._source.routes.runs(self._flow, run_queries.ANY)
            if not found.paged:
                return found
        query = self._conditions + run_queries.page(self._size, self._cursor)
        # Whoever reads on may have to read much.
        self._size = min(4 * self._size, run_queries.MOST)
        return await self._filtered(query)

    async def _of_whole(self, found: RunList) -> list[Placed]:
        """Of a list of all, as many as a page can take of one flow: its own, and one that tells of others."""
        key, wanted = self._key, self._key.runs.filter
        among = found.between(key.before, key.after, (wanted.created_from_ms, wanted.created_before_ms))
        taken: list[Placed] = []
        for count, at in enumerate(among if key.backward else reversed(among), 1):
            taken += self._placed([found[at]])
            if len(taken) > key.limit:
                break
            if not count % _AT_ONCE:
                await asyncio.sleep(0)
                usage.current.get().go_on()
        return taken[::-1] if key.backward else taken

    async def _go_on(self, found: Reply[RunList]) -> None:
        # Releases without filters go on beyond the oldest that may be wanted.
        last = found.content[0].ts_epoch if found.content else self._oldest - 1
        self._cursor, self._over = found.next_cursor, found.next_cursor is None or last < self._oldest
        self._walked += len(found.content)
        if self._walked > _MOST_WALKED:
            raise LimitExceeded(f"Too many runs of {self._flow} would have to be looked at: ask for newer ones.")
        self._unsettled += self._placed(await self._of_status(found))
        # Runs of one millisecond are ordered by numbers that the service does not tell: they are known once all are.
        settled = None if self._over else 1000 * (last + 1)
        self._unsettled.sort(key=_place)
        while self._unsettled and (settled is None or self._unsettled[-1][0].microseconds >= settled):
            self._ready.append(self._unsettled.pop())

    def _placed(self, found: Iterable[rows.RunPlace]) -> list[Placed]:
        """Those that belong to the listing, within its bounds."""
        placed = ((place(row), row) for row in found)
        return [one for one in placed if self._within(one[0]) and _is_run(one[1]) and self._passes(one[1])]

    async def _filtered(self, query: run_queries.Query) -> Reply[RunList]:
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

    async def _of_status(self, found: Reply[RunList]) -> list[rows.RunPlace]:
        """Where those that have completed are wanted, these, if the service tells which they are; else all."""
        told = found.content.newest_first()
        newest = next((row for row in told if isinstance(row, rows.RunRow)), None)
        if self._status != run_queries.COMPLETED or newest is None or newest.status is None:
            return told
        usual = self._source.usual
        if self._flow not in usual:
            completed = newest.status == run_queries.COMPLETED
            usual[self._flow] = completed or await self._source.ends_as_usual(rows.run_of(newest))
        if usual[self._flow]:
            return [row for row in told if not isinstance(row, rows.RunRow) or row.status == run_queries.COMPLETED]
        self._status = None
        return told

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
    found: deque[Placed] = deque(maxlen=key.limit + 1)
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
    more = cut or len(found) > key.limit
    if len(found) > key.limit:
        # The one too many is the farthest in the direction of the page.
        _ = found.popleft() if key.backward else found.pop()
    return RunPage([_entry(source, *one) for one in found], more, tuple(map(_place, found)))


def _entry(source: Source, place: Position, row: rows.RunPlace) -> Run | GatewayError:
    """The run, or why it can't be read."""
    if isinstance(row, rows.RunRow):
        return source.made(row)
    which = f"{place.flow}/{place.run_id}" if is_component(place.run_id) else f"a run of {place.flow}"
    return CorruptMetadata(f"The metadata service's row of {which} can't be read: it has not the form of a run.")


def _is_run(row: rows.RunPlace) -> bool:
    """Whether it can be one of Metaflow's: its id is a part of a pathspec, unless that can't be read."""
    return is_component(str(row.run_number)) or not isinstance(row, rows.RunRow)


def _place(one: Placed) -> Position:
    return one[0]
