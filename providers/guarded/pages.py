"""Pages and counts of the runs that may be seen: of what the provider lists, the others are passed over."""

from .. import records, usage
from ..base import MetadataProvider, Position, RunPage, RunPageKey, RunsKey
from ..errors import CorruptMetadata, GatewayError, LimitExceeded
from .permissions import Permissions
from .sight import Sight

_MOST_LOOKED_AT = 100_000  # runs that a page may have to be looked for among
# Runs that are asked for at once, at most, and how many times more at each further time. A service is asked for those
# of each of its flows anew each time.
_LARGEST, _GROWTH = 4_000, 8
_MOST_TAGS = 50  # of which a provider is asked for any

_TOO_MANY = "Too many runs would have to be looked at for those that you may see: ask for those of one flow or tag."

_Entry = tuple[Position, records.Run]


class Pages:
    """Of a provider's runs."""

    def __init__(self, provider: MetadataProvider, sight: Sight) -> None:
        self._provider = provider
        self._sight = sight

    async def pages(self, keys: list[RunPageKey]) -> list[RunPage | GatewayError]:
        found = await self._found([_Search(self._sight, key, key.limit + 1) for key in keys])
        return [of if isinstance(of, GatewayError) else of.page for of in found]

    async def counts(self, keys: list[RunsKey]) -> list[int | GatewayError | None]:
        """None where the provider can't count, or where too many would have to be looked at."""
        possible = await self._provider.run_counts(keys)
        searches = [_Search(self._sight, RunPageKey(key, _LARGEST), None) for key in keys]
        counted = iter(
            await self._found([one for one, count in zip(searches, possible, strict=True) if isinstance(count, int)])
        )
        found = [next(counted) if isinstance(count, int) else count for count in possible]
        return [of.count if isinstance(of, _Search) else None if isinstance(of, LimitExceeded) else of for of in found]

    async def any(self, keys: list[RunsKey]) -> list[bool | GatewayError]:
        """Whether there are any."""
        found = await self._found([_Search(self._sight, RunPageKey(key, 1), 1) for key in keys])
        return [of if isinstance(of, GatewayError) else of.count > 0 for of in found]

    async def first(self, runs: RunsKey) -> tuple[Position, bool] | None:
        """The oldest one, and whether there are older ones that may not be seen; None without any."""
        (oldest,) = await self._found([_Search(self._sight, RunPageKey(runs, 1, backward=True), 1)])
        if isinstance(oldest, GatewayError):
            raise oldest
        if not oldest.entries:
            return None
        place, _ = oldest.entries[0]
        (older,) = await self._provider.run_pages([RunPageKey(runs, 1, after=place)])
        return place, isinstance(older, GatewayError) or bool(older.places)

    async def _found(self, searches: "list[_Search]") -> "list[_Search | GatewayError]":
        """Each of them once it has come to its end; those that go on ask the provider together."""
        waiting = searches
        while waiting:
            usage.current.get().go_on()
            found = await self._provider.run_pages([search.key for search in waiting])
            for search, page in zip(waiting, found, strict=True):
                search.take(page)
            waiting = [search for search in waiting if not search.over]
        return [search.error or search for search in searches]


class _Search:
    """For so many runs as are enough (None: all, which are counted), in growing parts; `key` asks for the next."""

    def __init__(self, sight: Sight, key: RunPageKey, enough: int | None) -> None:
        self.entries: list[_Entry] = []
        self.count = 0
        self.over = False
        self.error: GatewayError | None = None
        self.key = _narrowed(key, sight.scope.tags)._replace(limit=min(enough or _LARGEST, _LARGEST))
        self._sight = sight
        self._asked = key
        self._enough = enough
        self._more = False
        self._looked_at = 0

    @property
    def page(self) -> RunPage:
        limit, backward = self._asked.limit, self._asked.backward
        kept = self.entries[-limit:] if backward and limit else self.entries[:limit]
        more = self._more or len(self.entries) > limit
        return RunPage([run for _, run in kept], more, tuple(place for place, _ in kept))

    def take(self, found: RunPage | GatewayError) -> None:
        if isinstance(found, GatewayError):
            self._fail(_unnamed(found, self._asked.runs))
            return
        seen = [entry for entry in zip(found.places, found.runs, strict=True) if self._may_be_seen(entry[1])]
        self._keep([(place, run) for place, run in seen if isinstance(run, records.Run)])
        self._looked_at += len(found.runs)
        try:
            usage.current.get().find(len(found.runs) - len(seen))  # those that are kept count where they are given
        except LimitExceeded as error:
            self._fail(error)
            return
        full = self._enough is not None and self.count >= self._enough
        # Whoever wants some statuses reads on anyway, and what is there may do.
        early = self._asked.statuses is not None and self.count > 0 and found.more
        self.over = full or early or not found.more or not found.places
        self._more = early and not full
        if not self.over and self._looked_at >= _MOST_LOOKED_AT:
            self._fail(LimitExceeded(_TOO_MANY))
        if not self.over:
            self._go_on(found.places)

    def _keep(self, entries: list[_Entry]) -> None:
        self.count += len(entries)
        if self._enough is not None:
            self.entries = entries + self.entries if self._asked.backward else self.entries + entries

    def _go_on(self, places: tuple[Position, ...]) -> None:
        more = min(_GROWTH * max(self.key.limit, 10), _LARGEST, _MOST_LOOKED_AT - self._looked_at)
        key = self.key._replace(limit=more)
        self.key = key._replace(before=places[0]) if self._asked.backward else key._replace(after=places[-1])

    def _may_be_seen(self, found: records.Run | GatewayError) -> bool:
        return isinstance(self._sight.judged(found), Permissions)

    def _fail(self, error: GatewayError) -> None:
        self.error, self.over = error, True


def _narrowed(key: RunPageKey, tags: frozenset[str] | None) -> RunPageKey:
    """A listing of fewer runs that has all that may be seen. It may have others: people give tags like these too."""
    wanted = key.runs.filter
    if tags is None or len(tags) > _MOST_TAGS:
        return key
    if len(tags) == 1:
        wanted = wanted._replace(tags=wanted.tags | tags)
    elif wanted.any_tags is None:
        wanted = wanted._replace(any_tags=tags)
    return key._replace(runs=key.runs._replace(filter=wanted))


def _unnamed(error: GatewayError, runs: RunsKey) -> GatewayError:
    """The error of a listing, without the names of flows that nobody asked for."""
    if runs.filter.flows is not None or error.code == GatewayError.code:
        return error
    if isinstance(error, LimitExceeded):
        return LimitExceeded(_TOO_MANY)
    return CorruptMetadata("A listing of runs can't be read.") if isinstance(error, CorruptMetadata) else error
