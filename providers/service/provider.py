"""The metadata provider over a metadata service: each batch in as few requests as it takes."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from .. import attempts, records
from ..base import Activity, Datastore, FlowKey, Key, RunFilter, RunPage, RunPageKey, RunsKey
from ..batches import each
from ..checks import ask_for_no_run
from ..errors import GatewayError, NotFound, ProviderError
from ..memory import Lately, Memory
from ..pathspec import is_component, parent, run_of
from ..times import latest_trace
from . import rows
from .artifacts import Artifacts
from .bulk import FEW, Bulk, events_of
from .client import Client, NoRoute, Refused
from .hierarchy import Hierarchy
from .listings import Source, page_of
from .routes import Routes, possible
from .tags import Tags

K = TypeVar("K")
R = TypeVar("R")

_LISTS_SECONDS, _MOST_LISTS = 5.0, 100
_LARGE_SECONDS, _MOST_LARGE = 3600.0, 100_000
_SPOILT_SECONDS = 600.0
# Metaflow's own scheduler sends heartbeats wherever the service takes them; what others start may have none.
_LOCAL_SCHEDULER = "runtime:dev"
# A run that sends heartbeats does so from its start on, each ten seconds; many have but the time of their creation.
_FIRST_BEAT_MS = 5_000


class Known(NamedTuple):
    """What is remembered from one operation to the next: lists of runs, what is large, flows that tell no status."""

    lists: Lately
    large: Lately
    spoilt: Lately


class ServiceProvider:
    """A metadata service. What one operation asks it, `for_operation` remembers; this asks everything anew."""

    type = "service"

    def __init__(self, name: str, client: Client, datastore: Datastore) -> None:
        self.name = name
        self.info = client.url
        self.datastore = datastore
        self._client = client
        self._routes = Routes(client)
        self._tags = Tags(name, self._routes)
        self._known = Known(
            lists=Lately(_LISTS_SECONDS, _MOST_LISTS),
            large=Lately(_LARGE_SECONDS, _MOST_LARGE),
            spoilt=Lately(_SPOILT_SECONDS, _MOST_LARGE),
        )

    def for_operation(self, *, of_records: bool = False) -> "ServiceOperation":
        return ServiceOperation(self, self._routes, self._known, of_records)

    async def check(self) -> None:
        await ask_for_no_run(self)

    async def can_mutate_tags(self) -> bool:
        """As the service answers to a mutation of nothing; an answer is kept for a minute."""
        return await self._tags.can_mutate()

    async def mutate_tags(self, run: Key, add: frozenset[str], remove: frozenset[str]) -> records.Run:
        try:
            found = await self._routes.run(run.pathspec)
            if found is None:
                raise NotFound(f"There is no run {run.pathspec}.")
            # To ask for it afterwards might be answered with what it was when others asked.
            changed = msgspec.structs.replace(found, tags=await self._tags.mutate(rows.run_of(found), add, remove))
        except (NoRoute, Refused) as error:
            raise _told(error) from error
        self._known.lists.forget(found.flow_id)
        return rows.run_record(self.name, changed)

    async def close(self) -> None:
        await self._client.close()
        await self.datastore.close()


class ServiceOperation:
    """A service as one operation sees it: nothing is asked twice. Methods as of base.py:MetadataProvider."""

    def __init__(self, provider: ServiceProvider, routes: Routes, known: Known, of_records: bool) -> None:
        self.name, self.datastore = provider.name, provider.datastore
        self._routes = routes
        self._memory = memory = Memory()
        self._bulk = bulk = Bulk(routes, memory, known.large)
        self._hierarchy = Hierarchy(self.name, routes, memory, bulk, self._any_in, of_records)
        self._artifacts = Artifacts(self.name, routes, memory, bulk)
        self._source = Source(routes, known.lists, known.spoilt, self._made, self._ends_as_usual, {})

    async def flows(self, keys: list[FlowKey]) -> list[records.Flow | GatewayError | None]:
        return await _each("flows", self._hierarchy.flow, keys)

    async def flows_in(self, keys: list[FlowKey]) -> list[list[records.Flow | GatewayError] | GatewayError]:
        return await _each("flows_in", self._hierarchy.flows_in, keys)

    async def run_pages(self, keys: list[RunPageKey]) -> list[RunPage | GatewayError]:
        return await _each("run_pages", self._run_page, keys)

    async def run_counts(self, keys: list[RunsKey]) -> list[int | GatewayError | None]:
        """None: a service does not count."""
        return [None for _ in keys]

    async def runs(self, keys: list[Key]) -> list[records.Run | GatewayError | None]:
        return await _each("runs", self._run, keys)

    async def steps(self, keys: list[Key]) -> list[records.Step | GatewayError | None]:
        wanted = _below(keys)
        return await _each(
            "steps", lambda key: self._hierarchy.step(key.pathspec, wanted=wanted[parent(key.pathspec)]), keys
        )

    async def steps_of(self, runs: list[Key]) -> list[list[records.Step | GatewayError] | GatewayError]:
        return await _each("steps_of", lambda run: self._hierarchy.steps_of(run.pathspec), runs)

    async def tasks(self, keys: list[Key]) -> list[records.Task | GatewayError | None]:
        wanted = _of_runs(keys)
        return await _each("tasks", lambda key: self._hierarchy.task(key, wanted=wanted[run_of(key.pathspec)]), keys)

    async def tasks_of(self, steps: list[Key]) -> list[list[records.Task | GatewayError] | GatewayError]:
        wanted = _of_runs(steps)
        return await _each(
            "tasks_of",
            lambda step: self._hierarchy.tasks_of(step.pathspec, wanted=wanted[run_of(step.pathspec)]),
            steps,
        )

    async def created_at(self, keys: list[Key]) -> list[int | GatewayError | None]:
        wanted = _below(keys)
        return await _each(
            "created_at",
            lambda key: self._hierarchy.created_at(key.pathspec, wanted=wanted[parent(key.pathspec)]),
            keys,
        )

    async def metadata_of(self, tasks: list[Key]) -> list[list[records.Metadata | GatewayError] | GatewayError]:
        wanted = _of_runs(tasks)
        return await _each(
            "metadata_of", lambda task: self._events(task.pathspec, wanted[run_of(task.pathspec)]), tasks
        )

    async def attempts_of(self, tasks: list[Key]) -> list[list[records.Attempt] | GatewayError]:
        wanted = _of_runs(tasks)

        async def of_task(task: Key) -> list[records.Attempt]:
            events = await self._events(task.pathspec, wanted[run_of(task.pathspec)])
            return attempts.attempts(event for event in events if isinstance(event, records.Metadata))

        return await _each("attempts_of", of_task, tasks)

    async def artifacts(self, keys: list[Key]) -> list[records.DataArtifact | GatewayError | None]:
        wanted = _below(keys)
        await self._artifacts.prepare(list(wanted))
        return await _each(
            "artifacts", lambda key: self._artifacts.artifact(key, wanted=wanted[parent(key.pathspec)]), keys
        )

    async def artifacts_of(self, tasks: list[Key]) -> list[list[records.DataArtifact | GatewayError] | GatewayError]:
        await self._artifacts.prepare([task.pathspec for task in tasks])
        return await _each("artifacts_of", self._artifacts.artifacts_of, tasks)

    async def artifact_names_of(self, tasks: list[Key]) -> list[list[str] | GatewayError]:
        await self._artifacts.prepare([task.pathspec for task in tasks])
        return await _each("artifact_names_of", self._artifacts.names_of, tasks)

    async def last_activity(self, runs: list[Key]) -> list[Activity | GatewayError | None]:
        return await _each("last_activity", self._activity, runs)

    async def _run_page(self, key: RunPageKey) -> RunPage:
        wanted = key.runs.filter
        if frozenset() in (wanted.any_tags, wanted.users):
            return RunPage([], more=False, places=())
        flows = {row.flow_id for row in await self._hierarchy.flow_rows()} if wanted.flows is None else wanted.flows
        return await page_of(self._source, sorted(filter(is_component, flows)), key)

    async def _any_in(self, flow: str, namespace: str) -> bool:
        runs = RunsKey(self.name, namespace, RunFilter(flows=frozenset({flow})))
        return bool((await page_of(self._source, [flow], RunPageKey(runs, 1))).runs)

    async def _run(self, key: Key) -> records.Run | None:
        row = await self._run_row(key.pathspec)
        return row and self._made(row)

    async def _run_row(self, run: str) -> rows.RunRow | None:
        return await self._memory.once(("run", run), lambda: self._asked_run(run))

    async def _asked_run(self, run: str) -> rows.RunRow | None:
        if not possible(run):
            return None
        # Who asks for a run will ask for what is in it: at the same time, whether there are pages of that.
        row, _ = await asyncio.gather(self._routes.run(run), self._routes.has_pages())
        return row

    def _made(self, row: rows.RunRow) -> records.Run:
        """The record of a run; its row need not be asked for again."""
        pathspec = rows.run_of(row)
        self._memory.put(("run", pathspec), row)
        return rows.run_record(self.name, row)

    async def _events(self, task: str, wanted: int) -> list[records.Metadata | GatewayError]:
        """The events of a task, one of so many of its run that are wanted."""
        if wanted >= FEW or self._bulk.knows_metadata(run_of(task)):
            metadata = await self._bulk.metadata(run_of(task), wanted)
            if metadata and task in metadata.events:
                return [*metadata.events[task]]
        return await self._memory.once(("task metadata", task), lambda: self._of_task(task))

    async def _of_task(self, task: str) -> list[records.Metadata | GatewayError]:
        return [*events_of(await self._routes.metadata_of_task(task))]

    async def _activity(self, run: Key) -> Activity | None:
        """By its heartbeats and metadata; raises what keeps them from being read."""
        row = await self._run_row(run.pathspec)
        if row is None:
            return None
        beat = int(1000 * (row.last_heartbeat_ts or 0))
        traces = (row.ts_epoch, beat, await self._bulk.newest_event(run.pathspec) or 0)
        latest = latest_trace()
        at = max((trace for trace in traces if trace <= latest), default=row.ts_epoch)
        local = beat > 0 and _LOCAL_SCHEDULER in (row.system_tags or ())
        return Activity(at, beats=local or beat - row.ts_epoch > _FIRST_BEAT_MS)

    async def _ends_as_usual(self, run: str) -> bool:
        """Whether the last step is called `end`, as the run recorded it, or old versions of Metaflow have it."""
        metadata = await self._bulk.metadata(run, 1)
        if metadata is None:
            tasks = await self._bulk.tasks(f"{run}/_parameters")
            found = [await self._events(rows.task_of(task), 1) for task in tasks]
        else:
            found = metadata.events.values()
        recorded = {
            event.name: event.value for of_task in found for event in of_task if not isinstance(event, Exception)
        }
        # A run that was resumed does not record it: its steps may be called anything.
        resumed = recorded.get("origin-run-id") not in (None, "None")
        return recorded.get("end_step", None if resumed else "end") == "end"


async def _each(method: str, read: Callable[[K], Awaitable[R]], keys: Sequence[K]) -> list[R | GatewayError]:
    """What is read for each key, or what it met; all at once, for keys share questions."""

    async def told(key: K) -> R:
        try:
            return await read(key)
        except (NoRoute, Refused) as error:
            raise _told(error) from error

    return await each(method, told, keys, at_once=None)


def _told(error: NoRoute | Refused) -> ProviderError:
    if isinstance(error, NoRoute):
        return ProviderError("The metadata service has no such route: it is an old release, or its URL is not right.")
    return ProviderError("The metadata service refuses the gateway's question.")


def _below(keys: list[Key]) -> Counter[str]:
    """How many there are below each parent."""
    return Counter(parent(key.pathspec) for key in keys)


def _of_runs(keys: list[Key]) -> Counter[str]:
    """How many there are of each run."""
    return Counter(run_of(key.pathspec) for key in keys)
