"""Changing the tags of a run: one change of a run at a time, so that ours do not conflict with each other."""

import asyncio
import random
from weakref import WeakValueDictionary

import msgspec

from ..errors import NotFound, ReadOnlyProvider, SystemTag, TagConflict
from ..memory import Lately
from .client import NoRoute, Refused
from .routes import Routes

_PROBE = "-/0"  # a run that can't be
_TRIES = 10
_PAUSE, _LONGEST_PAUSE = 0.025, 1.0  # s; doubling from try to try
_KNOWN_SECONDS = 60.0


class Tags:
    """The tags of a service's runs; what they may be is checked before, for the service takes anything."""

    def __init__(self, provider: str, routes: Routes) -> None:
        self._provider = provider
        self._routes = routes
        self._known = Lately(_KNOWN_SECONDS, 1)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def mutate(self, run: str, add: frozenset[str], remove: frozenset[str]) -> list[str]:
        """Remove, then add, in one step; the run's own tags as they are then. Raises the TaggingErrors and NotFound."""
        turn = self._turns.setdefault(run, asyncio.Lock())
        body = msgspec.json.encode({"tags_to_add": sorted(add), "tags_to_remove": sorted(remove)})
        async with turn:
            for attempt in range(_TRIES):
                if attempt:
                    # Others met the same conflict, and try again, too.
                    await asyncio.sleep(random.uniform(0, min(_LONGEST_PAUSE, _PAUSE * 2**attempt)))
                try:
                    if (changed := await self._routes.mutate_tags(run, body)) is None:
                        raise NotFound(f"There is no run {run}.")
                    return changed.tags
                except NoRoute as error:
                    raise self._read_only() from error
                except Refused as refusal:
                    self._raise_unless_conflict(refusal, run)
        raise TagConflict(f"Others change the tags of {run} all the time; try again.")

    async def can_mutate(self) -> bool:
        """Whether this release changes tags: that of a run that can't be, it answers with 404 as JSON.

        An answer is kept for a minute.
        """
        turn = self._turns.setdefault(_PROBE, asyncio.Lock())
        async with turn:
            known: tuple[bool] | None = self._known.get(_PROBE)
            if known is None:
                known = (await self._answers_mutations(),)
                self._known.put(_PROBE, known)
        return known[0]

    async def _answers_mutations(self) -> bool:
        try:
            await self._routes.mutate_tags(_PROBE, b"{}")
        except (NoRoute, Refused):
            return False
        return True

    def _raise_unless_conflict(self, refusal: Refused, run: str) -> None:
        if refusal.status == 422:
            raise SystemTag(f"System tags of {run} can't be removed.") from refusal
        if refusal.status == 405:
            raise self._read_only() from refusal
        if refusal.status != 409:
            raise refusal

    def _read_only(self) -> ReadOnlyProvider:
        return ReadOnlyProvider(f"The metadata provider {self._provider} does not change tags.")
