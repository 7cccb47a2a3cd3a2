"""Runs in a datastore: their places by their ids, their records, and pages of them.

Metaflow makes ids of the microseconds at the start of a run, unless a metadata service counts runs, or an orchestrator
names them: when such began, the oldest of their objects tell. They come after all others, the larger id first.
"""

import asyncio
from collections.abc import Iterable

from .. import hierarchy, records, run_filters
from ..base import Key, Position, RunFilter, RunPage, RunPageKey, RunsKey
from ..errors import GatewayError
from ..natural import natural
from ..times import microseconds_of
from .listings import Listings

PARAMETERS = "_parameters"

_Order = tuple[int, str, tuple[str | int, ...]]


class Runs:
    """One operation's view of the runs. No run has tags, nor a user: only metadata know of them."""

    def __init__(self, provider: str, listings: Listings) -> None:
        self.provider = provider
        self._listings = listings

    async def run(self, key: Key) -> records.Run | None:
        """The run; None where nothing lies in its folder."""
        microseconds = _microseconds(key.pathspec)
        if microseconds and not await self._listings.steps(key.pathspec):
            return None
        return await self._record(key.pathspec)

    async def page(self, key: RunPageKey) -> RunPage:
        """A page of runs; no more of them are read than it takes."""
        places = [place for place in await self._places(key.runs) if _within(place, key)]
        if not key.backward:
            places.reverse()
        found: list[tuple[Position, records.Run | GatewayError]] = []
        while places and len(found) <= key.limit:
            some, places = places[: key.limit + 1], places[key.limit + 1 :]
            found += await self._passing(some, key.runs)
        more = len(found) > key.limit
        found = found[: key.limit]
        if key.backward:
            found.reverse()
        return RunPage([one for _, one in found], more, tuple(place for place, _ in found))

    async def count(self, key: RunsKey) -> int | None:
        """How many a listing has; None where some would have to be read to tell."""
        places = await self._places(key)
        if not run_filters.is_read_for(key):
            return len(places)
        if any(not place.microseconds for place in places):
            return None
        return len(await self._passing(places, key))

    async def created_at(self, flow: str) -> int | None:
        """When the first run of a flow was (ms since the epoch), if the ids of all tell."""
        times = [_microseconds(f"{flow}/{run_id}") for run_id in await self._listings.runs(flow)]
        return min(times) // 1000 if times and all(times) else None

    async def _places(self, key: RunsKey) -> list[Position]:
        """Where the runs stand that may pass the filter, oldest first."""
        wanted = key.filter
        if _wants_what_metadata_know(key.namespace, wanted):
            return []
        flows = await self._listings.flows() if wanted.flows is None else sorted(wanted.flows)
        found = await asyncio.gather(*(self._listings.runs(flow, wanted.run_id_prefix) for flow in flows))
        return sorted((_place(flow, run) for flow, ids in zip(flows, found, strict=True) for run in ids), key=_order)

    async def _passing(
        self, places: Iterable[Position], key: RunsKey
    ) -> list[tuple[Position, records.Run | GatewayError]]:
        entries = [(place, f"{place.flow}/{place.run_id}") for place in places]
        found = await asyncio.gather(*(self._entry(pathspec) for _, pathspec in entries))
        return [
            (place, one)
            for (place, _), one in zip(entries, found, strict=True)
            if one is not None and run_filters.passes(one, key)
        ]

    async def _entry(self, pathspec: str) -> records.Run | GatewayError | None:
        try:
            return await self._record(pathspec)
        except GatewayError as error:
            return error

    async def _record(self, pathspec: str) -> records.Run | None:
        """The run, where it is known to exist or its id tells no time."""
        microseconds = _microseconds(pathspec)
        began = microseconds // 1000 if microseconds else await self._first_trace(pathspec)
        if began is None:
            return None
        return hierarchy.run(
            self.provider,
            pathspec,
            ts_epoch=began,
            position=microseconds or began * 1000,
            user_name=None,
            tags=None,
            system_tags=None,
        )

    async def _first_trace(self, run: str) -> int | None:
        """When it began; None for a folder that holds no steps, which is no run's."""
        # Written before all else of a run, and few.
        parameters = await self._listings.began(f"{run}/{PARAMETERS}")
        if parameters is not None or not await self._listings.steps(run):
            return parameters
        return await self._listings.began(run)


def _wants_what_metadata_know(namespace: str | None, wanted: RunFilter) -> bool:
    return bool(namespace is not None or wanted.tags) or wanted.any_tags is not None or wanted.users is not None


def _microseconds(run: str) -> int:
    """Since the epoch, as the run's id tells; 0 where it does not."""
    return microseconds_of(run.rpartition("/")[2]) or 0


def _place(flow: str, run_id: str) -> Position:
    return Position(_microseconds(run_id), flow, run_id)


def _order(place: Position) -> _Order:
    return place.microseconds, place.flow, () if place.microseconds else natural(place.run_id)


def _within(place: Position, key: RunPageKey) -> bool:
    """Whether it is within the bounds; those may be of runs by the time of their traces, which is not their place."""
    after = key.after and _order(_place(key.after.flow, key.after.run_id))
    before = key.before and _order(_place(key.before.flow, key.before.run_id))
    own = _order(place)
    return (after is None or own < after) and (before is None or own > before)
